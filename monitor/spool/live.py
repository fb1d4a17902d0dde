"""A mark beside a record whose sweep still runs: a lock of the kernel, which ends with the process."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

MARK: Final = ".live"


class LiveMark:
    """Held while a sweep writes its record again and again: it is not replayed meanwhile."""

    def __init__(self, record: Path) -> None:
        """Mark this record's file."""
        self._path = _mark_of(record)
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the mark; raises OSError where it cannot be written."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Give it up; does nothing if it is not held."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def is_live(record: Path) -> bool:
    """Return whether a sweep that still runs, in whatever process of this machine, writes this record."""
    try:
        descriptor = os.open(_mark_of(record), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def remove_dead_mark(mark: Path) -> None:
    """Remove a mark that a killed process left."""
    with suppress(OSError):
        if not is_live(mark.with_name(mark.name[1 : -len(MARK)])):
            mark.unlink(missing_ok=True)


def _mark_of(record: Path) -> Path:
    return record.with_name(f".{record.name}{MARK}")
