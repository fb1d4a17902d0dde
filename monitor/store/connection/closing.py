"""Closes a database: a SQLite file that no other process has open is left as one file that holds everything.

SQLite does so by itself where the last connection may write. Of two that close at one moment, each takes the
other for a reader; so every process that has closed looks again, one at a time.
"""

import os
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine

from monitor.errors import StoreError
from monitor.store.connection.engine import is_leaving_wal, is_read_only, is_sqlite, sqlite_path
from monitor.store.connection.open_file import is_writable, open_file
from monitor.store.connection.sqlite_file import close_alone


def close_all(engines: Collection[Engine]) -> None:
    """Close every connection of these engines, and leave their SQLite files without -wal and -shm.

    While others still read such a file its log stays, but what these engines wrote is in the file itself.
    Never raises for what it cannot tidy up. A file that was put in the place of theirs is left as it is.
    """
    files = [
        engine
        for engine in engines
        if is_sqlite(engine) and not is_leaving_wal(engine) and _is_at_path(sqlite_path(engine))
    ]
    for engine in engines:
        engine.dispose()
    written = {_real_path(engine) for engine in files if not is_read_only(engine)}
    for path in {_real_path(engine) for engine in files}:
        with suppress(OSError, sqlite3.Error, StoreError):
            _leave_one_file(path, is_written=path in written)


def _is_at_path(path: Path) -> bool:
    file = open_file(path)
    return file is None or file.is_at_path()


def _real_path(engine: Engine) -> Path:
    return Path(os.path.realpath(sqlite_path(engine)))  # SQLite makes -wal and -shm beside the file itself


def _leave_one_file(path: Path, *, is_written: bool) -> None:
    companions = (path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))
    if not any(companion.exists() for companion in companions) or not is_writable(path):
        return
    close_alone(path, checkpoints=is_written)
