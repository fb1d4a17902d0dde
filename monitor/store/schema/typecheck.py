"""Finds values of a type that no column of ours holds: SQLite stores whatever it is given."""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Boolean, Connection, Integer, Table, func, select

from monitor.errors import StoreError
from monitor.store.schema import daily, event, metadata, model_state, monthly, period

_DERIVED: Final = (event, period, daily, monthly, model_state)
_FINE: Final = ("integer", "null")  # a flag is an integer there


def wrong_types(connection: Connection, tables: Iterable[Table] = metadata.sorted_tables) -> Iterator[str]:
    """Say in words which columns of numbers hold something else; nothing on Postgres, which never does."""
    if connection.dialect.name != "sqlite":
        return
    for table in tables:
        numbers = [column for column in table.columns if isinstance(column.type, Integer | Boolean)]
        wrong = (func.sum(func.typeof(column).not_in(_FINE)).label(column.name) for column in numbers)
        if numbers:
            for column, count in connection.execute(select(*wrong)).mappings().one().items():
                if count:
                    yield f"{count} of the values of {table.name}.{column} are no numbers"


def require_derived_types(connection: Connection) -> None:
    """Raise StoreError where derived rows hold what cannot be compared with what follows from the facts."""
    if wrong := next(wrong_types(connection, _DERIVED), None):
        # rows that cannot be compared would end a rebuild with an error of Python
        raise StoreError(f"{wrong}: delete their rows, then run `monitor db rebuild --write`")
