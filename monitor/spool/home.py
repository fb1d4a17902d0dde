"""Where the spool's directory is, also after all that is around it was moved away while it was in use."""

import os
from contextlib import suppress
from pathlib import Path


class Home:
    """The directory of a spool. What was moved away around it is not made again: it may come back.

    Another directory in its place is left alone until it is settled: a volume that is away for a while leaves
    one, and what is put into that is out of reach once the volume is back.
    """

    def __init__(self, directory: Path) -> None:
        """Remember what is around the directory, if it is there by now."""
        self._directory = directory
        self._around: int | None = None
        self.place()

    def place(self) -> Path:
        """Return under which path the directory is reached now; it need not exist."""
        # a directory that was removed, not moved, has no links: the path is made again
        if self._around is None or not os.fstat(self._around).st_nlink:
            self._remember()
        if self._around is None or self._is_at_path(self._around):
            return self._directory
        if os.fstat(self._around).st_nlink:
            return Path(f"/proc/self/fd/{self._around}") / self._directory.name
        return self._directory

    def settle(self) -> None:
        """Take what is around the path now, where nothing is left in what was around it."""
        if self._around is None or not self._is_at_path(self._around):
            self._remember()

    def create(self) -> Path:
        """Create the directory unless it is there, for its user alone; returns its path. Raises OSError."""
        place = self.place()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def _is_at_path(self, around: int) -> bool:
        with suppress(OSError):
            return os.path.samestat(self._directory.parent.stat(), os.fstat(around))
        return False

    def _remember(self) -> None:
        with suppress(OSError):
            former = self._around
            self._around = os.open(self._directory.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            if former is not None:
                os.close(former)

    def __del__(self) -> None:
        """Close what was remembered."""
        if self._around is not None:
            os.close(self._around)
