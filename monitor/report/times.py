"""Moments and lengths of time in words, for people and for machines."""

from datetime import datetime, timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


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
