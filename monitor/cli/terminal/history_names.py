"""Providers and models by the names that the user gives, looked up in the history."""

from collections.abc import Collection, Iterable

from monitor.app.wiring.application import App
from monitor.core.domain.names import meant_words, unknown_words
from monitor.core.history.model_names import Key, models_named, nearest_names, qualified
from monitor.core.history.rows import ModelRow
from monitor.core.history.selection import Selection
from monitor.errors import UnknownModel, UsageError
from monitor.report.words.codes import shown_id
from monitor.store import query
from monitor.store.connection.engine import Engine


def known_providers(engine: Engine, names: Iterable[str], configured: Collection[str] = ()) -> list[str]:
    """Return the names as they are; raises UsageError for one that is not configured and has no history."""
    names = list(dict.fromkeys(names))
    recorded = sorted({*query.providers(engine), *configured}) if names else []
    for name in names:
        if name not in recorded:
            raise UsageError(unknown_words("provider", name, recorded, " in the history"))
    return names


def selection_of(app: App, engine: Engine, providers: Iterable[str], *, is_all: bool) -> Selection:
    """Return which models are asked for; raises UsageError as `known_providers`."""
    watched = app.watched(engine)
    names = known_providers(engine, providers, watched.policies)
    return Selection(watched=watched, providers=frozenset(names), is_all=is_all)


def selected_models(engine: Engine, selection: Selection, names: Collection[str] = ()) -> list[ModelRow]:
    """Return the models of the selection, or of it those that are named; raises as `named_model`."""
    only = next(iter(selection.providers)) if len(selection.providers) == 1 else None
    rows = {(row.provider, row.model): row for row in query.current_models(engine, only)}
    if names:
        keys = {_key_of(name, rows, selection) for name in names}
        return [row for key, row in rows.items() if key in keys]
    return [row for key, row in rows.items() if selection.covers(*key)]


def named_model(engine: Engine, selection: Selection, name: str) -> ModelRow:
    """Return what is believed of the model that is named by its id or as `provider/id`.

    Raises UnknownModel, or UsageError where several providers have it.
    """
    ids = dict.fromkeys(filter(None, (name, name.partition("/")[2])))
    rows = [row for model in ids for row in query.current_models(engine, model=model)]
    by_key = {(row.provider, row.model): row for row in rows}
    if not models_named(name, by_key, selection):  # all of them: some may have a similar name
        by_key = {(row.provider, row.model): row for row in query.current_models(engine)}
    return by_key[_key_of(name, by_key, selection)]


def _key_of(name: str, keys: Collection[Key], selection: Selection) -> Key:
    meant = models_named(name, keys, selection)
    if not meant:
        near = nearest_names(name, keys, selection)
        meant_by_it = meant_words([*map(shown_id, near)])
        raise UnknownModel(
            f'no model "{shown_id(name)}" in the history{meant_by_it or ";"} '
            "`monitor list --status all` prints the ids",
            nearest=near,
        )
    if len(meant) > 1:
        owners, forms = ", ".join(owner for owner, _ in meant), " or ".join(map(qualified, meant))
        raise UsageError(
            f'several providers have a model "{shown_id(name)}" ({owners}); '
            f"choose one with --provider, or write {shown_id(forms)}"
        )
    return meant[0]
