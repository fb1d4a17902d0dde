"""Reads the times and durations that were typed on the command line."""

from datetime import datetime, timedelta

import click

from monitor.clock import utc_now
from monitor.config.values.duration import parse_duration
from monitor.config.values.moments import parse_moment
from monitor.errors import UsageError


def parse_when(text: str) -> datetime:
    """Read a moment as `parse_moment` does; raises UsageError."""
    try:
        return parse_moment(text, utc_now())
    except ValueError as error:
        raise UsageError(f'"{text}" {error}') from None


def parse_range(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Read the first moment of a range and the one after it, None where open; raises UsageError."""
    begin, end = (None if when is None else parse_when(when) for when in (since, until))
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"--since {since} is not before --until {until}, which is not included")
    return begin, end


def as_duration(_context: click.Context, _option: click.Parameter, text: str | None) -> timedelta | None:
    """Read an option such as `15m`, for click's `callback`."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f'"{text}" {error}') from None
