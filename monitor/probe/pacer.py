"""Space the requests to one provider: a generic cell rate algorithm with a pause for Retry-After.

Bounds, with `interval` = 60 / requests_per_minute * 1.02, late wake-ups made up for by 50 ms and a jitter of
a tenth of the interval, both at most: no 60 s window at the server holds more than `requests_per_minute`
requests, even if their way there varies by 0.9 s; N requests have started within 1.02 * N / rate.
"""

import asyncio
from collections.abc import Awaitable, Callable

START_RATE_PER_S = 100.0
SAFETY = 1.02
CATCH_UP_S = 0.050  # a loop that was busy wakes late
JITTER_SHARE = 0.1
MOST_JITTER_S = 0.2
SLOWEST_INTERVAL_S = 5.0
RECOVERY = 0.75  # three of them take back one doubling

Gate = Callable[[], Awaitable[None]]


async def always() -> None:
    """Let every request through."""


class Pacer:
    """Hands out starts one after the other, in the order they were asked for.

    `requests_per_minute` None means only `start_rate_per_s` applies, which keeps measured latencies true.
    `interval_s` is the time between two starts as it is now. `jitter` gives numbers from 0 to 1, so that
    starts do not beat in time with other clients'; none of them delays the starts after it. `now` is a
    monotonic clock in seconds, by default the running loop's. `gate` is passed before each request.
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        *,
        start_rate_per_s: float = START_RATE_PER_S,
        jitter: Callable[[], float] = lambda: 0.0,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        minute_interval_s = 60.0 / requests_per_minute * SAFETY if requests_per_minute else 0.0
        self.is_limited = requests_per_minute is not None
        self._least_interval_s = self.interval_s = max(minute_interval_s, 1.0 / start_rate_per_s)
        self._jitter = jitter
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._sleep = sleep
        self._turns: tuple[asyncio.AbstractEventLoop | None, asyncio.Lock] = (None, asyncio.Lock())
        self._due = float("-inf")
        self.gate: Gate = always

    async def acquire(self) -> None:
        """Wait until the next request may start; raises what the gate does, where none may any more."""
        async with self._turn():
            late_s = self._jitter() * min(self.interval_s * JITTER_SHARE, MOST_JITTER_S)
            while (wait_s := self._due + late_s - self._now()) > 0:
                await self._sleep(wait_s)
            await self.gate()  # last: nothing is waited for between it and the request
            # from the due moment, not from now: late wake-ups do not add up
            self._due = max(self._due, self._now() - late_s - CATCH_UP_S) + self.interval_s

    def _turn(self) -> asyncio.Lock:
        """Return the running loop's lock: one provider may be swept from several loops, one after another."""
        loop = asyncio.get_running_loop()
        if self._turns[0] is not loop:  # an asyncio.Lock belongs to one loop
            self._turns = (loop, asyncio.Lock())
        return self._turns[1]

    def slow_down(self, interval_s: float, *, at_most_s: float = SLOWEST_INTERVAL_S) -> None:
        """Start at most one request in twice `interval_s` from now on: a limit that is not configured.

        `at_most_s` is the longest interval that leaves the sweep its time.
        """
        slower_s = min(2 * max(self.interval_s, interval_s), at_most_s, SLOWEST_INTERVAL_S)
        self.interval_s = max(slower_s, self._least_interval_s)
        self._due = max(self._due, self._now() + self.interval_s)  # what is due already must wait, too

    def speed_up(self) -> None:
        """Take back a part of the slowing down."""
        self.interval_s = max(self.interval_s * RECOVERY, self._least_interval_s)

    def follow(self, seconds_ago: float) -> None:
        """Let nothing start before an interval has passed since a request of another process, so long ago."""
        self.penalise(max(self.interval_s - max(seconds_ago, 0.0), 0.0))

    def penalise(self, seconds: float) -> None:
        """Let nothing start for so long; a longer pause already begun stands."""
        self._due = max(self._due, self._now() + seconds)
