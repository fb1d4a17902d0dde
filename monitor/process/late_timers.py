"""Timers that let what has arrived be read first, where the loop was late.

Whatever blocks the loop (a busy machine, a long step, a short stop), it wakes up with timers that are due
beside bytes that wait in a socket. asyncio reads the bytes and runs the timers in one turn, so that a
time-out cancels who was about to take the answer.
"""

import asyncio
from collections.abc import Callable
from typing import Final

_LONGEST_S: Final = 1.0  # where something arrives in every turn


class LateTimer:
    """The callback of one timer; its `handle` is asked before it runs, as it may be cancelled meanwhile."""

    handle: asyncio.TimerHandle | None = None

    def __init__(self, callback: Callable[[], object], is_settled: Callable[[], bool]) -> None:
        """Call back once the loop `is_settled`: what arrived while it was late has been read."""
        self._callback, self._is_settled = callback, is_settled
        self._give_up_at: float | None = None

    def __call__(self) -> None:
        """Run the callback, or come back in the next turn."""
        if self.handle is None or self.handle.cancelled():
            return
        loop = asyncio.get_running_loop()
        if self._is_settled() or self._is_too_long(loop.time()):
            self.handle = None  # it refers to this: a cycle for each timer would be work for the collector
            self._callback()
        else:
            loop.call_soon(self)

    def _is_too_long(self, now: float) -> bool:
        if self._give_up_at is None:
            self._give_up_at = now + _LONGEST_S
        return now >= self._give_up_at
