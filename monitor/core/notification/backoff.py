"""How long to wait before a message is tried again, and when that ends."""

from datetime import datetime, timedelta
from typing import Final

FIRST: Final = timedelta(seconds=30)  # a chat service's hiccup is over by then
LONGEST: Final = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(days=1)  # older news is no help

_MOST_DOUBLINGS = 20  # far beyond LONGEST; a bigger power would only be a bigger number


def pause_after(attempts: int) -> timedelta:
    """Return the pause after so many failed attempts, the first being 1: it doubles up to an hour."""
    return min(FIRST * (1 << min(max(attempts - 1, 0), _MOST_DOUBLINGS)), LONGEST)


def next_try(
    *, created_at: datetime, attempts: int, now: datetime, retry_after: timedelta | None = None
) -> datetime | None:
    """Return when a message is tried again; None when it is a day old and has just failed again.

    `retry_after` is what the channel asked for: no try comes sooner, but the last one comes after a day.
    """
    end = created_at + GIVE_UP_AFTER
    if now >= end:
        return None
    # a last try at the end, whatever the pause
    return min(now + max(pause_after(attempts), retry_after or timedelta()), end)
