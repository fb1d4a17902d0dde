"""One observation as the rules of a model's life look at it, and what it adds to the model's memory."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import Memory, ModelState, Streak
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import ANSWERED, UNASKED, Outcome, Reason, Status
from monitor.core.lifecycle import flapping

Transition = tuple[ModelState, tuple[Event, ...]]


@dataclass(frozen=True, slots=True)
class Step:
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


def note(state: ModelState, step: Step, policy: Policy) -> Transition:
    """Remember what was observed, whatever it means: facts, streaks, the window (rules.md 3, 4, 22)."""
    if step.observation.reason in UNASKED and step.is_up is None:
        return state, ()
    memory, outcome = state.memory, step.observation.outcome
    ups, downs, window = memory.ups, memory.downs, memory.window
    if step.is_up is not None:
        ups, downs = (_longer(ups, step), None) if step.is_up else (None, _longer(downs, step))
        window = flapping.remember(window, up=step.is_up, size=policy.flap_window)
    timeouts, unclear = count_silence(memory.timeouts, memory.unclear, step)
    # Not by `replace`, which takes twice as long: this is done for every observation.
    remembered = Memory(
        ups=ups,
        downs=downs,
        timeouts=timeouts,
        unclear=unclear,
        absent=memory.absent,
        is_gone=memory.is_gone,
        window=window,
        has_answered=memory.has_answered or outcome in ANSWERED,  # a limited model answered (rules.md 2)
        has_served=memory.has_served,
        swap=memory.swap,
    )
    return ModelState(
        status=state.status,
        reason=state.reason,
        since=state.since,
        listed=state.listed,
        flapping=state.flapping,
        kind=state.kind,
        last_checked_at=step.moment,
        last_available_at=step.moment if outcome == Outcome.AVAILABLE else state.last_available_at,
        http_status=step.observation.http_status,
        latency_ms=step.observation.latency_ms,
        retires_at=state.retires_at,
        served_as=state.served_as,
        memory=remembered,
    ), ()


def _longer(streak: Streak | None, step: Step) -> Streak:
    return streak.longer() if streak else step.as_streak()


def count_silence(
    timeouts: Streak | None, unclear: Streak | None, step: Step
) -> tuple[Streak | None, Streak | None]:
    """Rule 4: return the time-outs in a row and the looks in a row without a clear answer, after this one.

    What was never asked leaves both, a clear answer breaks both, any other answer but a time-out the former.
    Who counts time-outs alone was stored by an older version.
    """
    if step.is_up is not None:
        return None, None
    if not step.is_unclear:
        return timeouts, unclear
    return (_longer(timeouts, step) if step.is_timeout else None), _longer(unclear or timeouts, step)
