"""Why the spool's disk takes nothing, in words with what to do."""

import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from monitor.errors import NotSpooled

_ELSEWHERE: Final = "or set [spool] directory to another place"
_REMEDIES: Final[Mapping[int, str]] = {
    errno.ENOSPC: "free some on its disk",
    errno.EDQUOT: "free some of this user's quota, or raise it",
    errno.EROFS: f"mount it for writing, {_ELSEWHERE}",
    errno.EACCES: f"give the daemon's user the right to write there, {_ELSEWHERE}",
    errno.EPERM: f"give the daemon's user the right to write there, {_ELSEWHERE}",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f, or LimitFSIZE)",
    errno.EIO: f"see the kernel's log for the disk, {_ELSEWHERE}",
}


def not_spooled(directory: Path, act: str, error: OSError) -> NotSpooled:
    """Return what is to be raised where the directory cannot be read, written or created."""
    remedy = _REMEDIES.get(error.errno or 0, "")
    return NotSpooled(f"{directory} cannot be {act}: {error.strerror}{remedy and ': '}{remedy}")


def full(directory: Path, taken: int, most: int) -> NotSpooled:
    """Return what is to be raised where `taken` of `most` bytes are taken."""
    remedy = "raise [spool] max_size, or let the database come back"
    return NotSpooled(f"{directory} is full: {taken:,} of {most:,} bytes are taken: {remedy}")


def try_to_write(directory: Path, size: int) -> None:
    """Raise OSError unless a file of so many bytes can be written there; leaves nothing.

    Room, quota, rights, limits and a disk that fails have no other test that holds for all of them.
    """
    with tempfile.TemporaryFile(dir=directory, prefix=".trial.") as trial:
        os.posix_fallocate(trial.fileno(), 0, size)
