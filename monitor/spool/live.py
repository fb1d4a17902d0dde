"""A mark beside a record whose sweep still runs: a lock of the kernel, which ends with the process."""

import os
from contextlib import suppress
from errno import EAGAIN
from pathlib import Path
from typing import Final

from monitor.process import flock

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
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if not flock.take(descriptor):  # two processes with one sweep: the other one keeps it
                os.close(descriptor)
                raise BlockingIOError(EAGAIN, "another process keeps this sweep")
            self._descriptor = descriptor

    def release(self) -> None:
        """Give it up; does nothing if it is not held."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def is_live(record: Path) -> bool:
    """Return whether a sweep that still runs, in whatever process of this machine, writes this record."""
    return not flock.is_free(_mark_of(record))


def remove_dead_mark(mark: Path) -> None:
    """Remove a mark that a killed process left."""
    with suppress(OSError):
        if not is_live(mark.with_name(mark.name[1 : -len(MARK)])):
            mark.unlink(missing_ok=True)


def _mark_of(record: Path) -> Path:
    return record.with_name(f".{record.name}{MARK}")
