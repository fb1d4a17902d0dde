"""Moments and lengths of time in words, for people and for machines."""

from datetime import datetime, timedelta
from typing import Final

from monitor.report.words.numbers import counted

_NOTHING, _SECOND, _MINUTE, _HOUR, _DAY = (
    timedelta(),
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
_UNITS: Final = (("d", _DAY), ("h", _HOUR), ("min", _MINUTE), ("s", _SECOND))
# From which length on durations are rounded to what.
# an outage of days is not known to the minute: sweeps are minutes apart
_ROUNDINGS: Final = ((_DAY, _HOUR), (_MINUTE, _MINUTE), (timedelta.min, _SECOND))


def iso_millis(moment: datetime) -> str:
    """`2026-04-06T12:00:00.000Z` of an aware UTC moment."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"  # %f has six places


def short_moment(moment: datetime | None) -> str:
    """`2026-04-06 12:00:00` in UTC, a dash for none."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "-"


def duration_words(duration: timedelta) -> str:
    """Write the two largest units of a duration: `2 d 3 h`, `5 min`, `0 s`."""
    rest, parts = duration, []
    for unit, size in _UNITS:
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"  # two units: the third says nothing at that length


def rounded_duration(duration: timedelta) -> str:
    """`45 s`, `45 min`, `2 h 10 min`, `3 d 4 h`: no finer than what is known; a negative one is `0 s`."""
    rounding = next(unit for least, unit in _ROUNDINGS if duration >= least)
    return duration_words(rounding * round(max(duration, _NOTHING) / rounding))


def coarse_duration(duration: timedelta) -> str:
    """Write the largest unit of a duration, days from two on: `45 s`, `12 min`, `36 h`, `31 days`."""
    if duration >= 2 * _DAY:  # below two days, hours: "1 day" may be 25 or 47 of them
        return counted(duration // _DAY, "day")
    unit, size = next((row for row in _UNITS[1:] if duration >= row[1]), _UNITS[-1])
    return f"{max(duration, _NOTHING) // size} {unit}"  # clocks may step back between the two moments


def ago(moment: datetime, now: datetime) -> str:
    """Say how long ago a moment was: `12 min ago`."""
    return f"{coarse_duration(now - moment)} ago"


def moment_words(moment: datetime) -> str:
    """Return a moment as `2026-04-06 12:00:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
