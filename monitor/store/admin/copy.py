"""The whole history from one database into another, SQLite or Postgres, with proof that it arrived.

Everything is written in one transaction and compared before it is committed: a copy that fails leaves the
target as empty as it was.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Date, Engine, Select, Table, false, func, insert, select, text
from sqlalchemy.schema import AddConstraint, DropConstraint

from monitor.errors import StoreError, UsageError
from monitor.store.admin.migrate import SchemaState, require_current, schema_state, upgrade
from monitor.store.connection.engine import is_sqlite, reading, sqlite_path, writing
from monitor.store.connection.errors import database_name, translated
from monitor.store.connection.progress import OnProgress
from monitor.store.schema import metadata
from monitor.store.schema.naming import Month

Rows = list[tuple[Any, ...]]
Content = tuple[int, bytes]
"""How many rows a table holds, and what stands for all their values in the order of its key."""

_ROWS_AT_ONCE: Final = 5_000  # rows; bounds memory


def copy_history(source: Engine, target: Engine, on_progress: OnProgress) -> Mapping[str, int]:
    """Copy every table into an empty or missing database and compare them; returns the rows by table.

    Raises UsageError where both are the same or the target holds data, StoreError where it fails or a row did
    not arrive as it was. What is written to the source meanwhile is not copied.
    """
    if _place(source) == _place(target):
        raise UsageError(f"{database_name(target)} is the database itself: name another one")
    require_current(source)
    _make_ready(target)
    with reading(source) as origin, writing(target) as copy:  # one transaction: the whole history or nothing
        sender, taker = _Side(source, origin), _Side(target, copy)
        _require_empty(taker)  # again inside the transaction: another copy may have been quicker
        with _unchecked(copy):
            sent = {table.name: _send(sender, taker, table, on_progress) for table in metadata.sorted_tables}
        _settle(copy)
        for name, content in sent.items():
            arrived = taker.read(metadata.tables[name], f"{name} compared", content[0], on_progress)
            if arrived != content:
                raise StoreError(
                    f"database {database_name(target)}: rows of {name} did not arrive as they were; "
                    "nothing was copied. Please report this"
                )
    return {name: rows for name, (rows, _) in sent.items()}


@dataclass(frozen=True, slots=True)
class _Side:
    """A database and the transaction on it."""

    engine: Engine
    connection: Connection

    def count(self, table: Table) -> int:
        """Return how many rows a table has."""
        with translated(self.engine):
            return self.connection.execute(select(func.count()).select_from(table)).scalar_one()

    def read(
        self,
        table: Table,
        work: str,
        total: int,
        on_progress: OnProgress,
        take: Callable[[Rows], None] = lambda _rows: None,
    ) -> Content:
        """Read a table's rows in the order of its key and let `take` have them."""
        # ordered by its key: both databases give the rows in one order
        query, count, seal = select(table).order_by(*table.primary_key.columns), 0, blake2b(digest_size=16)
        with closing(self._batches(query)) as batches:
            for rows in batches:
                on_progress(work, count, total)
                # Every value and its type, wherever a table's rows are cut into batches.
                seal.update("".join(map(repr, rows)).encode())  # repr: 1 and 1.0 and "1" differ
                take(rows)
                count += len(rows)
        return count, seal.digest()

    def _batches(self, query: Select[Any]) -> Generator[Rows, None, None]:
        options = {"yield_per": _ROWS_AT_ONCE}
        # Translated here: inside the other's transaction, that one would take the blame.
        with translated(self.engine), self.connection.execute(query, execution_options=options) as result:
            for rows in result.partitions():
                yield [tuple(row) for row in rows]


def _place(engine: Engine) -> object:
    """Return what the addresses of one database have in common."""
    if is_sqlite(engine):
        return sqlite_path(engine).resolve()
    return engine.url.host, engine.url.port, engine.url.database, engine.url.query.get("host")


def _make_ready(target: Engine) -> None:
    """Create the tables where there are none. Raises UsageError for those of another version."""
    if schema_state(target) in {SchemaState.OUTDATED, SchemaState.NEWER}:
        raise UsageError(
            f"database {database_name(target)} was made by another version of monitor: name a new one"
        )
    upgrade(target)


def _require_empty(side: _Side) -> None:
    for table in metadata.sorted_tables:
        if side.connection.execute(select(*table.primary_key.columns).limit(1)).first() is not None:
            raise UsageError(
                f"database {database_name(side.engine)} holds a history already: name an empty or a new one"
            )


def _send(sender: _Side, taker: _Side, table: Table, on_progress: OnProgress) -> Content:
    put = _insert_sqlite if is_sqlite(taker.engine) else _insert_postgres

    def take(rows: Rows) -> None:
        put(taker.connection, table, _bound(taker.connection, table, rows))

    return sender.read(table, table.name, sender.count(table), on_progress, take)


def _bound(connection: Connection, table: Table, rows: Rows) -> Rows:
    """Return rows as the driver takes them: days and months are the only values that are others there."""
    dialect = connection.dialect
    to_bound = {
        place: convert
        for place, column in enumerate(table.columns)
        if isinstance(column.type, Date | Month)
        and (convert := column.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    if not to_bound:
        return rows
    return [
        tuple(to_bound[place](value) if place in to_bound else value for place, value in enumerate(row))
        for row in rows
    ]


def _insert_sqlite(connection: Connection, table: Table, rows: Rows) -> None:
    statement = str(insert(table).compile(dialect=connection.dialect))
    connection.exec_driver_sql(statement, rows)  # past SQLAlchemy, which would make a dict of every row


def _insert_postgres(connection: Connection, table: Table, rows: Rows) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 - the other kind of database
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    # COPY: measured, a seventh of the time of inserts
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def _unchecked(connection: Connection) -> Iterator[None]:
    """Let Postgres check where rows point to once, at the end: row by row takes most of the time."""
    if connection.dialect.name == "sqlite":
        yield
        return
    constraints = [
        constraint for table in metadata.sorted_tables for constraint in table.foreign_key_constraints
    ]
    for constraint in constraints:
        connection.execute(DropConstraint(constraint))
    yield
    for constraint in constraints:
        connection.execute(AddConstraint(constraint))


def _settle(connection: Connection) -> None:
    """Let Postgres count on from the greatest ids, and know how much there is of everything."""
    if connection.dialect.name == "sqlite":  # SQLite counts on from the greatest id by itself
        return
    for table in metadata.sorted_tables:
        for key in table.primary_key.columns:
            if key is table.autoincrement_column:
                following = func.coalesce(func.max(key), 0) + 1
                sequence = func.pg_get_serial_sequence(table.name, key.name)  # false: this is the next id
                connection.execute(select(func.setval(sequence, following, false())))
        connection.execute(text(f"ANALYZE {connection.dialect.identifier_preparer.format_table(table)}"))
