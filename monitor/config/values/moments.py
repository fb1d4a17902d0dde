"""Moments as text, in commands and addresses alike: `today`, `7d`, `2026-04-06`, `2026-04-06T12:00Z`."""

from datetime import UTC, datetime, timedelta

from monitor.config.values.duration import parse_duration

FORMS = "write 2026-04-06, 2026-04-06T12:00Z, today, yesterday or an age such as 24h or 7d"


def parse_moment(text: str, now: datetime) -> datetime:
    """Read a UTC day as its first moment, an ISO 8601 moment, or an age before `now`.

    A moment without a zone is UTC. Raises ValueError with a message for the user.
    """
    if text in {"today", "yesterday"}:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if text == "today" else midnight - timedelta(days=1)
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # a date in the year 1 with an offset
        raise ValueError("is outside the calendar in UTC") from None
    except ValueError:
        pass  # then it is an age
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        raise ValueError(f"is not a time; {FORMS}") from None
