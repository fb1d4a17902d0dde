"""Slower when many models say "too many requests", faster again when none does: for limits nobody configured.

One model's 429 is its own queue; several models' within a few answers are the provider's limit on us.
"""

from collections import deque
from typing import Protocol

_RECENT = 10
_MODELS = 3
_CLEAN = 20


class Pace(Protocol):
    """What the throttle turns."""

    def slow_down(self, interval_s: float) -> None:
        """Start at most one request in twice `interval_s` from now on."""

    def speed_up(self) -> None:
        """Take back a part of the slowing down."""


class Throttle:
    """Counts the latest answers; a multiplicative decrease, a gradual recovery."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._recent: deque[tuple[float, str | None]] = deque(maxlen=_RECENT)
        self._clean = 0

    def add(self, model: str, *, at_s: float, is_refused: bool) -> None:
        """Count one answer that came at a second of the sweep."""
        self._recent.append((at_s, model if is_refused else None))
        self._clean = 0 if is_refused else self._clean + 1
        if len({name for _, name in self._recent if name is not None}) >= _MODELS:
            self._pace.slow_down(self._interval_s())
            self._recent.clear()
        elif self._clean >= _CLEAN:
            self._pace.speed_up()
            self._clean = 0

    def _interval_s(self) -> float:
        """Return the time between two of the latest answers, which is about that between two starts."""
        times = [at_s for at_s, _ in self._recent]
        return (times[-1] - times[0]) / max(len(times) - 1, 1)
