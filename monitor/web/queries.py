"""Reads that several routes share: model rows, and how fresh they are."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fastapi import HTTPException

from monitor.core.domain.names import meant_words
from monitor.core.domain.patterns import nearest
from monitor.core.domain.vocabulary import Kind
from monitor.core.history.model_names import Key, models_named, nearest_names, qualified
from monitor.core.history.rows import ModelRow, ModelStory
from monitor.core.history.selection import Selection
from monitor.errors import UsageError
from monitor.report.words.codes import shown_id
from monitor.store.query import current_models, last_conclusive_at, model_story, providers
from monitor.store.query.changes import standing_of
from monitor.web.context import WebContext

_AGE_STEP_S = 10  # ages in words need not be truer
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


def shown_state(context: WebContext, *, has_ages: bool = True) -> object:
    """Return what differs whenever a page about what is known now may: read for each request.

    Where the page says how long ago things were (`has_ages`), it is another every 10 seconds, too.
    """
    now = context.now()
    return (
        standing_of(context.engine),
        [(fresh.provider, fresh.is_stale) for fresh in freshness(context, known_providers(context))],
        context.windows_at(now),
        context.notices(),
        now.replace(second=now.second // _AGE_STEP_S * _AGE_STEP_S, microsecond=0) if has_ages else None,
    )


def freshness(context: WebContext, names: Iterable[str], rows: Iterable[ModelRow] = ()) -> list[Freshness]:
    """Return how fresh the knowledge of each provider is, and of those that the rows are of, by name."""
    names = sorted({*names, *(row.provider for row in rows)})  # a named model may be of one that left
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


def selected_models(context: WebContext, selection: Selection, names: Sequence[str] = ()) -> list[ModelRow]:
    """Return the models of the selection by provider and id, or of it those that are named.

    Raises HTTPException for a name that no model has, and UsageError for one that several have.
    """
    only = next(iter(selection.providers)) if len(selection.providers) == 1 else None
    rows = {(row.provider, row.model): row for row in current_models(context.engine, provider=only)}
    keys = {_key_of(name, rows, selection) for name in names}
    return [rows[key] for key in sorted(rows) if (key in keys if names else selection.covers(*key))]


def _key_of(name: str, keys: Collection[Key], selection: Selection) -> Key:
    meant = models_named(name, keys, selection)
    if not meant:
        words = meant_words([*map(shown_id, nearest_names(name, keys, selection))])
        words = (
            f"there is no model '{_echoed(name)}' in the history{words or '; /api/v1/models lists the ids'}"
        )
        raise HTTPException(HTTPStatus.NOT_FOUND, words)
    if len(meant) > 1:
        forms = " or ".join(shown_id(qualified(key)) for key in meant)
        raise UsageError(f"model: several providers have '{_echoed(name)}'; write {forms}")
    return meant[0]


def model_story_of(context: WebContext, provider: str, model: str) -> ModelStory:
    """Return what is shown of one model. Raises HTTPException for an unknown one, naming the nearest."""
    story = model_story(context.engine, provider, model)
    if story is None:
        own = [row.model for row in current_models(context.engine, provider)]
        meant = meant_words([*map(shown_id, nearest(model, own))])
        raise HTTPException(HTTPStatus.NOT_FOUND, f"nothing is known of such a model{meant}")
    return story


def chosen_providers(context: WebContext, selection: Selection) -> list[str]:
    """Return the providers asked for, by name: named ones, else those watched, or all. Raises UsageError."""
    names = known_providers(context)
    _refuse_unknown("provider", sorted(selection.providers), names)
    return [name for name in names if selection.covers(name, None)]


def chosen_kinds(rows: Sequence[ModelRow], wanted: Sequence[str]) -> frozenset[str]:
    """Return the kinds asked for, all where none is named. Raises UsageError for an unknown one."""
    names = {*Kind, *(row.kind for row in rows)}
    _refuse_unknown("kind", wanted, names)
    return frozenset(wanted or names)


def _refuse_unknown(name: str, wanted: Sequence[str], names: Iterable[str]) -> None:
    names = sorted(names)
    for value in wanted:
        if value not in names:
            choices = ", ".join(shown_id(choice) for choice in names) or "none yet"
            raise UsageError(f"{name}: there is no '{_echoed(value)}'; known: {choices}")


def _echoed(value: str) -> str:
    return shown_id(value[:_LONGEST_ECHO])
