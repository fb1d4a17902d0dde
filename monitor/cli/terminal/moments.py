"""Times and durations on the command line."""

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


def as_duration(_context: click.Context, _option: click.Parameter, text: str | None) -> timedelta | None:
    """Read an option such as `15m`, for click's `callback`."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f'"{text}" {error}') from None
