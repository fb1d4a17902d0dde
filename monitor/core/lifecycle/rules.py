"""The life of one model: what an observation of a conclusive sweep, or a confirmed absence, does to it.

`observe` runs one observation through the rules in their order; each rule is a small function that names
its number in rules.md. It knows nothing of other models, catalogs or verdicts.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeGuard

from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import Memory, ModelState, Streak
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import EventKind, Kind, Outcome, Reason, Status
from monitor.core.lifecycle import side_events
from monitor.core.lifecycle.step import Step, Transition, clear_direction, count_silence, note

BASELINE = "baseline"

_Rule = Callable[[ModelState, Step, Policy], Transition]


def observe(
    state: ModelState | None,
    observation: Observation,
    moment: datetime,
    policy: Policy,
    *,
    is_baseline: bool = False,
) -> Transition:
    """Advance a model by one observation of a conclusive sweep; `state` None means it was never seen before.

    `moment` is when the observation was made. Returns the state after it and the events it made, in order.
    """
    before = state or ModelState(status=Status.NEW, reason=observation.reason, since=moment)
    is_up = clear_direction(before.status, observation)
    step = Step(observation, moment, is_up, state is None, is_baseline)
    if state is not None and _is_as_always(state, step, policy):
        return note(state, step, policy)
    after, events = before, list[Event]()
    for rule in _RULES:
        after, made = rule(after, step, policy)
        events += made
    return after, tuple(events)


def _is_as_always(state: ModelState, step: Step, policy: Policy) -> bool:
    """Return whether `note` alone can change anything: an available model answered as it always did.

    It spares most observations twelve rules. `_RULES` stays the only place where something happens.
    """
    observation, memory = step.observation, state.memory
    if observation.outcome != Outcome.AVAILABLE or state.status != Status.AVAILABLE or state.flapping:
        return False
    server = None if observation.served_as == observation.model else observation.served_as
    return (
        not step.is_end_of_life
        and False not in memory.window
        and policy.flap_high > 0
        and observation.retires_at in {None, state.retires_at}
        and observation.kind in {Kind.UNKNOWN, state.kind}
        and memory.has_served
        and memory.swap is None
        and server == state.served_as
    )


def confirm_absence(model: str, state: ModelState, began_at: datetime, confirmed_at: datetime) -> Transition:
    """Believe that a model left the catalog: retired once, with no streak or window (rules.md 11, 18)."""
    memory = state.memory
    memory = Memory(  # streaks and window go, what it once did stays (rules.md 18)
        absent=memory.absent, is_gone=True, has_answered=memory.has_answered, has_served=memory.has_served
    )
    after, events = replace(state, listed=False, flapping=False, memory=memory), list[Event]()
    if state.status != Status.RETIRED:
        events.append(
            Event(
                kind=EventKind.RETIRED,
                model=model,
                began_at=began_at,
                confirmed_at=confirmed_at,
                from_status=state.status,
                to_status=Status.RETIRED,
                reason=Reason.DELISTED,
            )
        )
        # since: readers are shown when it left, not when that was believed
        after = replace(after, status=Status.RETIRED, reason=Reason.DELISTED, since=began_at)
    if state.flapping:
        events.append(side_events.side_event(after, EventKind.FLAPPING_STOPPED, model, confirmed_at))
    return after, tuple(events)


def _appear(state: ModelState, step: Step, _policy: Policy) -> Transition:
    """Rule 14: a model seen for the first time starts where its first observation puts it."""
    if not step.is_first:
        return state, ()
    observation = step.observation
    status = Status.RETIRED if step.is_end_of_life else _settled(step)
    event = Event(
        kind=EventKind.APPEARED,
        model=observation.model,
        began_at=step.moment,
        confirmed_at=step.moment,
        to_status=status,
        reason=observation.reason,
        detail=BASELINE if step.is_baseline else None,
    )
    return replace(state, status=status), (event,)


def _settled(step: Step) -> Status:
    if step.is_up is None:
        return Status.NEW
    return Status.AVAILABLE if step.is_up else Status.UNAVAILABLE


def _end(state: ModelState, step: Step, _policy: Policy) -> Transition:
    """Rules 16 and 19: an end-of-life answer retires at once, and once."""
    if not step.is_end_of_life or state.status == Status.RETIRED:
        return state, ()
    return _move(state, step, EventKind.RETIRED, Status.RETIRED, Streak(1, step.moment))


def _return(state: ModelState, step: Step, policy: Policy) -> Transition:
    """Rule 20: a retired model is back when what retired it no longer holds."""
    if state.status != Status.RETIRED or step.is_end_of_life:
        return state, ()
    if state.reason == Reason.DELISTED:
        return _relist(state, step)
    if not step.is_up or not _is_confirmed(state.memory.ups, policy.confirm_up):
        return state, ()
    return _move(state, step, EventKind.REAPPEARED, Status.AVAILABLE, state.memory.ups)


def _relist(state: ModelState, step: Step) -> Transition:
    """Rule 20: listed again after a delisting, with streaks that start afresh."""
    afresh = Streak(1, step.moment)
    timeouts, unclear = count_silence(None, None, step)
    memory = replace(
        state.memory,
        ups=afresh if step.is_up else None,
        downs=afresh if step.is_up is False else None,
        timeouts=timeouts,
        unclear=unclear,
        swap=None,
    )
    return _move(replace(state, memory=memory), step, EventKind.REAPPEARED, _settled(step), afresh)


def _settle(state: ModelState, step: Step, _policy: Policy) -> Transition:
    """Rule 14: the first clear observation of a new model counts at once."""
    if state.status != Status.NEW or step.is_up is None:
        return state, ()
    kind = EventKind.BECAME_AVAILABLE if step.is_up else EventKind.BECAME_UNAVAILABLE
    return _move(state, step, kind, _settled(step), Streak(1, step.moment))


def _go_down(state: ModelState, step: Step, policy: Policy) -> Transition:
    """Rule 15: enough clear downs in a row."""
    downs = state.memory.downs
    if state.status != Status.AVAILABLE or step.is_up is not False:
        return state, ()
    if not _is_confirmed(downs, policy.confirm_down):
        return state, ()
    return _move(state, step, EventKind.BECAME_UNAVAILABLE, Status.UNAVAILABLE, downs)


def _come_up(state: ModelState, step: Step, policy: Policy) -> Transition:
    """Rule 15: enough clear ups in a row."""
    ups = state.memory.ups
    if state.status != Status.UNAVAILABLE or not step.is_up or not _is_confirmed(ups, policy.confirm_up):
        return state, ()
    return _move(state, step, EventKind.BECAME_AVAILABLE, Status.AVAILABLE, ups)


def _give_up(state: ModelState, step: Step, policy: Policy) -> Transition:
    """Rule 17: unavailable for too long, confirmed by a down observation of a model that once answered."""
    downs = state.memory.downs
    if state.status != Status.UNAVAILABLE or step.is_up is not False or downs is None:
        return state, ()
    if not state.memory.has_answered or step.moment - downs.began_at <= policy.retire_after:
        return state, ()
    return _move(state, step, EventKind.RETIRED, Status.RETIRED, downs, reason=Reason.UNAVAILABLE_TOO_LONG)


def _fall_silent(state: ModelState, step: Step, policy: Policy) -> Transition:
    """Rule 4: nothing clear for long enough is down; of a new model only time-outs count."""
    memory = state.memory
    streaks = {Status.NEW: memory.timeouts, Status.AVAILABLE: memory.unclear}
    silence = streaks.get(state.status) if step.is_unclear else None
    if not _is_confirmed(silence, policy.confirm_unresponsive):
        return state, ()
    emptied = replace(state, memory=replace(memory, ups=None, downs=None))
    reason = Reason.UNRESPONSIVE if silence == memory.timeouts else Reason.UNCLEAR
    return _move(emptied, step, EventKind.BECAME_UNAVAILABLE, Status.UNAVAILABLE, silence, reason=reason)


def _is_confirmed(streak: Streak | None, wanted: int) -> TypeGuard[Streak]:
    return streak is not None and streak.count >= wanted


def _move(
    state: ModelState,
    step: Step,
    kind: EventKind,
    status: Status,
    streak: Streak,
    *,
    reason: str | None = None,
) -> Transition:
    """Change the status and record it as one event, dated to the streak's first (rules.md 13, 24, 25)."""
    event = Event(
        kind=kind,
        model=step.observation.model,
        began_at=streak.began_at,
        confirmed_at=step.moment,
        from_status=state.status,
        to_status=status,
        reason=reason or step.observation.reason,
    )
    return replace(state, status=status, reason=event.reason, since=event.began_at), (event,)


_RULES: tuple[_Rule, ...] = (
    note,  # first: the rules below read the streaks that it wrote
    _appear,  # before the others: they move models that exist
    _end,  # before rules 15 and 17 (rules.md 16)
    _return,
    _settle,
    _go_down,
    _come_up,
    _give_up,  # after going down: both may happen in one sweep
    _fall_silent,
    side_events.flap,
    side_events.announce,
    side_events.change_kind,
    side_events.change_server,
)
