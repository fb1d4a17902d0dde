"""One SELECT on Postgres. Imported for Postgres alone: a SQLite file never loads psycopg.

The transaction is READ ONLY already. The query becomes a server-side cursor, which Postgres makes of one
SELECT alone: READ ONLY would still allow COPY ... TO PROGRAM.
https://www.postgresql.org/docs/current/sql-declare.html
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Connection

from monitor.store.ad_hoc.faults import ROWS_AT_ONCE, Rows, Selected, faulty, not_select, too_long
from monitor.store.connection.patience import limited

_CURSOR: Final = "ad_hoc"
_DENIED: Final = "42501"
_CANCELED: Final = "57014"
# SQLSTATE, by its beginning: the query is at fault (syntax and names, data, feature, cardinality)
_FAULTS: Final = ("42", "22", "0A", "21")
_OTHERS: Final = ("25006", "42P11")  # it would write; it has a result, but is no SELECT


@contextmanager
def select_from(connection: Connection, query: str, within_s: float) -> Iterator[Selected]:
    """Give what a SELECT finds; see `selected`."""
    driver: Any = connection.connection.driver_connection
    with limited(connection, within_s), closing(driver.cursor(name=_CURSOR)) as cursor:
        with _explained(query, within_s):
            cursor.execute(query)  # without parameters: a % is a %
            names = tuple(column.name for column in cursor.description)
        yield Selected(names, _parts(cursor, query, within_s))


def _parts(cursor: Any, query: str, within_s: float) -> Iterator[Rows]:  # noqa: ANN401 - a psycopg.ServerCursor of any rows
    while True:
        with _explained(query, within_s):
            rows = cursor.fetchmany(ROWS_AT_ONCE)
        if not rows:
            return
        yield rows


@contextmanager
def _explained(query: str, within_s: float) -> Iterator[None]:
    """Turn what Postgres says of the query into errors for its user; of the server, `reading` does."""
    try:
        yield
    except psycopg.Error as error:
        code = error.sqlstate or ""
        if code == _CANCELED:
            raise too_long(within_s) from None
        words = error.diag.message_primary or str(error)
        if code in _OTHERS or "multiple commands" in words:
            raise not_select() from None
        if code == _DENIED or not (code.startswith(_FAULTS) or isinstance(error, psycopg.DataError)):
            raise
        raise faulty(words, query) from None
