"""Times and durations on the command line."""

from datetime import UTC, datetime, timedelta

import click

from monitor.clock import utc_now
from monitor.config.values.duration import parse_duration
from monitor.errors import UsageError


def parse_when(text: str) -> datetime:
    """Read a date, an ISO 8601 moment (UTC where it names no zone) or an age (`7d`). Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # a date in the year 1 with an offset
        raise UsageError(f'"{text}" is outside the calendar in UTC') from None
    except ValueError:
        pass  # then it is an age
    try:
        return utc_now() - parse_duration(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f'"{text}" is not a time; write 2026-04-06, 2026-04-06T12:00Z or an age such as 24h or 7d'
        ) from None


def as_duration(_context: click.Context, _option: click.Parameter, text: str | None) -> timedelta | None:
    """Read an option such as `15m`, for click's `callback`."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f'"{text}" {error}') from None
