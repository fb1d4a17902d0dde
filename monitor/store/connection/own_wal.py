"""Finds out whether the -wal beside a SQLite file is that file's own, before SQLite applies it.

Nothing ties the two together. SQLite applies every log of that name whose own checksums are right: beside a
file that was put in the place of another, it mixes two histories and damages both. What must hold:

- only a file in WAL mode has a log with content, and both have one page size;
- checkpoints copy pages unchanged, so the file's first page is the one from before the log, or stands in it;
- a commit that changes the first page raises the change counter in it by one at most;
- a log without the first page leaves the number of pages as it was.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from monitor.errors import StoreUnavailable
from monitor.store.connection.wal_frames import FILE_HEADER_BYTES, Frame, Wal, read_wal

_MAGIC: Final = b"SQLite format 3\0"
_WAL_MODE: Final = b"\x02\x02"
_WORD: Final = 0xFFFFFFFF


class ForeignWal(StoreUnavailable):
    """The -wal beside the database is another file's."""


def has_wal(path: Path) -> bool:
    """Return whether a log with content stands beside a SQLite file."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def require_own_wal(path: Path) -> None:
    """Raise ForeignWal where the -wal beside a file, by its real path, cannot be its own. Changes nothing."""
    if fault := _fault_beside(path):
        raise ForeignWal(
            f"database {path}: {path.name}-wal beside it is another file's: {fault}. Opened together they "
            "would be damaged, so nothing was opened or changed. Put a backup in place with `monitor db "
            f"restore FILE`; or, if {path.name} is the right file, move {path.name}-wal and {path.name}-shm "
            "away"
        )


def _fault_beside(path: Path) -> str | None:
    with suppress(OSError):  # who may not read them cannot open the database either, which says so
        descriptor = os.open(path.with_name(f"{path.name}-wal"), os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _fault(path, descriptor)
        finally:
            os.close(descriptor)
    return None


def _fault(path: Path, descriptor: int) -> str | None:
    wal = read_wal(descriptor)
    with path.open("rb") as file:
        head = file.read(FILE_HEADER_BYTES)
    if wal is None or len(head) < FILE_HEADER_BYTES:  # SQLite ignores the one, and deletes the other's log
        return None
    fault = _fault_of(head, wal, wal.frames(checks=False))
    if fault:  # again with checksums: after a power cut there may be frames that SQLite ignores
        fault = _fault_of(head, wal, wal.frames(checks=True))
    if read_wal(descriptor) != wal or not os.fstat(descriptor).st_nlink:
        return None  # another process has begun the log again, or removed it: so it is their own
    return fault


def _fault_of(head: bytes, wal: Wal, frames: Iterator[Frame]) -> str | None:
    first = next(frames, None)
    if first is None:
        return None
    if not head.startswith(_MAGIC):
        return "the file is no SQLite database"
    if head[18:20] != _WAL_MODE:
        return "the file is a copy that never had one, such as `monitor db backup` makes"
    (page_size,) = struct.unpack_from(">H", head, 16)
    if (65_536 if page_size == 1 else page_size) != wal.page_size:
        return "its pages are of another size"
    return _fault_in_order(head, first, frames)


def _fault_in_order(head: bytes, first: Frame, frames: Iterator[Frame]) -> str | None:
    """Say why a file cannot be in a state before, amid or after these frames."""
    earliest: int | None = None
    is_other_size = False
    frame: Frame | None = first
    while frame is not None:
        if frame.head:
            earliest = _number(frame.head, 24) if earliest is None else earliest
            if (earliest - _number(head, 24)) & _WORD in {0, 1} or frame.head == head:
                return None
        is_other_size |= frame.pages not in {0, _number(head, 28)}
        frame = next(frames, None)
    if earliest is None and (not is_other_size or _number(head, 24) != _number(head, 92)):
        return None  # the header's number of pages is valid for the change counter that stands at 92
    return "it continues another state of a history"


def _number(head: bytes, place: int) -> int:
    number: int = struct.unpack_from(">I", head, place)[0]
    return number
