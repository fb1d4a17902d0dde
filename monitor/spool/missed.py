"""The slots that no sweep was kept for, noted until the database is back."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from monitor.atomic import write_atomically
from monitor.spool.home import Home

_MOST: Final = 100_000  # slots; as many as the schedule looks back


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedSlots:
    """Slots of one provider and vantage, and why they were missed."""

    provider: str
    vantage: str
    slots: tuple[datetime, ...]
    cause: str | None = None


_NOTES: Final = TypeAdapter(list[MissedSlots])


class MissedNotes:
    """The notes of one database in a file beside its records; in memory, where that cannot be written."""

    def __init__(self, home: Home, name: str) -> None:
        """Keep the notes in a file of this name."""
        self._home, self._name = home, name
        self._unwritten = list[MissedSlots]()

    def add(self, note: MissedSlots) -> None:
        """Note slots."""
        if note.slots and sum(len(each.slots) for each in self.read()) < _MOST:
            self._unwritten.append(note)
            self._write(self.read())

    def read(self) -> list[MissedSlots]:
        """Return what is noted; a file that cannot be read holds nothing."""
        with suppress(OSError, ValueError, ValidationError):
            return [*_NOTES.validate_json((self._home.place() / self._name).read_bytes()), *self._unwritten]
        return list(self._unwritten)

    def remove(self, notes: Sequence[MissedSlots]) -> None:
        """Forget these notes: the database knows them."""
        left = [each for each in self.read() if each not in notes]
        self._unwritten = [each for each in self._unwritten if each in left]
        self._write(left)

    def _write(self, notes: Sequence[MissedSlots]) -> None:
        with suppress(OSError):
            if notes:
                write_atomically(self._home.create() / self._name, _NOTES.dump_json(list(notes)))
            else:
                (self._home.place() / self._name).unlink(missing_ok=True)
            self._unwritten = []
