"""What is done when the open SQLite file is no longer the one at its path: a sound history there is opened.

Anything else is left alone until a history stands there, and every transaction says so meanwhile. What
was open stays open until then: it is the only way to what was in a deleted file.
"""

import os
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from monitor.errors import FileReplaced, StoreError
from monitor.store.connection.errors import database_name
from monitor.store.connection.open_file import (
    COMPANIONS,
    LOG,
    FileId,
    OpenFile,
    accept_file,
    beside,
    changing,
    file_id,
    open_file,
)
from monitor.store.connection.own_wal import has_wal, require_own_wal

_REMEDY: Final = (
    "Nothing is written until a history of this version stands there, which is opened by itself: "
    "put the file back, or run `monitor db restore FILE`"
)
_SECOND_LOG: Final = "Stop both, then run `monitor db check`; if it finds faults, restore a backup"
_DELETED: Final = "was deleted or moved away while it was open"
_DAMAGED: Final = "was replaced by a file that is damaged"
_TROUBLE: Final = (  # a piece of what SQLite says, and what it means here
    ("no such", "was replaced by a file that holds no history of monitor"),
    ("not a database", "was replaced by a file that is no SQLite database"),
    ("unable to open", "was replaced by a file that cannot be read"),
)
_EMPTY: Final = "was emptied or replaced by an empty file"
_BLOCK_BYTES: Final = 1 << 20
_REVISION: Final = "SELECT max(version_num) FROM schema_version"

_engines: Final[dict[Path, WeakKeyDictionary[Engine, bool]]] = {}  # whether it writes
_paths: Final[WeakKeyDictionary[Engine, Path]] = WeakKeyDictionary()
_refused: Final[
    dict[Path, tuple[tuple[int, ...], str]]
] = {}  # the state of a file, and what is wrong with it


def watch(engine: Engine, path: Path, *, writes: bool) -> None:
    """Keep an engine in mind, so that its connections can be closed when its file has changed."""
    _engines.setdefault(path, WeakKeyDictionary())[engine] = writes
    _paths[engine] = path


def require_same_file(engine: Engine) -> None:
    """Make sure that what is open is the file at the path, before a transaction. Raises FileReplaced.

    Opens what stands there instead, if it is a sound history of the same schema.
    """
    file = _open_file(engine)
    if file is None or (file.is_at_path() and file.has_companions()):
        return
    with changing:
        file = _open_file(engine)  # another thread may have opened the other one meanwhile
        if file is None:
            return
        if not file.is_at_path():
            _open_other(engine, file)
        elif not file.has_companions():
            _open_again(engine, file)


def require_written(engine: Engine) -> None:
    """Make sure that a transaction went into the file at the path. Raises FileReplaced."""
    file = _open_file(engine)
    if file is None:
        return
    if not file.is_at_path():
        raise _replaced(engine, "was deleted or replaced while it was written")
    if file.log is None:
        file.has_companions()  # which this transaction may have made


def _open_file(engine: Engine) -> OpenFile | None:
    """Return what is open at an engine's path; nothing for Postgres, whose path no engine is watched by."""
    path = _paths.get(engine)
    return open_file(path) if path else None


def _open_other(engine: Engine, file: OpenFile) -> None:
    there = file_id(file.path)
    if there is None:
        raise _replaced(engine, _DELETED)
    file.revision = file.revision or _revision(file)
    if fault := _fault(file):
        raise _replaced(engine, fault)
    _part_from_log(file)
    _end(file)
    _set_wal(file)
    accept_file(file.path, file_id(file.path) or there, file.revision)


def _part_from_log(file: OpenFile) -> None:
    """Take away the companions of the file before: SQLite would apply them to the new one."""
    if file.real != Path(os.path.realpath(file.path)):
        return  # a link leads elsewhere now: they are beside their own file
    for end, own in zip(COMPANIONS, (file.log, file.index), strict=True):
        left = beside(file.real, end)
        if own is not None and file_id(left) == own:
            if not file.is_overwritten():
                _save_log(file)  # the file may have another name by now
            left.unlink(missing_ok=True)


def _open_again(engine: Engine, file: OpenFile) -> None:
    """Close all connections, so that the next ones make companions of their own."""
    if file.log != file_id(beside(file.real, LOG)):
        if has_wal(file.real):
            raise _replaced(engine, "has a second -wal, which another process writes", _SECOND_LOG)
        file.is_ending = True  # a new connection would make a new log
        is_saved = _save_log(file)
        file.is_ending = False
        if not is_saved:
            raise _replaced(engine, "lost its -wal", "It is opened again once what was in it is saved")
    file.is_ending = True
    _end(file)


def _replaced(engine: Engine, what: str, remedy: str = _REMEDY) -> FileReplaced:
    return FileReplaced(
        f"database {database_name(engine)} {what}. {remedy}", brief=f"the database file {what}. {remedy}"
    )


def _end(file: OpenFile) -> None:
    for engine in tuple(_engines.get(file.path, ())):
        engine.dispose()


def _set_wal(file: OpenFile) -> None:
    """Set WAL mode, which a backup does not have, before anyone is in the way."""
    if any(_engines.get(file.path, {}).values()):
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"{file.path.as_uri()}?mode=rw", uri=True)) as new,
        ):
            new.execute("PRAGMA journal_mode = WAL")


def _idle(file: OpenFile) -> Iterable[sqlite3.Connection]:
    """Give a connection of each engine, opened before the change if one is free."""
    for engine in tuple(_engines.get(file.path, ())):
        with suppress(SQLAlchemyError, sqlite3.Error, StoreError), engine.connect() as connection:
            driver = connection.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):
                yield driver


def _revision(file: OpenFile) -> str | None:
    for connection in _idle(file):
        with suppress(sqlite3.Error):
            (revision,) = connection.execute(_REVISION).fetchone()
            return str(revision)
    return None


def _save_log(file: OpenFile) -> bool:
    """Put the content of the -wal into its own file, also where neither has a name any more."""
    for connection in _idle(file):
        with suppress(sqlite3.Error):
            is_busy, _frames, _saved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not is_busy
    return False


def _fault(file: OpenFile) -> str | None:
    """Say what stands at the path if it is no history to open; looked at once for each state of it."""
    try:
        status = file.path.stat()
        state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if _refused.get(file.path, ((), ""))[0] != state:
            fault = _fault_now(file, state[:2]) if status.st_size else _EMPTY
            if fault is None:
                _refused.pop(file.path, None)
                return None
            _refused[file.path] = state, fault
    except OSError as error:
        return f"was replaced by a file that cannot be read ({error.strerror})"
    return _refused[file.path][1]


def _fault_now(file: OpenFile, there: FileId) -> str | None:
    real = Path(os.path.realpath(file.path))
    if there == file.id:
        return _fault_of_content(file, real)
    has_own_log = has_wal(real) and (real != file.real or file_id(beside(real, LOG)) != file.log)
    if has_own_log:
        try:
            require_own_wal(real)
        except StoreError:
            return "was replaced, and the -wal beside it is another file's: move that one away"
    return _fault_of(real, file.revision, has_log=has_own_log)


def _fault_of_content(file: OpenFile, real: Path) -> str | None:
    """Make a file of its own of what was copied into the open one: SQLite would put the old -wal into it."""
    draft = beside(real, ".overwritten")
    try:
        with draft.open("wb") as copy:
            draft.chmod(stat.S_IMODE(real.stat().st_mode))
            while block := file.read(_BLOCK_BYTES, copy.tell()):
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
        if fault := _fault_of(draft, file.revision, has_log=False):
            return fault
        draft.replace(real)
    finally:
        draft.unlink(missing_ok=True)
    return None


def _fault_of(path: Path, revision: str | None, *, has_log: bool) -> str | None:
    address = f"{path.as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as other:
            (other_revision,) = other.execute(_REVISION).fetchone()
            # a file that was just begun has none: whether this version can use the other is asked later
            if other_revision is None or revision not in {None, other_revision}:
                return "was replaced by a history of another version of monitor"
            is_sound = other.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError as error:
        said = str(error)
        return next((meaning for piece, meaning in _TROUBLE if piece in said), _DAMAGED)
    return None if is_sound else _DAMAGED
