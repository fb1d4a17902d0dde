"""The rules that tell of a model without changing its status: flapping, announced retirement, kind, swaps."""

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN

from monitor.core.domain.event import Event
from monitor.core.domain.percentages import percent_words
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ModelState, Swap
from monitor.core.domain.vocabulary import NOT_RECORDED, EventKind, Kind, Outcome, Status
from monitor.core.lifecycle import flapping
from monitor.core.lifecycle.step import Advance, Seen


def flap(state: ModelState, seen: Seen, policy: Policy) -> Advance:
    """Rule 22: restless over the window of clear observations."""
    window = state.memory.window
    is_calm = not state.flapping and policy.flap_high > 0 and window.count(seen.is_up is True) == len(window)
    if seen.is_up is None or is_calm:
        return state, ()
    percent = flapping.restlessness(window, policy.flap_window)
    is_flapping = flapping.is_flapping(percent, policy, was_flapping=state.flapping)
    if is_flapping == state.flapping:
        return state, ()
    kind = EventKind.FLAPPING_STARTED if is_flapping else EventKind.FLAPPING_STOPPED
    detail = percent_words(float(percent), rounding=ROUND_HALF_EVEN)
    event = remark(state, kind, seen.observation.model, seen.moment, detail=detail)
    return replace(state, flapping=is_flapping), (event,)


def announce(state: ModelState, seen: Seen, _policy: Policy) -> Advance:
    """Rule 23: a new end-of-life date of a model that still lives."""
    date = seen.observation.retires_at
    if date is None or date == state.retires_at or state.status == Status.RETIRED or seen.is_end_of_life:
        return state, ()
    event = _remark_seen(state, EventKind.RETIREMENT_ANNOUNCED, seen, f"{date:%Y-%m-%dT%H:%M:%SZ}")
    return replace(state, retires_at=date), (event,)


def change_kind(state: ModelState, seen: Seen, _policy: Policy) -> Advance:
    """Rule 23: the endpoint that serves the model, remembered once known."""
    kind = seen.observation.kind
    if kind in {Kind.UNKNOWN, state.kind}:
        return state, ()
    after = replace(state, kind=kind)
    if state.kind == Kind.UNKNOWN:
        return after, ()
    return after, (_remark_seen(state, EventKind.KIND_CHANGED, seen, f"{state.kind} -> {kind}"),)


def change_server(state: ModelState, seen: Seen, _policy: Policy) -> Advance:
    """Rule 37: who answers in the model's name. A limiter does not say who would have answered."""
    observation, memory = seen.observation, state.memory
    if observation.outcome != Outcome.AVAILABLE or observation.served_as == NOT_RECORDED:
        return state, ()
    server = None if observation.served_as == observation.model else observation.served_as
    if memory.has_served and server != state.served_as:
        return _swap(state, seen, server)
    if memory.has_served and memory.swap is None:
        return state, ()
    return replace(state, served_as=server, memory=replace(memory, has_served=True, swap=None)), ()


def _swap(state: ModelState, seen: Seen, server: str | None) -> Advance:
    """Believe that another model answers once it did so twice in a row, since the first time."""
    swap, model = state.memory.swap, seen.observation.model
    if swap is None or swap.served_as != server:
        return replace(state, memory=replace(state.memory, swap=Swap(server, seen.moment))), ()
    detail = f"{state.served_as or model} -> {server or model}"
    event = _remark_seen(state, EventKind.SERVED_MODEL_CHANGED, seen, detail)
    after = replace(state, served_as=server, memory=replace(state.memory, swap=None))
    return after, (replace(event, began_at=swap.began_at),)


def remark(
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


def _remark_seen(state: ModelState, kind: EventKind, seen: Seen, detail: str) -> Event:
    observation = seen.observation
    return remark(state, kind, observation.model, seen.moment, reason=observation.reason, detail=detail)
