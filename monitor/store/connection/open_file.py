"""The SQLite file that this process has open under a path, and whether it still stands there.

A file that was deleted or replaced stays readable and writable to who has it open, and no other process
ever sees what is written into it. So each connection of a process is to one file, and each transaction begins
with a comparison of that file with the one at the path.
"""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Final

from sqlalchemy import QueuePool
from sqlalchemy.pool import ConnectionPoolEntry

from monitor.errors import FileReplaced
from monitor.store.connection.own_wal import require_own_wal

FileId = tuple[int, int]  # device and inode, different for each file, whatever it is called

LOG: Final = "-wal"
COMPANIONS: Final = (LOG, "-shm")

changing: Final = RLock()  # held while what is open under a path changes; comparing needs no lock

_files: Final[dict[Path, "OpenFile"]] = {}  # by the path of the address
_connections: Final[dict[FileId, int]] = {}  # of this process, to each file
_heads: Final[
    dict[FileId, int]
] = {}  # descriptors, closed after the last connection: each takes its locks along

_HEAD_BYTES: Final = 28
_WAL_MODE: Final = b"\x02\x02"


def file_id(path: Path) -> FileId | None:
    """Return the id of the file at a path; None where there is none, or none may be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@dataclass(slots=True, eq=False)
class OpenFile:
    """A file by its path and id, how many connections to it are open, and its companions once they exist."""

    path: Path  # as the address names it
    real: Path  # without links, as it was when it was opened: SQLite makes -wal and -shm beside it
    id: FileId
    connections: int = 0
    has_content: bool = False
    changes: int | None = None  # the counter in its first page: once in WAL mode, it only goes up
    is_ending: bool = False
    revision: str | None = None  # of its schema, once someone has asked
    log: FileId | None = None
    index: FileId | None = None
    _companions: tuple[Path, ...] = field(init=False)  # made once: they are looked at with each transaction

    def __post_init__(self) -> None:
        self._companions = tuple(beside(self.real, end) for end in COMPANIONS)

    def is_at_path(self) -> bool:
        """Return whether the path still leads to this file, with what was in it."""
        try:
            status = self.path.stat()
        except OSError:
            return False
        if (status.st_dev, status.st_ino) != self.id:
            return False
        self.has_content = self.has_content or status.st_size > 0
        return not self.is_overwritten() and (status.st_size > 0 or not self.has_content)

    def is_overwritten(self) -> bool:
        """Return whether another file's content was copied into this one."""
        return self._is_other_head() and self._is_other_head()  # again: a checkpoint may be writing it

    def _is_other_head(self) -> bool:
        head = self.read(_HEAD_BYTES, 0)
        if len(head) < _HEAD_BYTES:
            return False
        is_wal, changes = head[18:20] == _WAL_MODE, int.from_bytes(head[24:28], "big")
        if self.changes is not None and (not is_wal or (changes - self.changes) & 0xFFFF_FFFF >= 1 << 31):
            return True
        self.changes = changes if is_wal else None
        return False

    def read(self, size: int, place: int) -> bytes:
        """Return bytes of the file, past SQLite and whatever its name is now; none if it cannot be read."""
        descriptor = _heads.get(self.id)
        return b"" if descriptor is None else os.pread(descriptor, size, place)

    def has_companions(self) -> bool:
        """Return whether the files beside it are those that its connections use."""
        log, index = map(file_id, self._companions)
        self.log, self.index = self.log or log, self.index or index  # SQLite makes them when it first reads
        return self.log == log and self.index == index


def beside(path: Path, end: str) -> Path:
    """Return the path of what belongs to a SQLite file, such as its -wal."""
    return path.with_name(f"{path.name}{end}")


def open_file(path: Path) -> OpenFile | None:
    """Return what this process has open under a path."""
    return _files.get(path)


def enter(path: Path) -> OpenFile | None:
    """Count a connection that is about to be opened; None where there is no file to open.

    Raises ForeignWal where SQLite would mix two files, FileReplaced where another file is open under this
    path. Looks before the first of this process only: to read the file past SQLite would take the others
    their locks (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    with changing:
        there = file_id(path)
        file = _files.get(path)
        if file is not None and (there != file.id or file.is_ending):
            brief = "the database file was replaced this moment"
            raise FileReplaced(f"database {path}: {brief}; it is opened again by itself", brief=brief)
        if there is None:
            return None
        real = Path(os.path.realpath(path))
        if not _connections.get(there):
            require_own_wal(real)
            with suppress(OSError):
                _heads[there] = os.open(real, os.O_RDONLY | os.O_CLOEXEC)
        file = _files.setdefault(path, OpenFile(path, real, there))
        file.connections += 1
        _connections[there] = _connections.get(there, 0) + 1
        return file


def leave(file: OpenFile) -> None:
    """Count a connection that was closed, or not opened after all."""
    with changing:
        file.connections -= 1
        _connections[file.id] -= 1
        if not _connections[file.id]:
            del _connections[file.id]
            if file.id in _heads:
                os.close(_heads.pop(file.id))
        if not file.connections and _files.get(file.path) is file:
            del _files[file.path]


class FileConnection(sqlite3.Connection):
    """A connection that is counted until it is closed."""

    file: OpenFile | None = None

    def close(self) -> None:
        """Close it, once or again."""
        super().close()
        if self.file is not None:
            file, self.file = self.file, None
            leave(file)


def accept_file(path: Path, there: FileId, revision: str | None) -> None:
    """Let the next connection be to this file, whatever those before it were to."""
    with changing:
        _files[path] = OpenFile(path, Path(os.path.realpath(path)), there, revision=revision)


def is_writable(path: Path) -> bool:
    """Return whether this user may write a SQLite file, and the log that SQLite makes beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


class FilePool(QueuePool):
    """Closes also what is given back after its end, as the connection of a page that was under way."""

    __module__ = QueuePool.__module__  # where its log lines belong
    _has_ended = False

    def dispose(self) -> None:
        """Close every connection that is here."""
        self._has_ended = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        super()._do_return_conn(record)
        if self._has_ended:
            super().dispose()
