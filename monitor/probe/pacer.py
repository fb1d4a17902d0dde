"""Space the requests to one provider: a generic cell rate algorithm with a pause for Retry-After.

Bounds, with `interval` = 60 / requests_per_minute * 1.02 and late wake-ups made up for by 50 ms at most: no
60 s window at the server holds more than `requests_per_minute` requests, even if their way there varies by
a second; N requests have started within 1.02 * N / rate.
"""

import asyncio
from collections.abc import Awaitable, Callable

START_RATE_PER_S = 100.0
SAFETY = 1.02
CATCH_UP_S = 0.050


class Pacer:
    """Hands out starts one after the other, in the order they were asked for.

    `requests_per_minute` None means only `start_rate_per_s` applies, which keeps measured latencies true.
    `now` is a monotonic clock in seconds, by default the running loop's.
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        *,
        start_rate_per_s: float = START_RATE_PER_S,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        minute_interval_s = 60.0 / requests_per_minute * SAFETY if requests_per_minute else 0.0
        self._interval_s = max(minute_interval_s, 1.0 / start_rate_per_s)
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._due = float("-inf")

    async def acquire(self) -> None:
        """Wait until the next request may start."""
        async with self._turn:
            while (wait_s := self._due - self._now()) > 0:
                await self._sleep(wait_s)
            self._due = max(self._due, self._now() - CATCH_UP_S) + self._interval_s

    def follow(self, seconds_ago: float) -> None:
        """Let nothing start before an interval has passed since a request of somebody else, so long ago."""
        self.penalise(max(self._interval_s - max(seconds_ago, 0.0), 0.0))

    def penalise(self, seconds: float) -> None:
        """Let nothing start for so long; a longer pause already begun stands."""
        self._due = max(self._due, self._now() + seconds)
