"""The rules that leave a model's status as it is: flapping, announced retirement, kind, swaps."""

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN

from monitor.core.domain.event import Event
from monitor.core.domain.percentages import percent_words
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ModelState, Swap
from monitor.core.domain.vocabulary import NOT_RECORDED, EventKind, Kind, Outcome, Status
from monitor.core.lifecycle import flapping
from monitor.core.lifecycle.step import Step, Transition


def flap(state: ModelState, step: Step, policy: Policy) -> Transition:
    """Rule 22: restless over the window of clear observations."""
    window = state.memory.window
    is_calm = not state.flapping and policy.flap_high > 0 and window.count(step.is_up is True) == len(window)
    if step.is_up is None or is_calm:
        return state, ()
    percent = flapping.flap_percent(window, policy.flap_window)
    is_flapping = flapping.is_flapping(percent, policy, was_flapping=state.flapping)
    if is_flapping == state.flapping:
        return state, ()
    kind = EventKind.FLAPPING_STARTED if is_flapping else EventKind.FLAPPING_STOPPED
    detail = percent_words(float(percent), rounding=ROUND_HALF_EVEN)  # rounded for readers only
    event = side_event(state, kind, step.observation.model, step.moment, detail=detail)
    return replace(state, flapping=is_flapping), (event,)


def announce(state: ModelState, step: Step, _policy: Policy) -> Transition:
    """Rule 23: a new end-of-life date of a model that still lives."""
    date = step.observation.retires_at
    if date is None or date == state.retires_at or state.status == Status.RETIRED or step.is_end_of_life:
        return state, ()
    event = _event_of_step(state, EventKind.RETIREMENT_ANNOUNCED, step, f"{date:%Y-%m-%dT%H:%M:%SZ}")
    return replace(state, retires_at=date), (event,)


def change_kind(state: ModelState, step: Step, _policy: Policy) -> Transition:
    """Rule 23: the endpoint that serves the model, remembered once known."""
    kind = step.observation.kind
    if kind in {Kind.UNKNOWN, state.kind}:
        return state, ()
    after = replace(state, kind=kind)
    if state.kind == Kind.UNKNOWN:
        return after, ()
    return after, (_event_of_step(state, EventKind.KIND_CHANGED, step, f"{state.kind} -> {kind}"),)


def change_server(state: ModelState, step: Step, _policy: Policy) -> Transition:
    """Rule 37: who answers in the model's name. A limiter does not say who would have answered."""
    observation, memory = step.observation, state.memory
    if observation.outcome != Outcome.AVAILABLE or observation.served_as == NOT_RECORDED:
        return state, ()
    server = None if observation.served_as == observation.model else observation.served_as
    if memory.has_served and server != state.served_as:
        return _swap(state, step, server)
    if memory.has_served and memory.swap is None:  # the same answer as always
        return state, ()
    return replace(state, served_as=server, memory=replace(memory, has_served=True, swap=None)), ()


def _swap(state: ModelState, step: Step, server: str | None) -> Transition:
    """Believe that another model answers once it did so twice in a row, since the first time."""
    swap, model = state.memory.swap, step.observation.model
    if swap is None or swap.served_as != server:
        return replace(state, memory=replace(state.memory, swap=Swap(server, step.moment))), ()
    detail = f"{state.served_as or model} -> {server or model}"
    event = _event_of_step(state, EventKind.SERVED_MODEL_CHANGED, step, detail)
    after = replace(state, served_as=server, memory=replace(state.memory, swap=None))
    return after, (replace(event, began_at=swap.began_at),)


def side_event(
    state: ModelState,
    kind: EventKind,
    model: str,
    moment: datetime,
    *,
    reason: str | None = None,
    detail: str | None = None,
) -> Event:
    """Build an event that changes no status: it carries the current one in both places (rules.md 13)."""
    return Event(
        kind=kind,
        model=model,
        began_at=moment,
        confirmed_at=moment,
        from_status=state.status,
        to_status=state.status,
        reason=reason,
        detail=detail,
    )


def _event_of_step(state: ModelState, kind: EventKind, step: Step, detail: str) -> Event:
    observation = step.observation
    return side_event(state, kind, observation.model, step.moment, reason=observation.reason, detail=detail)
