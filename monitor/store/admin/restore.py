"""Puts a backup in the place of the SQLite file, and keeps that file beside it.

The backup is copied and checked first; then it takes the name of the database in one step, so at every moment
there is a whole file of that name.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from monitor.clock import to_datetime
from monitor.errors import SchemaOutdated, StoreError, StoreUnavailable, UsageError, writing_to
from monitor.store.admin.backup import PAGES_AT_ONCE, draft_of, restore_command
from monitor.store.admin.migrate import SchemaState, schema_state
from monitor.store.admin.replaced_file import give_to_owner, set_aside
from monitor.store.connection.engine import is_sqlite, open_engine, sqlite_path
from monitor.store.connection.errors import database_name
from monitor.store.connection.locks import leader_lock
from monitor.store.connection.own_wal import ForeignWal, has_wal, require_own_wal
from monitor.store.connection.progress import OnProgress
from monitor.store.connection.sqlite_file import is_own


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the database's place now; the names of the file before it and of a -wal that was not its."""

    state: SchemaState
    sweeps: int
    last_started_at: datetime | None
    kept: Path | None
    kept_wal: Path | None


def restore(engine: Engine, file: Path, *, now: datetime, on_progress: OnProgress) -> Restored:
    """Put a sound history, of this version or an older one, in the place of the database.

    Raises UsageError for Postgres and for a file that holds no history; StoreUnavailable while a daemon leads
    a history or another process has it open; StoreError or SchemaOutdated for a file that is damaged or
    of a newer version. The database is then as it was.
    """
    if not is_sqlite(engine):
        raise UsageError(
            "a Postgres database is restored by its own tools, into an empty database: "
            f"{restore_command(engine, file)}"
        )
    _refuse_what_is_no_backup(engine, file)
    path = Path(os.path.realpath(sqlite_path(engine)))
    engine.dispose()
    with writing_to(path), _without_a_leader(engine), draft_of(engine, path) as draft:
        _copy(file, draft, on_progress)
        state, sweeps, last = _contents(engine, file, draft)
        kept, kept_wal = set_aside(path, now)
        give_to_owner(draft, path)
        return Restored(state, sweeps, last, kept, kept_wal)


def _refuse_what_is_no_backup(engine: Engine, file: Path) -> None:
    if not file.is_file():
        raise UsageError(f"{file} {'is not a regular file' if file.exists() else 'does not exist'}")
    if is_own(engine, file):
        raise UsageError(f"{file} is part of the database itself: name a backup of it")


@contextmanager
def _without_a_leader(engine: Engine) -> Iterator[None]:
    lock = leader_lock(engine)
    if _holds_nothing(engine):  # the daemon that led the file before waits for this one
        yield
        return
    if not lock.try_acquire():
        raise StoreUnavailable(
            f"database {database_name(engine)} is in use: {lock.holder()} leads it. Stop the daemon first "
            "(`systemctl stop monitor`, `docker compose stop monitor`), then restore, then start it again"
        )
    try:
        yield
    finally:
        lock.release()


def _holds_nothing(engine: Engine) -> bool:
    """Return whether no history stands at the path, so that no daemon has it open."""
    path = Path(os.path.realpath(sqlite_path(engine)))
    if not path.exists() or not path.stat().st_size:
        return True
    try:
        require_own_wal(path)
        address = f"{path.as_uri()}?{'mode=ro' if has_wal(path) else 'immutable=1'}"
        with closing(sqlite3.connect(address, uri=True)) as there:
            there.execute("SELECT version_num FROM schema_version").fetchone()
    except ForeignWal:  # the daemon's, of the file before
        return True
    except sqlite3.Error as error:  # not where it is damaged or busy: there may be a history
        return getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB" or "no such" in str(error)
    return False


def _copy(file: Path, draft: Path, on_progress: OnProgress) -> None:
    """Copy a backup with what stands in its -wal; changes neither. Raises UsageError or StoreError."""
    file = Path(os.path.realpath(file))
    require_own_wal(file)
    # without a log nothing writes it, and an immutable file may also lie where nothing can be written
    address = f"{file.as_uri()}?{'mode=ro' if has_wal(file) else 'immutable=1'}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(draft)) as copy:
            copy.execute("PRAGMA synchronous = OFF")  # it is made safe as a whole, at the end
            source.backup(
                copy,
                pages=PAGES_AT_ONCE,
                progress=lambda _state, left, total: on_progress("pages", total - left, total),
            )
            faults = [row[0] for row in copy.execute("PRAGMA integrity_check(1)") if row[0] != "ok"]
            faults += [
                f"a row of {row[0]} points nowhere" for row in copy.execute("PRAGMA foreign_key_check")
            ]
            copy.execute("PRAGMA journal_mode = WAL")  # the mode of a database in use
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise UsageError(
                f"{file} is not a SQLite database; exports are read by `monitor import`"
            ) from None
        faults = [str(error)]
    if faults:
        raise StoreError(f"{file} is damaged and was not restored: {faults[0]}")


def _contents(engine: Engine, file: Path, draft: Path) -> tuple[SchemaState, int, datetime | None]:
    """Return the schema of a copy, its sweeps and the start of the last. Raises as `restore`."""
    copy = open_engine(engine.url.set(database=str(draft)))
    try:
        state = schema_state(copy)
    except StoreError:
        state = SchemaState.EMPTY  # tables of another program
    finally:
        copy.dispose()
    if state is SchemaState.EMPTY:
        raise UsageError(f"{file} holds no history of monitor")
    if state is SchemaState.NEWER:
        raise SchemaOutdated(f"{file} was written by a newer monitor: restore it with that version")
    with closing(sqlite3.connect(draft)) as opened_copy:
        sweeps, last = opened_copy.execute("SELECT count(*), max(started_at) FROM sweep").fetchone()
    return state, sweeps, None if last is None else to_datetime(last)
