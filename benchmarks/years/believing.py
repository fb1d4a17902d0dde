"""What the real fold makes of made-up sweeps, without folding the millions of answers that change nothing.

A calm model (its status is that of its last clear answer, and it does not flap) that answers as before only
lengthens its streak: the changes in its window move to where they weigh less, so it cannot begin to flap.
That is caught up with when something else happens to it. All else is folded by core/lifecycle/fold.py: some
models by themselves where nothing happens to the provider, otherwise all. `store.replay.compare`, which
folds everything, must find no difference; the benchmark runs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from benchmarks.years.findings import Findings
from benchmarks.years.making import Made
from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import Memory, ModelState, ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, Outcome, Reason, Status, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.core.lifecycle.guard import answered_before

_LONGEST_SWEEP = timedelta(minutes=5)
_MOST_ODD = 0.3  # of the models, in a sweep that is surely conclusive


@dataclass(frozen=True, slots=True)
class Meant:
    """What a sweep means."""

    verdict: Verdict
    cause: str | None
    events: Sequence[Event]


class Believer:
    """What is believed of a provider; `names` are its models' by number, from 1 on."""

    def __init__(self, provider: str, names: Sequence[str], findings: Findings, policy: Policy) -> None:
        self._provider, self._names, self._findings, self._policy = provider, names, findings, policy
        self._state = ProviderState()  # after the last sweep that was folded as a whole
        self._members: Sequence[int] = ()  # of that sweep
        self._last: Made | None = None  # the last sweep after that one
        self._turn = 0  # how many sweeps were after it
        self._models: list[ModelState] = []  # by place, as after so many of them:
        self._up_to: list[int] = []
        self._uneasy: set[int] = set()  # places of models that are not calm and up
        self._down_until: dict[int, datetime] = {}  # places of those calm and down: how long it means nothing

    def believe(self, made: Made) -> Meant:
        """Take a sweep in."""
        return self._fold_some(made) if self._is_quiet(made) else self._fold_all(made)

    def state(self) -> ProviderState:
        """Return what is believed now."""
        if self._last is None:
            return self._state
        for place in range(len(self._members)):
            self._catch_up(place)
        names = [self._names[number - 1] for number in self._members]
        silent = {place for place, number in self._last.odd.items() if not self._is_answer(number)}
        return replace(
            self._state,
            models={
                **{name: self._missed(state) for name, state in self._state.models.items()},
                **dict(zip(names, self._models, strict=True)),
            },
            answered=frozenset(name for place, name in enumerate(names) if place not in silent),
            answered_before=answered_before(self._state, self._last.started_at, frozenset(names)),
            concluded_at=self._last.started_at,
            folded_until=self._last.started_at,
        )

    def _missed(self, state: ModelState) -> ModelState:
        """Return a model that is gone as it is after so many more catalogs without it."""
        if (absent := state.memory.absent) is None:
            return state
        longer = replace(absent, count=absent.count + self._turn)
        return replace(state, memory=replace(state.memory, absent=longer))

    def _is_answer(self, finding: int) -> bool:
        return self._findings.sample(finding).outcome in ANSWERED

    def _is_quiet(self, made: Made) -> bool:
        """Tell whether nothing can happen to the provider."""
        state = self._state
        is_busy = state.missing or state.absent or state.open_troubles or state.held or not state.has_answered
        is_odd = made.is_storm or len(made.odd) > _MOST_ODD * len(made.rows)
        return made.members is self._members and not is_busy and not is_odd

    def _fold_all(self, made: Made) -> Meant:
        places = range(len(made.members))
        decision = fold(self.state(), self._sweep(made, places), self._policy)
        self._state, self._members, self._last, self._turn = decision.state, made.members, None, 0
        self._uneasy, self._down_until = set(), {}
        known = decision.state.models
        self._models = [ModelState(status=Status.NEW, reason=None, since=made.started_at)] * len(places)
        self._up_to = [0] * len(places)
        for place in places:
            if (state := known.get(self._names[made.members[place] - 1])) is not None:
                self._learn(place, state)
        return Meant(decision.verdict, decision.cause, decision.events)

    def _fold_some(self, made: Made) -> Meant:
        """Fold the models that are not calm or answer oddly, as if there were no others."""
        places = set(self._uneasy)
        for place, finding in made.odd.items():
            if place in self._down_until and self._is_as_before(place, finding, made):
                places.discard(place)
            else:
                places.add(place)
        for place in places:
            self._catch_up(place)
        self._turn, self._last = self._turn + 1, made
        if not places:
            return Meant(Verdict.CONCLUSIVE, None, ())
        sweep = self._sweep(made, sorted(places))
        models = {
            seen.model: self._models[place]
            for place, seen in zip(sorted(places), sweep.observations, strict=True)
        }
        before = ProviderState(models=models, believed=frozenset(models), has_answered=True)
        decision = fold(before, replace(sweep, verdict=Verdict.CONCLUSIVE), self._policy)
        for place, name in zip(sorted(places), models, strict=True):
            self._learn(place, decision.state.models[name])
        return Meant(decision.verdict, decision.cause, decision.events)

    def _is_as_before(self, place: int, finding: int, made: Made) -> bool:
        """Tell whether a calm model is down in a way that changes nothing."""
        seen = self._findings.sample(finding)
        is_plain = seen.outcome is Outcome.UNAVAILABLE and seen.reason != Reason.END_OF_LIFE
        return is_plain and made.started_at + _LONGEST_SWEEP < self._down_until[place]

    def _learn(self, place: int, state: ModelState) -> None:
        """Keep what a model is now, and see whether it is calm."""
        self._models[place], self._up_to[place] = state, self._turn
        self._uneasy.discard(place)
        self._down_until.pop(place, None)
        window, memory = state.memory.window, state.memory
        is_steady = bool(window) and not state.flapping
        if is_steady and state.status is Status.AVAILABLE and memory.ups and window[-1]:
            return
        self._uneasy.add(place)
        if is_steady and state.status is Status.UNAVAILABLE and memory.downs and not window[-1]:
            self._down_until[place] = memory.downs.began_at + self._policy.retire_after

    def _catch_up(self, place: int) -> None:
        """Let a calm model have what it answered since."""
        missed = self._turn - self._up_to[place]
        if not missed or self._last is None:
            return
        state, (_, _, finding, latency, at_ms) = self._models[place], self._last.rows[place]
        moment = self._last.started_at + timedelta(milliseconds=at_ms)
        self._models[place] = replace(
            state,
            last_checked_at=moment,
            last_available_at=moment if state.status is Status.AVAILABLE else state.last_available_at,
            http_status=self._findings.sample(finding).http_status,
            latency_ms=latency,
            memory=self._longer(state.memory, missed),
        )
        self._up_to[place] = self._turn

    def _sweep(self, made: Made, places: Sequence[int]) -> Sweep:
        seen = tuple(self._observation(made, place) for place in places)
        return Sweep(
            provider=self._provider,
            started_at=made.started_at,
            finished_at=made.started_at,
            listed=tuple(each.model for each in seen),
            observations=seen,
        )

    def _observation(self, made: Made, place: int) -> Observation:
        number, _, finding, latency, at_ms = made.rows[place]
        return replace(
            self._findings.sample(finding), model=self._names[number - 1], at_ms=at_ms, latency_ms=latency
        )

    def _longer(self, memory: Memory, missed: int) -> Memory:
        """Return what a calm model remembers after so many more answers like the last."""
        size = self._policy.flap_window
        window = (*memory.window, *memory.window[-1:] * min(missed, size))[-size:]
        streak = memory.ups or memory.downs
        if streak is None:
            return memory
        longer = replace(streak, count=streak.count + missed)
        ups, downs = (longer, None) if memory.ups else (None, longer)
        return replace(memory, window=window, timeouts=None, unclear=None, ups=ups, downs=downs)
