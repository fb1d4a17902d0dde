"""Where the spool's directory is, also after all that is around it was moved away while it was in use."""

import os
from contextlib import suppress
from pathlib import Path


class Home:
    """The directory of a spool. What was moved away around it is not made again: it may come back."""

    def __init__(self, directory: Path) -> None:
        """Remember what is around the directory, if it is there by now."""
        self._directory = directory
        self._around: int | None = None
        self.place()

    def place(self) -> Path:
        """Return under which path the directory is reached now; it need not exist."""
        around = self._directory.parent
        with suppress(OSError):
            status = around.stat()
            if self._around is None or not os.path.samestat(status, os.fstat(self._around)):
                self._remember(around)
            return self._directory
        # a directory that was removed, not moved, has no links: the path is made again
        if self._around is not None and os.fstat(self._around).st_nlink:
            return Path(f"/proc/self/fd/{self._around}") / self._directory.name
        return self._directory

    def create(self) -> Path:
        """Create the directory unless it is there, for its user alone; returns its path. Raises OSError."""
        place = self.place()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def _remember(self, around: Path) -> None:
        former = self._around
        self._around = os.open(around, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        if former is not None:
            os.close(former)
