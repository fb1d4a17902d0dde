"""What one sweep is going to ask: how each model is probed, and which are asked first."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.domain.ids import is_path
from monitor.core.domain.patterns import matches, nearest
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ModelState, ProviderState
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import EventKind, Kind, Status
from monitor.core.lifecycle.guard import regulars
from monitor.core.planning.inputs import EMPTY_ENTRY, NOTHING_KNOWN, CatalogEntry, Knowledge, ProviderTraits
from monitor.core.planning.metadata_checks import after_probe, is_checked_only
from monitor.core.planning.order import by_worth, interleaved
from monitor.core.planning.search import is_askable, plan_for
from monitor.probe.model_probe import ModelProbe
from monitor.probe.stopwatch import Stopwatch
from monitor.report.words.numbers import counted
from monitor.sweep.values import Target

CANARIES = 3  # of different publishers (decisions 0021)
_NOT_ASKED = "of a kind that no probe asks, or only where costly_kinds allows what it costs"
_MOST_PATTERNS = 3  # in one line of words


def nothing_to_ask(listed: Sequence[str], policy: Policy) -> str:
    """Say why a sweep asks none of the listed models: which patterns shut all of them out."""
    models = counted(len(listed), "listed model")
    if any(matches(model, policy.include) for model in listed):
        return f"exclude = {_list_words(policy.exclude)} leaves none of {models}"
    close = dict.fromkeys(name for pattern in policy.include for name in nearest(pattern, listed))
    meant = f"; nearest: {_list_words(tuple(close))}" if close else ""
    return f"include = {_list_words(policy.include)} matches none of {models}{meant}"


def _list_words(words: Sequence[str]) -> str:
    more = ["..."] if len(words) > _MOST_PATTERNS else []
    return f"[{', '.join([*(json.dumps(word) for word in words[:_MOST_PATTERNS]), *more])}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """The order of one sweep.

    `checked` are retired models whose metadata is read first, `queue` all others; `regulars` of those
    answered when they were asked last, `available_models` are those whose status is available. `canaries` are
    known to answer: they are asked first, and again on suspicion. `is_exhausted` says that the key's quota
    was used up in the last sweep.
    """

    checked: tuple[str, ...]
    queue: tuple[str, ...]
    regulars: tuple[str, ...]
    available_models: tuple[str, ...]
    canaries: tuple[str, ...]
    is_exhausted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorKnowledge:
    """What is known before a sweep: the history's state, the prober's knowledge, the catalog's entries."""

    state: ProviderState
    knowledge: Mapping[str, Knowledge]
    entries: Mapping[str, CatalogEntry]

    def kind_of(self, model: str) -> str:
        """Return the remembered kind of a model."""
        state = self.state.models.get(model)
        return Kind.UNKNOWN if state is None else state.kind

    def knowledge_of(self, model: str) -> Knowledge:
        """Return what the prober knows of a model."""
        return self.knowledge.get(model, NOTHING_KNOWN)

    def may_ask(self, model: str, traits: ProviderTraits) -> bool:
        """Whether a probe may ask a model at all (rules.md 38)."""
        return is_askable(self.entries.get(model, EMPTY_ENTRY), traits, kind=self.kind_of(model))


def share(per_day: int | None, *, spent: int, sweeps_left: int) -> int | None:
    """Return what this sweep may send: an equal part of what the day has left; None without a budget.

    `sweeps_left` counts the sweeps of this day from now on, this one included; at least 1.
    """
    if per_day is None:
        return None
    return max(per_day - spent, 0) // max(sweeps_left, 1)  # at least one: this sweep itself


def plan_sweep(
    tracked: Sequence[str], prior: PriorKnowledge, target: Target, *, started_at: datetime, is_short: bool
) -> SweepPlan:
    """Return the order of a sweep; the most informative models first where not all may be asked.

    Then the canaries change too: they are those that are available and were not asked for longest.
    """
    checked = tuple(model for model in tracked if _is_checked_only(model, prior, target))
    others = interleaved(excluding(tracked, checked))  # first interleaved: equal worth keeps publishers apart
    ordered = by_worth(others, prior.state.models) if is_short else others
    expected = regulars(prior.state, started_at)
    regular = tuple(model for model in ordered if model in expected)
    states = prior.state.models
    available = tuple(
        model for model in ordered if model in states and states[model].status is Status.AVAILABLE
    )
    # answers before limits: a canary must be able to prove something
    answering = sorted(available if is_short else regular, key=lambda model: not _was_available(model, prior))
    return SweepPlan(
        checked=checked,
        queue=ordered if is_short else (*regular, *excluding(ordered, regular)),
        regulars=regular,
        available_models=available,
        canaries=tuple(answering[:CANARIES]),
        is_exhausted=any(kind is EventKind.QUOTA_EXHAUSTED for kind, _ in prior.state.open_troubles),
    )


def excluding(models: Sequence[str], others: Collection[str]) -> tuple[str, ...]:
    """Return the models that are none of the others, in their order."""
    taken = frozenset(others)
    return tuple(model for model in models if model not in taken)


def probe_of(model: str, prior: PriorKnowledge, target: Target, now: datetime) -> ModelProbe:
    """Return the probe of a model that is asked itself."""
    knowledge, kind = prior.knowledge_of(model), prior.kind_of(model)
    entry = prior.entries.get(model, EMPTY_ENTRY)
    plan = plan_for(
        model,
        target.traits,
        kind=kind,
        knowledge=knowledge,
        now=now,
        declared=entry.route,
        streamed=target.streamed,
    )
    announced = _announced(entry, prior.state.models.get(model), now)
    return ModelProbe(model, plan, kind, knowledge=after_probe(knowledge), announced=announced)


def excluded_observation(
    model: str, prior: PriorKnowledge, target: Target, stopwatch: Stopwatch
) -> Observation:
    """Return the observation of a model that no probe may ask."""
    probe = probe_of(model, prior, target, stopwatch.now())
    return replace(probe.not_probed(stopwatch.at_ms()), detail=_NOT_ASKED)


def _was_available(model: str, prior: PriorKnowledge) -> bool:
    """Whether the last probe found an answer, not only a limit."""
    state = prior.state.models.get(model)
    return state is not None and state.last_available_at == state.last_checked_at


def _is_checked_only(model: str, prior: PriorKnowledge, target: Target) -> bool:
    if not target.traits.metadata or not is_path(model):
        return False
    state = prior.state.models.get(model)
    return is_checked_only(state, prior.knowledge_of(model), every=target.full_look_every)


def _announced(entry: CatalogEntry, state: ModelState | None, now: datetime) -> datetime | None:
    """Return the end that the catalog names; where it names none, when it was first said to come."""
    if entry.retires_at or not entry.is_flagged:
        return entry.retires_at
    return (state.retires_at if state else None) or now.replace(microsecond=0)
