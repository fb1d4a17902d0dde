"""How what runs is asked to stop, by signals: once to drain, twice to hurry; and when its time is over."""

import asyncio
import signal
from collections.abc import Awaitable, Collection
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Any, Final, TypeVar

T = TypeVar("T")

_AFTER_GRACE_S: Final = 8.0  # below the last resort's
_AFTER_HURRY_S: Final = 1.2
_REST_S, _REST_HURRIED_S = 2.0, 0.4  # for what ends after a part: the web server, the lock
_LOOK_S: Final = 0.1


class Stop:
    """How something that runs is asked to stop: once to drain, twice to hurry.

    What runs may take `grace` to end by itself. At `ends_at` the rest is given up: some seconds after the
    grace, and about one after the second request.
    """

    def __init__(self, grace: timedelta = timedelta(), *, part_of: "Stop | None" = None) -> None:
        self.asked, self.hurried = asyncio.Event(), asyncio.Event()
        self._grace, self._whole, self._ends_at = grace, part_of, float("inf")

    @property
    def grace(self) -> timedelta:
        """How long what runs may take to end by itself."""
        return self._whole.grace if self._whole else self._grace

    @grace.setter
    def grace(self, grace: timedelta) -> None:
        self._grace = grace

    def ask(self) -> None:
        """Ask to drain; asked again, to cut short what still runs."""
        is_again = self.asked.is_set()  # a second Ctrl-C hurries
        (self.hurried if is_again else self.asked).set()
        rest = _AFTER_HURRY_S if is_again else self.grace.total_seconds() + _AFTER_GRACE_S
        self._ends_at = min(self._ends_at, monotonic() + rest)

    @property
    def ends_at(self) -> float:
        """When the time to end is over, in seconds of the monotonic clock; infinite until it is asked.

        That of a part which is asked alone is not limited here.
        """
        if self._whole is None:
            return self._ends_at
        return self._whole.ends_at - (_REST_HURRIED_S if self._whole.hurried.is_set() else _REST_S)

    def part(self) -> "Stop":
        """Return a stop for something that may end alone, and ends no later than this one asks."""
        return Stop(part_of=self)

    def listen(self) -> None:
        """Let SIGTERM and SIGINT ask, until the loop is closed; from then on they do nothing.

        The loop's own handlers would be gone with it, and a signal would kill the process while it closes
        the database.
        """
        loop = asyncio.get_running_loop()

        def ask(*_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.ask)  # not at once: a handler interrupts any task

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ask)

    async def within(self, seconds: float) -> bool:
        """Wait until asked, at most that long; return whether it was."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.asked.wait(), seconds)
        return self.asked.is_set()

    async def ended(self, tasks: Collection["asyncio.Future[Any]"], most_s: float) -> bool:
        """Wait until all have ended, at most that long and not beyond `ends_at`; return whether they have."""
        pending, give_up_at = {*tasks}, monotonic() + most_s
        while pending and (left_s := min(give_up_at, self.ends_at) - monotonic()) > 0:
            # a short time: `ends_at` may come closer meanwhile
            _, pending = await asyncio.wait(pending, timeout=min(left_s, _LOOK_S))
        return not pending

    async def unless_asked(self, act: Awaitable[T], otherwise: T) -> T:
        """Return what `act` gives, or `otherwise` as soon as it is asked to stop: a thread may never end."""
        acting, asking = asyncio.ensure_future(act), asyncio.create_task(self.asked.wait())
        try:
            await asyncio.wait({acting, asking}, return_when=asyncio.FIRST_COMPLETED)
            return acting.result() if acting.done() else otherwise
        finally:
            asking.cancel()
            acting.cancel()
