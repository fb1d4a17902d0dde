"""The only reader of the clock. Everyone else is handed the time.

Times are aware UTC `datetime`s in whole milliseconds, the resolution of the history (rules.md 25).
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def utc_now() -> datetime:
    """Return the present moment, aware UTC, truncated to milliseconds."""
    return to_datetime(time.time_ns() // 1_000_000)


def to_millis(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware moment, truncated."""
    return (moment - _EPOCH) // _MILLISECOND


def to_datetime(millis: int) -> datetime:
    """Aware UTC moment of milliseconds since 1970, exact."""
    return _EPOCH + millis * _MILLISECOND
