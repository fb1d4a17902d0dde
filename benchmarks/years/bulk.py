"""Many rows at once: SQLite's executemany, Postgres' COPY; nothing is checked that is made right anyway."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from monitor.store.connection.engine import Engine, is_sqlite, open_engine

_BIG_CACHE_KIB = 400_000
_ROWS_AT_ONCE = 5_000


@contextmanager
def hasty(engine: Engine) -> Iterator[Engine]:
    """Give another engine to the same database that waits for no disk and checks no foreign key."""
    fast = open_engine(engine.url.render_as_string(hide_password=False))
    event.listen(fast, "connect", _hurry_sqlite if is_sqlite(engine) else _hurry_postgres)
    try:
        yield fast
    finally:
        fast.dispose()


def put(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows in their order. On Postgres no text may hold what COPY reads as its own."""
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.connection.cursor().executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608
        return
    line = "\t".join(["%s"] * len(columns)) + "\n"
    with connection.connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            text = "".join(map(line.__mod__, rows[start : start + _ROWS_AT_ONCE]))
            copy.write(text.replace("\tNone", "\t\\N"))


def _hurry_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", f"cache_size = -{_BIG_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")


def _hurry_postgres(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's
    connection.autocommit = True
    for setting in ("session_replication_role = replica", "synchronous_commit = off"):
        connection.execute(f"SET {setting}")
    connection.autocommit = False
