"""The time of one sweep: begun at a wall-clock moment, counted by a clock that is never set."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Counts from a sweep's `started_at`, when `monotonic` (seconds) read `begun_s`."""

    started_at: datetime
    begun_s: float
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def start(cls, started_at: datetime, monotonic: Callable[[], float] = time.monotonic) -> "Stopwatch":
        """Start counting now, which is `started_at`."""
        return cls(started_at, monotonic(), monotonic)

    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self.monotonic() - self.begun_s

    def at_ms(self) -> int:
        """Whole milliseconds since the start, as observations carry them."""
        return int(self.elapsed_s() * 1000)  # cut, not rounded: as times in the history

    def now(self) -> datetime:
        """Return the present moment, unmoved by steps of the wall clock."""
        return self.started_at + timedelta(milliseconds=self.at_ms())
