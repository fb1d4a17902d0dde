"""How restless a model is: the weighted window of Nagios (`base/flapping.c`), exactly (rules.md 22).

A window of n observations has n - 1 places for a change, 1 the oldest. A change at place x weighs
0.75 + (x-1) * 0.5/(n-2); the percentage is 100/(n-1) times the sum of the weights of the changes.
Fewer observations fill the newest places.
"""

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from monitor.core.domain.policy import Policy


@lru_cache(maxsize=4096)  # a restless model has the same windows again and again
def flap_percent(window: tuple[bool, ...], size: int) -> Fraction:
    """Percentage 0..100 of the last clear observations (True is up, oldest first), window of `size` >= 3.

    Counts in units of 1/(4 (size-2)), where every weight is whole: 3 (size-2) + 2 (x-1).
    """
    oldest = size - len(window) + 1
    changes = (
        place for place, (before, after) in enumerate(pairwise(window), start=oldest) if before != after
    )
    units = sum(3 * (size - 2) + 2 * (place - 1) for place in changes)
    return Fraction(100 * units, 4 * (size - 2) * (size - 1))


def remember(window: tuple[bool, ...], *, up: bool, size: int) -> tuple[bool, ...]:
    """Return the window with one more clear observation, the oldest dropped where it is full."""
    return (*window, up)[-size:]


def is_flapping(percent: Fraction, policy: Policy, *, was_flapping: bool) -> bool:
    """Start at `flap_high` or above, stop at `flap_low` or below, stay in between."""
    if was_flapping:
        return percent > _exact(policy.flap_low)
    return percent >= _exact(policy.flap_high)


@lru_cache(maxsize=64)
def _exact(percent: float) -> Fraction:
    return Fraction(str(percent))  # through text: 30.1 as a double is not 30.1
