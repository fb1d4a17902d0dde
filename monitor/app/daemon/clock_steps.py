"""What the daemon says of steps of the wall clock: in the log, on the page, with a sweep of each provider."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from monitor.clock import SteadyClock
from monitor.errors import StoreError
from monitor.logs import event
from monitor.report.words.times import duration_words
from monitor.store.connection.engine import Engine
from monitor.store.write.record import note_clock_step
from monitor.sweep import Swept
from monitor.web.notices import Notice

log = logging.getLogger(__name__)

_LEAST_MS: Final = 1000


def log_step(step_ms: int) -> None:
    """Log a step once, with its size and its direction."""
    direction = "forwards" if step_ms > 0 else "back"
    event(log, logging.WARNING, "clock_stepped", step_s=round(step_ms / 1000), direction=direction)


class ClockSteps:
    """Follows the steps of a clock for each provider: a step is recorded with one sweep of each."""

    def __init__(self, clock: SteadyClock) -> None:
        """Begin with the steps to come."""
        self._clock, self._start = clock, len(clock.steps)
        self._noted: dict[str, int] = {}

    def record(self, engine: Engine, swept: Swept) -> None:
        """Record with a finished sweep how far the clock was set since the one before, if it was."""
        self._clock.now_ms()  # looks
        provider, so_far = swept.sweep.provider, self._clock.steps
        steps = so_far[self._noted.get(provider, self._start) :]
        if not steps or swept.sweep_id is None:  # it waits for the database: then with the next one
            return
        # there and back is a step, too
        step_ms = sum(steps) if abs(sum(steps)) > _LEAST_MS else max(steps, key=abs)
        with suppress(StoreError):  # then with the next one
            note_clock_step(engine, swept.sweep_id, step_ms)
            self._noted[provider] = len(so_far)

    def notices(self) -> Sequence[Notice]:
        """Say that the wall clock and the times of the history differ, as long as they do."""
        if not (ahead_ms := self._clock.ahead_ms):
            return ()
        size = duration_words(timedelta(milliseconds=abs(ahead_ms)))
        direction = "ahead" if ahead_ms > 0 else "back"
        words = (
            f"The machine's clock was set {size} {direction}: sweeps go on in the time before, and follow "
            "once it has stood for ten minutes"
        )
        return (Notice(words=words),)
