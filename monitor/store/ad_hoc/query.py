"""One SELECT of a user's own, on either database: what it is for both."""

from collections.abc import Iterator
from contextlib import contextmanager

from monitor.store.ad_hoc.faults import Selected, require_select
from monitor.store.connection.engine import Engine, is_sqlite, reading


@contextmanager
def selected(engine: Engine, query: str, *, within_s: float) -> Iterator[Selected]:
    """Run one SELECT at one moment of the database; each part of its rows may take `within_s` seconds.

    Raises UsageError for what is not one SELECT, or has a fault; StoreUnavailable where it takes too long;
    other StoreErrors as every reader.
    """
    require_select(query)
    with reading(engine) as connection:
        if is_sqlite(engine):
            from monitor.store.ad_hoc import sqlite  # noqa: PLC0415 - each database loads its own

            chosen = sqlite.select_from(connection, query, within_s)
        else:
            from monitor.store.ad_hoc import postgres  # noqa: PLC0415 - a SQLite file never loads psycopg

            chosen = postgres.select_from(connection, query, within_s)
        with chosen as rows:
            yield rows
