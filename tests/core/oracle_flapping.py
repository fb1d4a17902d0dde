"""The oracle's flapping formula: the sum over places of rules.md 22, in exact fractions."""

from collections.abc import Iterator, Sequence
from fractions import Fraction


def flapping_percent(window: Sequence[bool], size: int) -> Fraction:
    """Sum over places as rules.md 22 says; fewer observations than `size` fill the newest places."""
    kept = list(window)[-size:]
    newest = size - 1
    return Fraction(100, size - 1) * sum(
        (_weight(newest - back, size) for back in _changes(kept)), start=Fraction(0)
    )


def _changes(kept: Sequence[bool]) -> Iterator[int]:
    """How many places before the newest each change lies."""
    backwards = list(reversed(kept))
    for back in range(len(backwards) - 1):
        if backwards[back] != backwards[back + 1]:
            yield back


def _weight(place: int, size: int) -> Fraction:
    return Fraction(3, 4) + Fraction(place - 1, 2 * (size - 2))
