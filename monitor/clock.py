"""The only reader of the clock. All other code is given the time.

The wall clock is set: by NTP after a start, by people, in a machine that was restored. A daemon's time goes
on by a clock that never is, and follows the wall clock once that has stayed where it was set (record 0046 of
docs/decisions).

Times are aware UTC `datetime`s in whole milliseconds, the resolution of the history (rules.md 25).
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS: Final = 86_400_000
_STEP_MS: Final = 1000
_CONFIRM_MS: Final = 600_000
_FIRST_BELIEVED_MS: Final = 1_577_836_800_000  # 2020: sweep ids count from there
_MILLISECOND = timedelta(milliseconds=1)  # divisor of whole durations: exact, unlike floats


def wall_ms() -> int:
    """Milliseconds since 1970 by the clock that people set, truncated."""
    return time.time_ns() // 1_000_000  # cut: never after the moment


def boot_ms() -> int:
    """Milliseconds since the machine started, those in which it slept included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


class SteadyClock:
    """The wall clock without its steps. It is read from any thread.

    A step is a difference of over a second between two readings; what is less is followed at once, as NTP's
    corrections are. `on_step` gets the milliseconds of each. It is followed once the wall clock has stood by
    it for ten minutes: a slip that is mended before leaves no trace. A time before 2020 is never followed,
    and left at once.
    """

    def __init__(
        self,
        wall: Callable[[], int] = wall_ms,
        boot: Callable[[], int] = boot_ms,
        on_step: Callable[[int], None] = lambda _step_ms: None,
    ) -> None:
        """Begin with the wall clock's present time; both are read in milliseconds."""
        self._wall, self._boot, self._on_step = wall, boot, on_step
        self._lock = threading.Lock()
        self._since = boot()  # when the wall clock was set last
        self._offset = self._last_offset = wall() - self._since
        self.steps: tuple[int, ...] = ()  # of the wall clock, in milliseconds, below 0 for one back
        self.follows = 0  # how often its own time has stepped, because it followed
        self._skips: tuple[tuple[int, int], ...] = ()  # where it stepped to, forwards, and how far

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        with self._lock:
            boot = self._boot()
            offset = self._wall() - boot
            step, self._last_offset = offset - self._last_offset, offset
            if is_step := abs(step) > _STEP_MS:
                self._since, self.steps = boot, (*self.steps, step)
            if self._may_follow(boot, offset):
                self._follow(boot, offset)
            now = boot + self._offset
        if is_step:
            self._on_step(step)
        return now

    @property
    def ahead_ms(self) -> int:
        """How far the wall clock is ahead of this one (behind it: below 0); 0 where they agree."""
        ahead = self._last_offset - self._offset
        return ahead if abs(ahead) > _STEP_MS else 0

    def skipped_since(self, moment: datetime) -> timedelta:
        """Return how much time it left out since a moment that it gave, by following steps forwards.

        What lies that far back is younger by so much. After a step back it may seem younger than it is.
        """
        began = to_millis(moment)
        return timedelta(milliseconds=sum(size for to, size in self._skips if began < to))

    def _follow(self, boot: int, offset: int) -> None:
        step, self._offset = offset - self._offset, offset
        self.follows += abs(step) > _STEP_MS
        if step > _STEP_MS:
            self._skips = (*self._skips, (boot + offset, step))

    def _may_follow(self, boot: int, offset: int) -> bool:
        if abs(offset - self._offset) <= _STEP_MS:
            return True
        if boot + offset < _FIRST_BELIEVED_MS:
            return False
        return boot - self._since >= _CONFIRM_MS or boot + self._offset < _FIRST_BELIEVED_MS


def utc_now() -> datetime:
    """Return the present moment, aware UTC, truncated to milliseconds."""
    return to_datetime(_readers[-1]())


def keep(clock: SteadyClock) -> None:
    """Read the time of this process from a steady clock from now on."""
    _kept.append(clock)
    _readers.append(clock.now_ms)


def skipped_since(moment: datetime) -> timedelta:
    """Return how much time `utc_now` left out since a moment that it gave; see SteadyClock."""
    return _kept[-1].skipped_since(moment) if _kept else timedelta()


def boot_s() -> float:
    """Return seconds since the machine started: never set, and they go on while it sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def to_millis(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware moment, truncated."""
    return (moment - EPOCH) // _MILLISECOND


def to_datetime(millis: int) -> datetime:
    """Aware UTC moment of milliseconds since 1970, exact."""
    return EPOCH + millis * _MILLISECOND


def to_day(millis: int) -> date:
    """UTC day of milliseconds since 1970."""
    return to_datetime(millis).date()


def day_millis(day: date) -> int:
    """Milliseconds since 1970 at which a UTC day begins."""
    return (day.toordinal() - EPOCH.toordinal()) * DAY_MS  # free of zones and leap seconds


_kept: list[SteadyClock] = []
_readers: list[Callable[[], int]] = [wall_ms]  # the last one counts
