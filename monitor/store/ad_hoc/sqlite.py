"""One SELECT on a SQLite file.

The connection is read-only already (`PRAGMA query_only`); an authorizer refuses whatever is no reading, and
the driver takes one statement at a time. https://www.sqlite.org/c3ref/set_authorizer.html
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic
from typing import Any, Final

from sqlalchemy import Connection

from monitor.store.ad_hoc.faults import ROWS_AT_ONCE, Rows, Selected, faulty, not_select, too_long

_STEPS: Final = 10_000  # of SQLite's virtual machine between two looks at the clock: less than a millisecond
_READING: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_LOADING: Final = "load_extension"  # the one built-in function that does more than compute
_FAULTS: Final = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE}
)


class _Watch:
    """Ends a statement that takes too long."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self.is_over = False
        self.begin()

    def begin(self) -> None:
        """Give the next part of the rows all the time."""
        self._ends_at = monotonic() + self.within_s

    def look(self) -> bool:
        """Return whether the statement is to end."""
        self.is_over = monotonic() > self._ends_at
        return self.is_over


@contextmanager
def select_from(connection: Connection, query: str, within_s: float) -> Iterator[Selected]:
    """Give what a SELECT finds; see `selected`."""
    driver: Any = connection.connection.driver_connection
    watch = _Watch(within_s)
    driver.set_authorizer(_authorize)
    driver.set_progress_handler(watch.look, _STEPS)
    try:
        with closing(driver.cursor()) as cursor:
            with _explained(query, watch):
                cursor.execute(query)
            yield Selected(tuple(column[0] for column in cursor.description), _parts(cursor, query, watch))
    finally:  # the connection goes back to the pool
        driver.set_progress_handler(None, 0)
        driver.set_authorizer(None)


def _authorize(action: int, _first: object, second: object, *_others: object) -> int:
    is_read = action in _READING and not (action == sqlite3.SQLITE_FUNCTION and second == _LOADING)
    return sqlite3.SQLITE_OK if is_read else sqlite3.SQLITE_DENY


def _parts(cursor: sqlite3.Cursor, query: str, watch: _Watch) -> Iterator[Rows]:
    while True:
        watch.begin()
        with _explained(query, watch):
            rows = cursor.fetchmany(ROWS_AT_ONCE)
        if not rows:
            return
        yield rows


@contextmanager
def _explained(query: str, watch: _Watch) -> Iterator[None]:
    """Turn what SQLite says of the query into errors for its user; of the file, `reading` does."""
    try:
        yield
    except sqlite3.Warning:  # Python 3.11: more than one statement
        raise not_select() from None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)  # None: the driver's own, as of a parameter
        if code == sqlite3.SQLITE_INTERRUPT:
            if watch.is_over:
                raise too_long(watch.within_s) from None
            raise KeyboardInterrupt from None  # raised in `look`, Ctrl-C is all that else ends a statement
        # a pragma as a table is refused under the code of any fault
        if "not authorized" in str(error) or "one statement" in str(error):
            raise not_select() from None
        if code is not None and code & 0xFF not in _FAULTS:
            raise
        raise faulty(str(error), query) from None
