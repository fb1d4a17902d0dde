"""How many sweeps a UTC day has left, which share the day's budget of requests."""

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import lru_cache

from monitor.clock import EPOCH
from monitor.scheduler import slots_between, trigger_of

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_CADENCES = 64  # of a configuration; more are only slower


def sweeps_left(cadence: timedelta | str, now: datetime) -> int:
    """Count this sweep and the slots that follow it on the same UTC day. Raises ConfigError as `trigger_of`.

    An interval has no slot that must be looked at, and those of a cron line are found once a day.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if isinstance(cadence, timedelta):
        # the slot of this sweep is already past
        return 1 + (midnight + _DAY - _TICK - EPOCH) // cadence - (now - EPOCH) // cadence
    slots = _slots_of_day(cadence, midnight)
    return 1 + len(slots) - bisect_right(slots, now)


@lru_cache(maxsize=_CADENCES)
def _slots_of_day(cron: str, midnight: datetime) -> tuple[datetime, ...]:
    return tuple(slots_between(trigger_of(cron), midnight - _TICK, midnight + _DAY - _TICK))
