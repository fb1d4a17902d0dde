"""Days on the command line: 2026-04-06, today, yesterday, or the last 7d."""

from datetime import date, timedelta, tzinfo

from monitor.config.values.duration import parse_duration
from monitor.core.history.calendar import Span, span_of
from monitor.errors import UsageError

_DAY = timedelta(days=1)
_FORMS = "write it as 2026-04-06, or say today or yesterday"


def chosen_span(day: str | None, *, since: str | None, until: str | None, today: date, zone: tzinfo) -> Span:
    """Return the days that are asked for, by default yesterday; `since` and `until` are included.

    Raises UsageError for what is no day, a day to come, or options that contradict each other.
    """
    if day is not None and (since is not None or until is not None):
        raise UsageError("give either one DATE, or --since and --until")
    if since is None and until is not None:
        raise UsageError("--until needs --since; for a single day, give it as DATE")
    if since is None:
        only = _parse_day(day or "yesterday", today)  # yesterday is the last whole day
        return span_of(only, only, zone)
    last = _parse_day(until or "yesterday", today)
    first = _parse_first(since, last, today)
    if first > last:
        raise UsageError(f"--since {first} is after --until {last}: swap them")
    return span_of(first, last, zone)


def _parse_first(text: str, last: date, today: date) -> date:
    """Return the first day: one that is named, or the first of so many days that end with the last."""
    try:
        length = parse_duration(text)
    except ValueError:
        return _parse_day(text, today)
    if not length or length % _DAY:  # half a day has no summary
        raise UsageError(
            f'--since "{text}" is not a number of whole days; write 7d or a day such as 2026-04-06'
        )
    try:
        return last - length + _DAY
    except OverflowError:
        raise UsageError(f'--since "{text}" goes back further than the calendar') from None


def _parse_day(text: str, today: date) -> date:
    if text in {"today", "yesterday"}:
        return today if text == "today" else today - _DAY
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or text != day.isoformat():  # fromisoformat takes 20260406 and 2026-W15-1, too
        raise UsageError(f'"{text}" is not a day; {_FORMS}')
    if day > today:
        raise UsageError(f"{day} is in the future: today is {today}")
    return day
