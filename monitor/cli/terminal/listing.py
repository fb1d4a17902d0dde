"""What commands that list models have in common: their JSON, and what they leave out."""

import dataclasses
from collections.abc import Collection

from monitor.cli.terminal.output import note
from monitor.core.history.rows import ModelRow, ModelStory
from monitor.core.history.selection import Selection
from monitor.report.words.numbers import counted
from monitor.store import query
from monitor.store.connection.engine import Engine


def columns_of(row: ModelRow, selection: Selection) -> dict[str, object]:
    """Return what JSON shows of a model: its columns, and whether it is watched."""
    return {**fields_of(row), "watched": selection.watched.covers(row.provider, row.model)}


def fields_of(value: ModelRow | ModelStory) -> dict[str, object]:
    """Return the fields of a value by their names; what is in them stays as it is."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def note_unwatched(engine: Engine, selection: Selection, shown: Collection[ModelRow]) -> None:
    """Say where a history seems empty only because none of it is watched."""
    if shown or selection.is_all:
        return
    if count := sum(selection.has(row.provider) for row in query.current_models(engine)):
        note(
            f"note: the configuration watches none of the {counted(count, 'model')} in the history; "
            "--all adds them"
        )
