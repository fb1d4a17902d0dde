"""What the routes read of the history: rows, and how fresh they are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.domain.vocabulary import Kind
from monitor.core.history.rows import ModelRow
from monitor.errors import UsageError
from monitor.report.words.codes import shown_id
from monitor.store.query import current_models, last_conclusive_at, providers
from monitor.web.context import Site

_LONGEST_ECHO = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old the knowledge of one provider is (rules.md 34, 35)."""

    provider: str
    is_watched: bool
    is_stale: bool
    last_conclusive_at: datetime | None


def known_providers(site: Site) -> list[str]:
    """Return the providers that are watched or have a history, by name."""
    return sorted({*site.watched, *providers(site.engine)})


def freshness(site: Site, names: Iterable[str]) -> list[Freshness]:
    """Return how fresh the knowledge of each provider is."""
    return [_freshness(site, name) for name in names]


def models_of(site: Site, names: Collection[str]) -> list[ModelRow]:
    """Return the models of these providers, by provider and id."""
    only = next(iter(names)) if len(names) == 1 else None
    rows = [row for row in current_models(site.engine, provider=only) if row.provider in names]
    return sorted(rows, key=lambda row: (row.provider, row.model))


def chosen_providers(site: Site, asked: Sequence[str]) -> list[str]:
    """Return the providers asked for, all where none is named. Raises UsageError for an unknown one."""
    known = known_providers(site)
    _refuse_unknown("provider", asked, known)
    return [name for name in known if not asked or name in asked]


def chosen_kinds(rows: Sequence[ModelRow], asked: Sequence[str]) -> frozenset[str]:
    """Return the kinds asked for, all where none is named. Raises UsageError for an unknown one."""
    known = {*Kind, *(row.kind for row in rows)}
    _refuse_unknown("kind", asked, known)
    return frozenset(asked or known)


def _refuse_unknown(name: str, asked: Sequence[str], known: Iterable[str]) -> None:
    names = sorted(known)
    for value in asked:
        if value not in names:
            shown = shown_id(value[:_LONGEST_ECHO])
            choices = ", ".join(shown_id(choice) for choice in names) or "none yet"
            raise UsageError(f"{name}: there is no '{shown}'; known: {choices}")


def _freshness(site: Site, name: str) -> Freshness:
    at = last_conclusive_at(site.engine, name)
    return Freshness(
        provider=name,
        is_watched=name in site.watched,
        is_stale=site.is_stale(name, at),
        last_conclusive_at=at,
    )
