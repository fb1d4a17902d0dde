"""Histories of a certain size: made, kept while they are measured, deleted."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as clock_time

from benchmarks.years.adding import Continued
from benchmarks.years.filling import Filled, fill
from benchmarks.years.places import Place, bytes_of
from monitor.clock import utc_now
from monitor.store.connection.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """So many sweeps of so many models."""

    sweeps: int
    models: int = 200

    @property
    def observations(self) -> int:
        """How many that makes."""
        return self.sweeps * self.models

    @property
    def words(self) -> str:
        """How it is called in the table."""
        return f"{self.observations / 1e6:.1f}M"


@dataclass(slots=True)
class Kept:
    """A history that is there, open as `engine`, and how many seconds it took to make."""

    place: Place
    level: Level
    name: str
    filled: Filled
    seconds: float
    continued: Continued
    engine: Engine
    naive: Engine | None
    _naive: ExitStack = field(repr=False)

    def bytes(self) -> float:
        """Return what an observation takes, everything included."""
        return bytes_of(self.place, self.name) / self.level.observations

    def naive_bytes(self) -> float:
        """Return what a row of the naive table takes, with its index."""
        return bytes_of(self.place, _naive(self.name)) / self.level.observations

    def drop_naive(self) -> None:
        """Give up the naive table."""
        self._naive.close()
        self.naive = None


@contextmanager
def kept(place: Place, level: Level, *, with_naive: bool) -> Iterator[Kept]:
    """Make a history, and the naive table beside it; both are deleted in the end."""
    name = f"history-{level.models}-{level.sweeps}"
    with ExitStack() as opened, ExitStack() as opened_naive:
        engine = _made(opened, place, name, is_history=True)
        naive = _made(opened_naive, place, _naive(name), is_history=False) if with_naive else None
        begun = time.perf_counter()
        filled = fill(engine, naive, models=level.models, sweeps=level.sweeps, end=_midnight())
        seconds = time.perf_counter() - begun
        for each in (name, _naive(name)) if naive else (name,):
            place.settle(each)
        yield Kept(place, level, name, filled, seconds, Continued(filled), engine, naive, opened_naive)


def _made(opened: ExitStack, place: Place, name: str, *, is_history: bool) -> Engine:
    engine = place.make(name, is_history=is_history)
    opened.callback(place.drop, name)
    opened.callback(engine.dispose)
    return engine


def _naive(name: str) -> str:
    return f"naive-{name}"


def _midnight() -> datetime:
    return datetime.combine(utc_now().date(), clock_time(), UTC)
