"""The directory of the spool: what waits there, in the order of its start, and what it may take.

Several databases may share a directory: the name of a file says by a digest to which one it belongs.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from monitor.atomic import write_atomically
from monitor.clock import utc_now
from monitor.core.domain.sweep import Sweep
from monitor.errors import NotSpooled
from monitor.spool.home import Home
from monitor.spool.live import MARK, LiveMark, is_live, remove_dead_mark
from monitor.spool.memories import MemoryFiles
from monitor.spool.missed import MissedNotes
from monitor.spool.names import digest
from monitor.spool.record import SpoolRecord, format_spooled
from monitor.spool.trouble import full, not_spooled, try_to_write

SET_ASIDE: Final = "set-aside"
_END: Final = ".jsonl"
_TIME: Final = "%Y%m%dT%H%M%S"
_USUAL_BYTES: Final = 1 << 16  # of a sweep of 200 models
_SURPLUS_S: Final = 60.0  # seconds after which a draft is no file that another process writes just now
_SMALLEST_FILE: Final = 4096  # bytes


class Spool:
    """The records of one database in one directory. Nothing is created before the first record is kept."""

    def __init__(self, directory: Path, database: str, *, max_size: int) -> None:
        """Keep the sweeps of `database`, a label of it, in at most `max_size` bytes."""
        self.directory, self.database, self.max_size = directory, database, max_size
        self._end = f"-{digest(database)}{_END}"
        self._home = Home(directory)
        self.missed = MissedNotes(self._home, f"missed-{digest(database)}.json")
        self.memories = MemoryFiles(self._home, f"-{digest(database)}.json")
        self._largest = 1

    def path_of(self, sweep: Sweep) -> Path:
        """Return the file of a sweep: one for each provider, vantage and start (rules.md 30)."""
        return self._path(sweep.provider, sweep.vantage, sweep.started_at)

    def is_taken(self, provider: str, vantage: str, started_at: datetime) -> bool:
        """Return whether a sweep of this start waits already."""
        return self._path(provider, vantage, started_at).exists()

    def _path(self, provider: str, vantage: str, started_at: datetime) -> Path:
        start = f"{started_at.astimezone(UTC):{_TIME}}.{started_at.microsecond // 1000:03}Z"
        return self._home.place() / f"{start}-{self._end_of(provider, vantage)}"

    def _end_of(self, provider: str, vantage: str) -> str:
        word = "".join(c if c.isascii() and c.isalnum() else "_" for c in provider)[:40]
        return f"{word}-{digest(provider, vantage)}{self._end}"

    def last_of(self, provider: str, vantage: str) -> Path | None:
        """Return the record of the latest sweep of a provider that waits, if one does."""
        end = f"-{self._end_of(provider, vantage)}"
        return max((file for file in self.waiting() if file.name.endswith(end)), default=None)

    def keep(self, record: SpoolRecord) -> Path:
        """Write a record over the one of the same sweep; returns its file. Raises NotSpooled."""
        file, content = self.path_of(record.late.sweep), format_spooled(record)
        self.create()
        try:
            self._make_room(len(content), without=file.name)
            write_atomically(file, content)
        except OSError as error:
            raise not_spooled(self.directory, "written", error) from None
        self._largest = max(self._largest, len(content))
        return file

    def create(self) -> None:
        """Create the directory unless it is there; raises NotSpooled."""
        try:
            self._home.create()
        except OSError as error:
            raise not_spooled(self.directory, "created", error) from None

    def mark(self, sweep: Sweep) -> LiveMark:
        """Return the mark that a sweep holds while it runs."""
        return LiveMark(self.path_of(sweep))

    def require_room(self) -> None:
        """Raise NotSpooled unless one more sweep, as large as the largest so far, can be written."""
        self.create()
        try:
            self._make_room(self._largest)
            try_to_write(self._home.place(), max(self._largest, _USUAL_BYTES))
        except OSError as error:
            raise not_spooled(self.directory, "written", error) from None

    def keep_memory(self, provider: str, document: str) -> None:
        """Keep what a provider's next sweep begins with, if it leaves room for a record."""
        with suppress(OSError):
            if self.size() + len(document) + self._largest <= self.max_size:
                self.memories.keep(provider, document)

    def _make_room(self, wanted: int, *, without: str = "") -> None:
        """Raise NotSpooled unless so many bytes have room; what is no sweep gives way."""
        if self.size(without=without) + wanted > self.max_size:
            self.memories.clear()
        taken = self.size(without=without)
        if taken + wanted > self.max_size:
            raise full(self.directory, taken, self.max_size)

    def size(self, *, without: str = "") -> int:
        """Return how many bytes the directory takes, what was set aside and the file `without` left out."""
        place = self._home.place()
        if not place.is_dir():
            return 0
        with os.scandir(place) as entries:
            return sum(size_of(entry) for entry in entries if entry.is_file() and entry.name != without)

    def waiting(self) -> list[Path]:
        """Return the records of this database, the oldest start first; those of running sweeps too."""
        place = self._home.place()
        return [place / name for name in sorted(self._names()) if name.endswith(self._end)]

    def ready(self) -> list[Path]:
        """Return the records whose sweeps have ended, or whose process has."""
        return [file for file in self.waiting() if not is_live(file)]

    def count(self) -> tuple[int, datetime | None]:
        """Count the records that wait to be replayed, and say when the first of them began; reads no file."""
        names = set(self._names())
        ready = [name for name in names if name.endswith(self._end) and f".{name}{MARK}" not in names]
        return len(ready), started_at(Path(min(ready))) if ready else None

    def settle(self) -> None:
        """Take note that the database is at hand: what stands at the path is there to stay."""
        if not self.waiting() and not self.missed.read():
            self.memories.clear()
            self._home.settle()

    def others(self) -> int:
        """Count the records that wait for other databases."""
        return sum(name.endswith(_END) and not name.endswith(self._end) for name in self._names())

    def remove(self, file: Path) -> None:
        """Remove a record that is in the database now, or is not needed any more."""
        with suppress(OSError):
            file.unlink(missing_ok=True)

    def leave(self) -> None:
        """Remove the directory if nothing is in it: after a clean stop the history is one file."""
        with suppress(OSError):
            self._home.place().rmdir()

    def set_aside(self, file: Path) -> Path:
        """Move a record out of the way, for the operator; returns its new place.

        What was set aside takes at most as much as the spool: where there is no room, nothing older goes,
        the record itself is removed, and NotSpooled is raised. Raises OSError.
        """
        place = self._home.place() / SET_ASIDE / file.name
        place.parent.mkdir(mode=0o700, exist_ok=True)
        taken = sum(map(_on_disk, set_aside_in(self._home.place())))
        if taken + _on_disk(file) > self.max_size:
            file.unlink()
            raise NotSpooled(
                f"it was removed: {place.parent} is full: {taken:,} of {self.max_size:,} bytes are taken: "
                "import or delete what is there"
            )
        number = 1
        while place.exists():  # an older one of the same sweep
            number += 1
            place = place.with_name(f"{file.stem}-{number}{file.suffix}")
        file.rename(place)
        return place

    def clean(self) -> None:
        """Remove what a crash left: drafts that were never given their name, marks of dead processes."""
        for name in self._names():
            file = self._home.place() / name
            if name.startswith(".") and name.endswith(MARK):
                remove_dead_mark(file)
            elif name.startswith("."):
                with suppress(OSError):
                    if abs(utc_now().timestamp() - file.stat().st_mtime) > _SURPLUS_S:
                        file.unlink(missing_ok=True)

    def _names(self) -> list[str]:
        with suppress(OSError):
            return [entry.name for entry in os.scandir(self._home.place())]
        return []


def started_at(file: Path) -> datetime:
    """Return when the sweep of a record began, by the name of its file."""
    return datetime.strptime(file.name.partition("-")[0], f"{_TIME}.%fZ").replace(tzinfo=UTC)


def set_aside_in(directory: Path) -> list[Path]:
    """Return the files that were set aside in a spool's directory."""
    with suppress(OSError):
        return sorted((directory / SET_ASIDE).iterdir())
    return []


def size_of(file: os.PathLike[str]) -> int:
    """Return how many bytes a file has; 0 for one that was replayed or removed since it was listed."""
    try:
        return os.stat(file).st_size  # noqa: PTH116 - an entry of `scandir` is no Path
    except FileNotFoundError:
        return 0


def _on_disk(file: Path) -> int:
    """Return how many bytes a file takes at least: an empty one takes some, too."""
    return max(size_of(file), _SMALLEST_FILE)
