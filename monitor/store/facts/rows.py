"""Writes many rows of one table by one statement: SQLite's executemany, arrays on Postgres.

Rows are tuples in the order of the table's columns. SQLAlchemy would make a dictionary of each, and Postgres
would plan and answer each.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, LargeBinary, Table, Text

Rows = Sequence[tuple[Any, ...]]


def add_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Write rows that are not there yet."""
    _execute(connection, table, rows, _inserting(connection.dialect, table))


def overwrite_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Write rows, each over the one of the same primary key unless that is equal."""
    _execute(connection, table, rows, _overwriting(connection.dialect, table))


def renew_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """As `overwrite_rows`, for rows that have changed and most of which are there."""
    if connection.dialect.name == "sqlite":
        overwrite_rows(connection, table, rows)
        return
    # not by an insert that finds the row: it locks it first, which is written to the log as well
    renewed = _execute(connection, table, rows, _updating(connection.dialect, table))
    if renewed < len(rows):
        overwrite_rows(connection, table, rows)


def _execute(connection: Connection, table: Table, rows: Rows, statement: str) -> int:
    """Run a statement for all rows; returns how many it changed."""
    if not rows:
        return 0
    dialect, columns = connection.dialect, zip(*rows, strict=True)
    if dialect.name == "sqlite":
        converted = [
            tuple(map(convert, values)) if convert else values
            for convert, values in zip(_converters(dialect, table), columns, strict=True)
        ]
        return connection.exec_driver_sql(statement, list(zip(*converted, strict=True))).rowcount
    arrays = (write(values) for write, values in zip(_writers(table), columns, strict=True))
    return connection.exec_driver_sql(statement, tuple(arrays)).rowcount


@lru_cache(maxsize=64)
def _inserting(dialect: Dialect, table: Table) -> str:
    if dialect.name == "sqlite":
        source = f"VALUES ({', '.join('?' * len(table.columns))})"
    else:
        source = f"SELECT * FROM {_arrays(dialect, table)}"  # noqa: S608 - our names
    return f"INSERT INTO {table.name} ({_names(table)}) {source}"


@lru_cache(maxsize=64)
def _overwriting(dialect: Dialect, table: Table) -> str:
    key, rest = _key_and_rest(table)
    # NULL equals NULL, so that an equal row is not written
    differs = "IS NOT" if dialect.name == "sqlite" else "IS DISTINCT FROM"
    return (
        f"{_inserting(dialect, table)} ON CONFLICT ({', '.join(key)}) DO UPDATE"
        f" SET {', '.join(f'{name} = excluded.{name}' for name in rest)}"
        f" WHERE {' OR '.join(f'{table.name}.{name} {differs} excluded.{name}' for name in rest)}"
    )


@lru_cache(maxsize=64)
def _updating(dialect: Dialect, table: Table) -> str:
    key, rest = _key_and_rest(table)
    return (
        f"UPDATE {table.name} SET {', '.join(f'{name} = new.{name}' for name in rest)}"  # noqa: S608 - our names
        f" FROM {_arrays(dialect, table)} AS new ({_names(table)})"
        f" WHERE {' AND '.join(f'{table.name}.{name} = new.{name}' for name in key)}"
    )


def _key_and_rest(table: Table) -> tuple[list[str], list[str]]:
    key = [column.name for column in table.primary_key.columns]
    return key, [column.name for column in table.columns if column.name not in key]


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _arrays(dialect: Dialect, table: Table) -> str:
    types = (column.type.dialect_impl(dialect).compile(dialect=dialect) for column in table.columns)
    return f"unnest({', '.join(f'%s::{name}[]' for name in types)})"


@lru_cache(maxsize=64)
def _writers(table: Table) -> tuple[Callable[[Iterable[Any]], str], ...]:
    """Return by column what writes its values as an array of Postgres: the driver takes ten times as long."""
    return tuple(
        _texts
        if isinstance(column.type, Text)
        else _bytes
        if isinstance(column.type, LargeBinary)
        else _numbers
        for column in table.columns
    )


def _numbers(values: Iterable[object]) -> str:
    """Write what needs no quotes: numbers, truth values, days."""
    return f"{{{','.join(map(str, values)).replace('None', 'NULL')}}}"


def _texts(values: Iterable[str | None]) -> str:
    quoted = ("NULL" if value is None else f'"{_escaped(value)}"' for value in values)
    return f"{{{','.join(quoted)}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _bytes(values: Iterable[bytes | None]) -> str:
    return f"{{{','.join('NULL' if value is None else _hexadecimal(value) for value in values)}}}"


def _hexadecimal(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


@lru_cache(maxsize=64)
def _converters(dialect: Dialect, table: Table) -> tuple[Callable[[Any], Any] | None, ...]:
    """Return by column what makes of a value what the driver takes; None where it takes the value itself."""
    return tuple(column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns)
