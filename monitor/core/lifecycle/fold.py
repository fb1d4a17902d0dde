"""Fold one sweep over what is believed of a provider: its verdict, the events, the state after it.

The same fold serves the daemon's step, an import and a rebuild, so all three agree (rules.md 10-12, 18, 26).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from monitor.core.domain.event import Decision, Event
from monitor.core.domain.patterns import matches
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ModelState, ProviderState, Streak
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, UNASKED, Cause, EventKind, Outcome, Reason, Verdict
from monitor.core.lifecycle.guard import (
    CLOSED_BY,
    PROVIDER_EVENTS,
    answered_before,
    count_on,
    judge,
    judge_catalog,
)
from monitor.core.lifecycle.rules import confirm_absence, observe

_FEWEST_READS = 3  # rules.md 11


def fold(state: ProviderState, sweep: Sweep, policy: Policy) -> Decision:
    """Decide one finished sweep. Sweeps of a provider are folded in the order of their `started_at`."""
    reread, released = _read_catalog(state, sweep, policy)
    observations = observations_of(sweep, policy)
    # only tracked models are in there: looking up is quicker than matching patterns again
    judgement = judge(reread, sweep, lambda model: model in observations or is_tracked(model, policy))
    folded_until = max(state.folded_until or sweep.started_at, sweep.started_at)
    after = replace(reread, held=judgement.held, folded_until=folded_until)
    if judgement.verdict == Verdict.CONCLUSIVE:
        after, troubles = _close_troubles(after, sweep)
        after, changes = _advance_models(after, sweep, policy, observations, released)
    else:
        after, troubles = _open_trouble(after, sweep, judgement.cause)
        after, changes = _confirm_absences(after, released, sweep)
    # stable: events of one model at one moment keep the order of the rules that made them (rules.md 26)
    changes.sort(key=lambda event: (event.confirmed_at, event.model or ""))
    events = (*troubles, *changes)
    return Decision(verdict=judgement.verdict, cause=judgement.cause, events=events, state=after)


def doubt_catalog(state: ProviderState, sweep: Sweep, policy: Policy) -> Cause | None:
    """Say, before anything is probed, why this sweep's catalog will not be believed; None if it will."""
    return judge_catalog(_read_catalog(state, sweep, policy)[0], sweep)


def is_tracked(model: str, policy: Policy) -> bool:
    """Say whether an id passes `include` and `exclude`; else it is not probed nor absent (rules.md 1)."""
    return matches(model, policy.include) and not matches(model, policy.exclude)


# The catalog as such (rule 11)


def _read_catalog(
    state: ProviderState, sweep: Sweep, policy: Policy
) -> tuple[ProviderState, Mapping[str, datetime]]:
    """Count the ids a readable catalog lacks; missing often enough they are gone, whatever the verdict.

    Returns the state, and the ids released now with the start of the first catalog without them.
    """
    # a catalog that was not read to its end says nothing of what it lacks
    if not sweep.listed or sweep.cause in {Cause.INTERRUPTED, Cause.CATALOG_UNREADABLE}:
        return state, {}
    lacking = (state.believed | state.missing.keys()).difference(sweep.listed)
    missing = count_on(state.missing, lacking, sweep)
    absent = _count_absent(state, sweep, policy)
    enough = max(_FEWEST_READS, policy.confirm_unlisted)
    kept = {model: streak for model, streak in missing.items() if streak.count < enough}
    after = replace(
        state, missing=kept, absent=absent, believed=state.believed.difference(missing.keys() - kept.keys())
    )
    return after, {
        model: streak.began_at
        for model, streak in absent.items()
        if streak.count >= enough and is_tracked(model, policy)
    }


def _count_absent(state: ProviderState, sweep: Sweep, policy: Policy) -> dict[str, Streak]:
    """Count the reads without each known model; an excluded one is not absent, and keeps its count."""
    lacking = {model for model, before in state.models.items() if not before.memory.is_gone}
    lacking.difference_update(sweep.listed)
    excluded = {model for model in lacking if not is_tracked(model, policy)}
    kept = {model: streak for model, streak in state.absent.items() if model in excluded}
    return kept | count_on(state.absent, lacking - excluded, sweep)


# The provider (rule 10)


def _open_trouble(
    state: ProviderState, sweep: Sweep, cause: str | None
) -> tuple[ProviderState, tuple[Event, ...]]:
    """Raise a cause's event once, until a conclusive sweep closes it."""
    kind = PROVIDER_EVENTS.get(cause or "")
    # the same trouble in the next sweep is no new event (rules.md 10)
    if kind is None or cause is None or kind in dict(state.open_troubles):
        return state, ()
    after = replace(state, open_troubles=(*state.open_troubles, (kind, cause)))
    return after, (_provider_event(kind, sweep, cause, sweep.detail),)


def _close_troubles(state: ProviderState, sweep: Sweep) -> tuple[ProviderState, tuple[Event, ...]]:
    """Close every open trouble: a conclusive sweep is the proof that they are over."""
    events = tuple(_provider_event(CLOSED_BY[kind], sweep, cause) for kind, cause in state.open_troubles)
    return replace(state, open_troubles=()), events


def _provider_event(kind: EventKind, sweep: Sweep, cause: str, detail: str | None = None) -> Event:
    at = sweep.started_at
    return Event(kind=kind, model=None, began_at=at, confirmed_at=at, reason=cause, detail=detail)


# The models (rules 12, 14-23)


def _advance_models(
    state: ProviderState,
    sweep: Sweep,
    policy: Policy,
    observations: Mapping[str, Observation],
    released: Mapping[str, datetime],
) -> tuple[ProviderState, list[Event]]:
    """Advance every listed model by its observation, and every missing one by its absence."""
    models, events = dict(state.models), list[Event]()
    for model, observation in observations.items():
        before = _as_listed(models[model]) if model in models else None
        moment = sweep.moment(observation)
        models[model], made = observe(before, observation, moment, policy, is_baseline=not state.has_answered)
        events += made
    listed = frozenset(sweep.listed)
    for model, before in state.models.items():
        if model in listed and model not in observations:  # listed, but excluded: it is there
            models[model] = _as_listed(before)
        elif model not in listed and is_tracked(model, policy):
            models[model], made = _miss(model, before, sweep, policy, released)
            events += made
    probed = {model for model, observation in observations.items() if observation.reason not in UNASKED}
    answered = frozenset(m for m, observation in observations.items() if observation.outcome in ANSWERED)
    after = replace(
        state,
        models=models,
        believed=listed,
        answered=answered,
        answered_before=answered_before(state, sweep.started_at, probed),
        concluded_at=sweep.started_at,
        has_answered=state.has_answered or bool(answered),
    )
    return after, events


def observations_of(sweep: Sweep, policy: Policy) -> dict[str, Observation]:
    """Return one observation for each tracked listed model; a gap counts as never asked (rules.md 1)."""
    made = {observation.model: observation for observation in sweep.observations}
    return {
        model: made.get(model) or Observation(model, Outcome.UNKNOWN, Reason.NOT_PROBED, at_ms=0, attempts=0)
        for model in sweep.listed
        if is_tracked(model, policy)
    }


def _as_listed(state: ModelState) -> ModelState:
    if state.listed and state.memory.absent is None:
        return state
    return replace(state, listed=True, memory=replace(state.memory, absent=None, is_gone=False))


def _miss(
    model: str, state: ModelState, sweep: Sweep, policy: Policy, released: Mapping[str, datetime]
) -> tuple[ModelState, tuple[Event, ...]]:
    """Rule 18: one more conclusive read without the model; where rule 11 confirms too, 18's start stands."""
    absent = state.memory.absent.longer() if state.memory.absent else Streak(1, sweep.started_at)
    missed = replace(state, listed=False, memory=replace(state.memory, absent=absent))
    if state.memory.is_gone:
        return missed, ()
    if absent.count >= policy.confirm_unlisted:
        return confirm_absence(model, missed, absent.began_at, sweep.started_at)
    if model in released:
        return confirm_absence(model, missed, released[model], sweep.started_at)
    return missed, ()


def _confirm_absences(
    state: ProviderState, released: Mapping[str, datetime], sweep: Sweep
) -> tuple[ProviderState, list[Event]]:
    """Rule 11 in an inconclusive sweep: what is released there is gone, nothing else changes."""
    models, events = dict(state.models), list[Event]()
    for model in released:
        models[model], made = confirm_absence(model, models[model], released[model], sweep.started_at)
        events += made
    return replace(state, models=models), events
