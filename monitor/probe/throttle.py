"""Slower where the provider limits us beyond what is configured, faster again while it does not.

That a limit is the provider's, and not one model's own, is decided elsewhere (`limits.py`).
"""

from collections import deque
from typing import Protocol

_RECENT = 10
_CLEAN = 20  # answers in a row without a limit


class AdjustablePace(Protocol):
    """What the throttle turns."""

    def slow_down(self, interval_s: float, *, at_most_s: float) -> None:
        """Start at most one request in twice `interval_s`, or in `at_most_s`, from now on."""

    def speed_up(self) -> None:
        """Take back a part of the slowing down."""


class Throttle:
    """Knows the pace of the latest answers: a multiplicative decrease, a gradual recovery."""

    def __init__(self, pace: AdjustablePace) -> None:
        self._pace = pace
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._clean = 0

    def add(self, *, at_s: float, is_limited: bool) -> None:
        """Count one answer that came at a second of the sweep."""
        self._recent.append(at_s)
        self._clean = 0 if is_limited else self._clean + 1
        if self._clean >= _CLEAN:
            self._pace.speed_up()
            self._clean = 0

    def slow_down(self, *, at_most_s: float) -> None:
        """Halve the pace of the latest answers, which is about that of the starts."""
        between_s = (
            (self._recent[-1] - self._recent[0]) / max(len(self._recent) - 1, 1) if self._recent else 0.0
        )
        self._pace.slow_down(between_s, at_most_s=at_most_s)
        self._recent.clear()  # the pace before the change says nothing of the one after it
