"""Whether another program holds the write lock of a SQLite file for long."""

import sqlite3
from typing import Final

from sqlalchemy import Engine

_RESULT: Final = 0xFF  # the lowest byte of SQLite's extended result codes says the kind


def is_locked(engine: Engine, within_s: float) -> bool:
    """Return whether the lock was not free for so many seconds; writes nothing."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {round(within_s * 1000)}")
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & _RESULT != sqlite3.SQLITE_BUSY:
            raise
        return True
    finally:
        connection.invalidate()  # its settings are not those of the pool
    return False
