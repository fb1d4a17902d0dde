"""Moments and lengths of time in words, for people and for machines."""

from datetime import datetime, timedelta
from typing import Final

_NOTHING, _SECOND, _MINUTE, _HOUR = (
    timedelta(),
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
)
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SPANS: Final = (
    ("days", 86_400, 172_800),
    ("h", 3_600, 3_600),
    ("min", 60, 60),
)  # unit, length, from when
# From which length on durations are rounded to what.
_ROUNDINGS: Final = ((timedelta(days=1), _HOUR), (_MINUTE, _MINUTE), (timedelta.min, _SECOND))


def iso_millis(moment: datetime) -> str:
    """`2026-04-06T12:00:00.000Z` of an aware UTC moment."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def short_moment(moment: datetime | None) -> str:
    """`2026-04-06 12:00:00` in UTC, a dash for none."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "-"


def length(duration: timedelta) -> str:
    """Write the two largest units of a duration: `2 d 3 h`, `5 min`, `0 s`."""
    rest, parts = int(duration.total_seconds()), []
    for unit, seconds in _UNITS:
        amount, rest = divmod(rest, seconds)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"


def span_words(span: timedelta) -> str:
    """Say a length of time with its largest unit: `45 s`, `12 min`, `7 h`, `31 days`."""
    seconds = max(0, int(span.total_seconds()))
    unit, size = next(((unit, size) for unit, size, least in _SPANS if seconds >= least), ("s", 1))
    return f"{seconds // size} {unit}"


def ago(moment: datetime, now: datetime) -> str:
    """Say how long ago a moment was: `12 min ago`."""
    return f"{span_words(now - moment)} ago"


def moment_words(moment: datetime) -> str:
    """Return a moment as `2026-04-06 12:00:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def lasted(duration: timedelta) -> str:
    """`45 s`, `45 min`, `2 h 10 min`, `3 d 4 h`: no finer than what is known."""
    rounding = next(unit for least, unit in _ROUNDINGS if duration >= least)
    return length(rounding * round(max(duration, _NOTHING) / rounding))
