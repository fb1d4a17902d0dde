"""A clock that stands still while the process does, for the timers of an event loop.

A process that was stopped (SIGSTOP, a debugger, a frozen container) or blocked for long wakes up with timers
that are due and answers that arrived meanwhile; asyncio would let the timers win, and the answers be lost.
"""

import selectors
import time
from collections.abc import Callable
from typing import Any, Final

_FROZEN_S: Final = 5.0  # many times what a busy machine makes of a turn of the loop
_LATE_S: Final = 0.05  # many times what a turn takes where nothing is in its way
_QUIET_TURNS: Final = 32  # more than an answer takes from its socket to who waits for it


class Standstill(selectors.DefaultSelector):
    """The usual selector, which also counts the seconds of turns that took far too long: `lost_s`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self.lost_s = clock, 0.0
        self._unsettled_turns = 0
        self._returned_at = clock()

    def now(self) -> float:
        """Return the seconds of a clock that stands still while the process does."""
        return self._clock() - self.lost_s

    def is_settled(self) -> bool:
        """Return whether what had arrived when a turn was late has been read, and got to who waits for it."""
        return self._unsettled_turns == 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """Wait as usual; without a time-out no timer runs, and none can come too soon."""
        begun_at = self._clock()
        blocked_s = begun_at - self._returned_at
        self._leave_out(blocked_s, 0.0)
        ready = super().select(timeout)
        self._returned_at = self._clock()
        slept_s = 0.0 if timeout is None else self._returned_at - begun_at - max(0.0, timeout)
        if timeout is not None:
            self._leave_out(self._returned_at - begun_at, max(0.0, timeout))
        self._settle(is_late=max(blocked_s, slept_s) > _LATE_S, has_read=bool(ready))
        return ready

    def _settle(self, *, is_late: bool, has_read: bool) -> None:
        if is_late or (self._unsettled_turns and has_read):
            self._unsettled_turns = _QUIET_TURNS
        elif self._unsettled_turns:
            self._unsettled_turns -= 1

    def _leave_out(self, took_s: float, expected_s: float) -> None:
        if took_s - expected_s > _FROZEN_S:
            self.lost_s += took_s
