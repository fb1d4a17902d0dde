"""Reads that several routes share: model rows, and how fresh they are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.domain.vocabulary import Kind
from monitor.core.history.rows import ModelRow
from monitor.errors import UsageError
from monitor.report.words.codes import shown_id
from monitor.store.query import current_models, last_conclusive_at, providers
from monitor.web.context import WebContext

_LONGEST_ECHO = 100  # characters; a parameter may have thousands


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old the knowledge of one provider is (rules.md 34, 35)."""

    provider: str
    is_watched: bool
    is_stale: bool
    last_conclusive_at: datetime | None


def known_providers(context: WebContext) -> list[str]:
    """Return the providers that are watched or have a history, by name."""
    return sorted({*context.watched, *providers(context.engine)})


def freshness(context: WebContext, names: Iterable[str]) -> list[Freshness]:
    """Return how fresh the knowledge of each provider is."""
    last = {name: last_conclusive_at(context.engine, name) for name in names}
    return [
        Freshness(
            provider=name,
            is_watched=name in context.watched,
            is_stale=context.is_stale(name, at),
            last_conclusive_at=at,
        )
        for name, at in last.items()
    ]


def models_of(context: WebContext, names: Collection[str]) -> list[ModelRow]:
    """Return the models of these providers, by provider and id."""
    only = next(iter(names)) if len(names) == 1 else None
    rows = [row for row in current_models(context.engine, provider=only) if row.provider in names]
    return sorted(rows, key=lambda row: (row.provider, row.model))


def chosen_providers(context: WebContext, wanted: Sequence[str]) -> list[str]:
    """Return the providers asked for, all where none is named. Raises UsageError for an unknown one."""
    names = known_providers(context)
    _refuse_unknown("provider", wanted, names)
    return [name for name in names if not wanted or name in wanted]


def chosen_kinds(rows: Sequence[ModelRow], wanted: Sequence[str]) -> frozenset[str]:
    """Return the kinds asked for, all where none is named. Raises UsageError for an unknown one."""
    names = {*Kind, *(row.kind for row in rows)}
    _refuse_unknown("kind", wanted, names)
    return frozenset(wanted or names)


def _refuse_unknown(name: str, wanted: Sequence[str], names: Iterable[str]) -> None:
    names = sorted(names)
    for value in wanted:
        if value not in names:
            shown = shown_id(value[:_LONGEST_ECHO])
            choices = ", ".join(shown_id(choice) for choice in names) or "none yet"
            raise UsageError(f"{name}: there is no '{shown}'; known: {choices}")
