"""Event loops with a time of their own: one that leaps over every wait, one that hurries through it.

Everything that asks its loop for the time (sleeps, time-outs, pacer, gap) then needs no other clock.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_BEGINNING_S = 1000.0
_HURRY = 20.0


class _Leaping(selectors.DefaultSelector):
    """Waits for nothing: what would take time moves the clock instead."""

    def __init__(self, leap: Callable[[float], None]) -> None:
        super().__init__()
        self._leap = leap

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if timeout is None and not events:
            raise AssertionError("everybody waits for something that never comes")
        if timeout and not events:
            self._leap(timeout)
        return events


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop for what needs no socket: an hour in it takes no time."""

    def __init__(self) -> None:
        self.now_s = _BEGINNING_S
        super().__init__(_Leaping(self._leap))

    def _leap(self, seconds: float) -> None:
        self.now_s += max(seconds, 1e-9)  # else a rounded-off rest of a wait would be waited for without end

    def time(self) -> float:
        return self.now_s


class _Hurrying(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / _HURRY if timeout and timeout > 0 else timeout)


class HurryingLoop(asyncio.SelectorEventLoop):
    """A loop for real sockets whose seconds last fifty milliseconds."""

    def __init__(self) -> None:
        super().__init__(_Hurrying())

    def time(self) -> float:
        return super().time() * _HURRY


def leaping(work: Coroutine[Any, Any, T]) -> T:
    """Run something in simulated time."""
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(work)


def hurrying(work: Coroutine[Any, Any, T]) -> T:
    """Run something twenty times faster than the clock on the wall."""
    with asyncio.Runner(loop_factory=HurryingLoop) as runner:
        return runner.run(work)
