"""The only reader of the clock. All other code is given the time.

Times are aware UTC `datetime`s in whole milliseconds, the resolution of the history (rules.md 25).
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS: Final = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)  # divisor of whole durations: exact, unlike floats


def utc_now() -> datetime:
    """Return the present moment, aware UTC, truncated to milliseconds."""
    return to_datetime(time.time_ns() // 1_000_000)  # cut: never after the moment


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
