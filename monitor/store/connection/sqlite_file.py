"""The SQLite file as a file: it has its permissions and WAL mode before any data is in it."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from monitor.errors import StoreUnavailable
from monitor.store.connection.engine import BUSY_AFTER_S, file_mode_of, is_sqlite, sqlite_path
from monitor.store.connection.errors import database_name, translated
from monitor.store.connection.file_change import require_same_file
from monitor.store.connection.open_file import enter, leave

# A sweep changes a row on each of hundreds of pages, and each is written as a whole: half of SQLite's default
# is half of the bytes, and readers take no longer. With 1,024 days with many latencies overflow their pages.
_PAGE_BYTES: Final = 2_048


def is_missing(engine: Engine) -> bool:
    """Return whether there is no SQLite file; one that cannot be looked at may be there."""
    try:
        sqlite_path(engine).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # no right to look is not proof that it is missing
        return False
    return False


def is_own(engine: Engine, file: Path) -> bool:
    """Return whether a file is the SQLite database or one beside it that belongs to it: its logs, its locks.

    Raises OSError for a name that no file can have, RuntimeError for symbolic links that go in circles.
    """
    if not is_sqlite(engine):
        return False
    database, target = sqlite_path(engine).resolve(), file.resolve()
    if target.exists() and database.exists() and target.samefile(database):  # a hard link has another name
        return True
    end = target.name.removeprefix(database.name)
    belongs = end in {"", "-wal", "-shm", "-journal"} or (end.startswith(".") and end.endswith(".lock"))
    return target.parent == database.parent and target.name.startswith(database.name) and belongs


def create_file(engine: Engine, look: Callable[[Engine], object]) -> None:
    """Create the SQLite file and its directory unless they exist; many processes may do so at once.

    `look` sees the file before anything in it is changed, and may raise to have it left alone.
    """
    path, mode = sqlite_path(engine), file_mode_of(engine)
    require_same_file(engine)  # nothing is created in the place of one that vanished while it was open
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(path.parent):  # two first starts would both see an empty file
            _create(path, mode)
            look(engine)
            with translated(engine):
                _set_wal(path)
    except OSError as error:
        raise StoreUnavailable(
            f"database {database_name(engine)} cannot be created: {error.strerror}: {error.filename}"
        ) from error


def ensure_mode(engine: Engine) -> None:
    """Give an existing file and its -wal and -shm the configured permissions, where this user may."""
    path, mode = sqlite_path(engine), file_mode_of(engine)
    for part in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(FileNotFoundError, PermissionError):
            if part.is_file() and part.stat().st_mode & 0o777 != mode:
                part.chmod(mode)


def ensure_wal(engine: Engine) -> None:
    """Set WAL mode, which a file restored from a copy may have lost."""
    with translated(engine):
        _set_wal(sqlite_path(engine))


def close_alone(path: Path, *, checkpoints: bool) -> None:
    """Open the file and close it, which removes its -wal and -shm unless another process has it open.

    With `checkpoints` the content of the -wal is then in the file, as far as others' reading allows. Raises
    sqlite3.Error, and StoreError where the -wal is another file's.
    """
    with alone_in(path.parent), opened(path) as file:  # the last of all that come here closes the file alone
        file.execute("PRAGMA schema_version").fetchone()  # a connection opens the log when it first reads
        if file.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            file.execute("BEGIN EXCLUSIVE")  # SQLite ignores an empty -wal here, and leaves it
            for end in ("-wal", "-shm"):
                path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
            file.execute("ROLLBACK")
        elif checkpoints:
            file.execute("PRAGMA busy_timeout = 0")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def is_shrinkable(engine: Engine) -> bool:
    """Return whether the file can give pages back one by one; those of older versions cannot."""
    with translated(engine), opened(sqlite_path(engine)) as file:
        (mode,) = file.execute("PRAGMA auto_vacuum").fetchone()
        return bool(mode)


def make_shrinkable(engine: Engine) -> None:
    """Rewrite the whole file, so that it can; no other process may write meanwhile.

    Raises StoreError, the file as it was, where the disk has no room for it twice or another process writes.
    """
    with translated(engine), opened(sqlite_path(engine)) as file:
        file.execute("PRAGMA auto_vacuum = INCREMENTAL")  # the setting takes effect with the VACUUM after it
        file.execute("VACUUM")


def give_back(engine: Engine, pages: int) -> bool:
    """Cut up to so many unused pages off the file, in one transaction; True if there may be more to cut."""
    with translated(engine), opened(sqlite_path(engine)) as file:
        # A script, because it frees one page for each row that it is asked for, and `execute` asks for one.
        file.executescript(f"PRAGMA incremental_vacuum({pages:d})")
        (left,) = file.execute("PRAGMA freelist_count").fetchone()
        (can_be_cut,) = file.execute("PRAGMA auto_vacuum").fetchone()
        return bool(left and can_be_cut)


def _create(path: Path, mode: int) -> None:
    # SQLite gives -wal and -shm the permissions of the file itself.
    with suppress(FileExistsError):
        # O_EXCL: a file that is there keeps its content
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, mode)
        try:
            os.fchmod(descriptor, mode)  # the umask may have taken bits away
        finally:
            os.close(descriptor)


def _set_wal(path: Path) -> None:
    with opened(path) as file:
        if not path.stat().st_size:
            # both are possible only while nothing is in the file
            file.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            file.execute("PRAGMA auto_vacuum = INCREMENTAL")
        if file.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            file.execute("PRAGMA journal_mode = WAL")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection for writing to an existing file, past the engine; closes it. Raises ForeignWal."""
    file = enter(path)
    try:
        with closing(
            sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_AFTER_S)
        ) as connection:
            yield connection
    finally:
        if file is not None:
            leave(file)


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Wait until no other process or thread is here, for what takes a moment only."""
    # the directory itself: the file may not exist
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
