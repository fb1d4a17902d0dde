"""How restless a model is: the weighted window of Nagios (`base/flapping.c`), exactly (rules.md 22).

A window of n observations has n - 1 places for a change, 1 the oldest. A change at place x weighs
0.75 + (x-1) * 0.5/(n-2); the percentage is 100/(n-1) times the sum of the weights of the changes.
Fewer observations fill the newest places.
"""

from fractions import Fraction
from itertools import pairwise

from monitor.core.model import Policy

_OLDEST = Fraction(3, 4)
_SPREAD = Fraction(1, 2)


def restlessness(window: tuple[bool, ...], size: int) -> Fraction:
    """Percentage 0..100 of the last clear observations (True is up, oldest first), window of `size` >= 3."""
    places = range(size - len(window) + 1, size)
    changes = (
        place for place, (before, after) in zip(places, pairwise(window), strict=True) if before != after
    )
    weights = (_OLDEST + (place - 1) * _SPREAD / (size - 2) for place in changes)
    return Fraction(100, size - 1) * sum(weights, Fraction())


def remember(window: tuple[bool, ...], *, up: bool, size: int) -> tuple[bool, ...]:
    """Return the window with one more clear observation, the oldest dropped where it is full."""
    return (*window, up)[-size:]


def is_flapping(percent: Fraction, policy: Policy, *, was_flapping: bool) -> bool:
    """Start at `flap_high` or above, stop at `flap_low` or below, stay in between."""
    if was_flapping:
        return percent > Fraction(str(policy.flap_low))
    return percent >= Fraction(str(policy.flap_high))
