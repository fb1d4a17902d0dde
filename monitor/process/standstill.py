"""A clock that stands still while the process does, for the timers of an event loop.

A process that was stopped (SIGSTOP, a debugger, a frozen container) or blocked for long wakes up with timers
that are due and answers that arrived meanwhile; asyncio would let the timers win, and the answers be lost.
"""

import selectors
import time
from collections.abc import Callable
from typing import Any, Final

_FROZEN_S: Final = 5.0  # many times what a busy machine makes of a turn of the loop


class Standstill(selectors.DefaultSelector):
    """The usual selector, which also counts the seconds of turns that took far too long: `lost_s`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self.lost_s = clock, 0.0
        self._returned_at = clock()

    def now(self) -> float:
        """Return the seconds of a clock that stands still while the process does."""
        return self._clock() - self.lost_s

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """Wait as usual; without a time-out no timer runs, and none can come too soon."""
        begun_at = self._clock()
        self._leave_out(begun_at - self._returned_at, 0.0)
        ready = super().select(timeout)
        self._returned_at = self._clock()
        if timeout is not None:
            self._leave_out(self._returned_at - begun_at, max(0.0, timeout))
        return ready

    def _leave_out(self, took_s: float, expected_s: float) -> None:
        if took_s - expected_s > _FROZEN_S:
            self.lost_s += took_s
