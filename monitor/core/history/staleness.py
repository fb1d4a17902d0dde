"""When knowledge of a provider is too old to go by (rules.md 35)."""

from datetime import datetime, timedelta

_INTERVALS = 3  # one late sweep and one inconclusive one are no news


def max_age(interval: timedelta) -> timedelta:
    """Return how old the last conclusive sweep of a provider with this interval may be."""
    return _INTERVALS * interval


def is_older(since: datetime | None, age: timedelta, now: datetime) -> bool:
    """Whether a moment is longer ago than that, or has not been."""
    return since is None or now - since > age
