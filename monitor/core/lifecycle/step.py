"""One observation as the rules of a model's life look at it, and what it adds to the model's memory."""

from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import Memory, ModelState, Streak
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import ANSWERED, UNASKED, Outcome, Reason, Status
from monitor.core.lifecycle import flapping

Advance = tuple[ModelState, tuple[Event, ...]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation as the rules look at it; `is_up` is None where it is not clear."""

    observation: Observation
    moment: datetime
    is_up: bool | None
    is_first: bool
    is_baseline: bool

    @property
    def is_end_of_life(self) -> bool:
        """Whether the answer itself says that the model is retired (rules.md 16)."""
        return self.observation.reason == Reason.END_OF_LIFE

    @property
    def is_unclear(self) -> bool:
        """Whether the model was asked and gave no clear answer (rules.md 3, 4)."""
        return self.is_up is None and self.observation.reason not in UNASKED

    @property
    def is_timeout(self) -> bool:
        """Whether nothing came in time (rules.md 4)."""
        return self.observation.outcome == Outcome.UNKNOWN and self.observation.reason == Reason.TIMEOUT

    def as_streak(self) -> Streak:
        """Begin a streak with this observation."""
        return Streak(1, self.moment)


def clear_direction(status: Status, observation: Observation) -> bool | None:
    """Say whether an observation is clearly up (True), clearly down (False) or not clear (rules.md 3)."""
    if observation.outcome == Outcome.RATE_LIMITED:
        return True if status in {Status.NEW, Status.AVAILABLE} else None
    return {Outcome.AVAILABLE: True, Outcome.UNAVAILABLE: False}.get(observation.outcome)


def note(state: ModelState, seen: Seen, policy: Policy) -> Advance:
    """Remember what was seen, whatever it means: facts, streaks, the window (rules.md 3, 4, 22)."""
    if seen.observation.reason in UNASKED and seen.is_up is None:
        return state, ()
    memory, outcome = state.memory, seen.observation.outcome
    ups, downs, window = memory.ups, memory.downs, memory.window
    if seen.is_up is not None:
        ups, downs = (_longer(ups, seen), None) if seen.is_up else (None, _longer(downs, seen))
        window = flapping.remember(window, up=seen.is_up, size=policy.flap_window)
    timeouts, unclear = count_silence(memory.timeouts, memory.unclear, seen)
    # Not by `replace`, which takes twice as long: this is done for every observation.
    remembered = Memory(
        ups=ups,
        downs=downs,
        timeouts=timeouts,
        unclear=unclear,
        absent=memory.absent,
        is_gone=memory.is_gone,
        window=window,
        has_answered=memory.has_answered or outcome in ANSWERED,
        has_served=memory.has_served,
        swap=memory.swap,
    )
    return replace(
        state,
        last_checked_at=seen.moment,
        last_available_at=seen.moment if outcome == Outcome.AVAILABLE else state.last_available_at,
        http_status=seen.observation.http_status,
        latency_ms=seen.observation.latency_ms,
        memory=remembered,
    ), ()


def _longer(streak: Streak | None, seen: Seen) -> Streak:
    return streak.longer() if streak else seen.as_streak()


def count_silence(
    timeouts: Streak | None, unclear: Streak | None, seen: Seen
) -> tuple[Streak | None, Streak | None]:
    """Rule 4: return the time-outs in a row and the looks in a row without a clear answer, after this one.

    What was never asked leaves both, a clear answer breaks both, any other answer but a time-out the former.
    Who counts time-outs alone was stored by an older version.
    """
    if seen.is_up is not None:
        return None, None
    if not seen.is_unclear:
        return timeouts, unclear
    return (_longer(timeouts, seen) if seen.is_timeout else None), _longer(unclear or timeouts, seen)
