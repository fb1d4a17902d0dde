"""Moments and lengths as summaries say them: in the span's time zone, never truer than they are."""

from datetime import date, datetime, timedelta
from typing import Final

from monitor.core.history.calendar import Span
from monitor.report.words.numbers import counted
from monitor.report.words.times import rounded_duration

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY_HOURS: Final = 24


def day_words(day: date) -> str:
    """`Tuesday 2026-04-07`."""
    return f"{_WEEKDAYS[day.weekday()]} {day}"


def days_words(span: Span) -> str:
    """`on Tuesday 2026-04-07`, or `from 2026-04-01 to 2026-04-30`."""
    return f"on {day_words(span.first)}" if span.days == 1 else f"from {span.first} to {span.last}"


def hours_of(span: Span) -> int | None:
    """Return how many hours a lone day has where that is not 24."""
    hours = round((span.ends_at - span.begins_at) / timedelta(hours=1))  # Lord Howe's half hour is ignored
    return hours if span.days == 1 and hours != _DAY_HOURS else None


def is_of_the_day(moment: datetime, span: Span) -> bool:
    """Say whether a moment needs no date, because the span is one day and this is it."""
    return span.days == 1 and moment.astimezone(span.zone).date() == span.first


def clock(moment: datetime, span: Span, *, is_dated: bool = False) -> str:
    """Return a moment as a clock of the span's zone shows it, with its date where it needs one."""
    shown = moment.astimezone(span.zone)
    is_short = is_of_the_day(moment, span) and not is_dated
    return _hour(shown) if is_short else f"{shown.date()} {_hour(shown)}"


def period(began_at: datetime, ended_at: datetime, span: Span) -> str:
    """`from 10:15 to 11:00`, with the dates that are needed."""
    begin, end = began_at.astimezone(span.zone), ended_at.astimezone(span.zone)
    if begin.date() != end.date():
        return f"from {clock(began_at, span)} to {clock(ended_at, span, is_dated=True)}"
    day = "" if is_of_the_day(began_at, span) else f"on {begin.date()} "
    return f"{day}from {_hour(begin)} to {_hour(end)}"


def _hour(shown: datetime) -> str:
    """Return what a clock shows; an hour that comes twice has its zone: `02:30 CEST`."""
    # PEP 495: only an hour that comes twice has two offsets
    is_twice = shown.utcoffset() != shown.replace(fold=1 - shown.fold).utcoffset()
    return f"{shown:%H:%M} {shown.tzname()}" if is_twice else f"{shown:%H:%M}"


def days_after(day: date, span: Span) -> str:
    """Say how many days after the span's last day a day is: `in 12 days`, `that day`."""
    days = (day - span.last).days
    if days > 0:
        return f"in {counted(days, 'day')}"
    return f"{counted(-days, 'day')} before" if days else "that day"


def between(began_at: datetime, ended_at: datetime) -> str:
    """Return how long it was from one moment to another, as the clocks of both show it."""
    shown = _to_the_minute(ended_at) - _to_the_minute(began_at)
    return rounded_duration(shown or ended_at - began_at)  # within one minute both clocks show the same


def _to_the_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
