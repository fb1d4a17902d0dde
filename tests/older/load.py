"""Puts a history of an older version into a database that has that version's schema."""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, TableClause, column, false, func, insert, select, table

from monitor.store.admin.migrate import migrate_to, schema_state
from monitor.store.connection.engine import is_sqlite, writing
from monitor.store.connection.sqlite_file import create_file

_DIRECTORY: Final = Path(__file__).parent
SWEEPS: Final = _DIRECTORY / "sweeps_0008.jsonl"
_HISTORY: Final = _DIRECTORY / "history_0008.json"
_EPOCH: Final = date(1970, 1, 1)


def load_history(engine: Engine) -> None:
    """Make an empty database of schema 0008 and fill it as version 44a76c1 did (see make.py)."""
    if is_sqlite(engine):
        create_file(engine, schema_state)
    tables = json.loads(_HISTORY.read_text("utf-8"))
    with writing(engine) as connection:
        migrate_to(connection, "0008")
        for name, told in tables.items():
            _fill(connection, table(name, *map(column, told["columns"])), told["rows"])


def _fill(connection: Connection, into: TableClause, rows: Iterable[list[Any]]) -> None:
    names = [each.name for each in into.columns]
    values = [dict(zip(names, map(_value, names, row), strict=True)) for row in rows]
    if not values:
        return
    connection.execute(insert(into), values)
    if connection.dialect.name == "postgresql" and "id" in names:
        sequence = func.pg_get_serial_sequence(into.name, "id")  # NULL where ids are not counted
        following = select(func.max(into.c.id) + 1).scalar_subquery()
        connection.execute(select(func.setval(sequence, following, false())))


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - of any column
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return _EPOCH + timedelta(days=value) if name == "day" else value
