"""A model's days, counted along a fold: observations of conclusive sweeps, while not retired (rules.md 27).

store/derived/daily.py counts the same in SQL from the rows; a rebuild puts the two beside each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, Outcome, Status
from monitor.core.history.latency_histogram import count_values, encode, exact_percentile
from monitor.core.lifecycle.fold import observations_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """One model's UTC day. The latencies are those of its `available` observations.

    Percentiles are nearest-rank and exact; the histogram is for longer times. Without a latency all are None.
    """

    checks: int
    answered: int
    unavailable: int
    unknown: int
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    latency_sketch: bytes | None


@dataclass(slots=True)
class _Counting:
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    latencies: list[int] = field(default_factory=list)


class DayCounter:
    """The days that are being counted. Sweeps come in the order of their start."""

    def __init__(self, first_day: date = date.min) -> None:
        """Leave UTC days before the first one out."""
        self._first_day = first_day
        self._counting: defaultdict[tuple[str, date], _Counting] = defaultdict(_Counting)

    def add(self, before: ProviderState, sweep: Sweep, policy: Policy) -> None:
        """Count a conclusive sweep; `before` is what was believed before it."""
        for model, observation in observations_of(sweep, policy).items():
            state = before.models.get(model)
            if state is None or state.status is not Status.RETIRED:
                self._count(model, sweep.moment(observation).date(), observation)

    def _count(self, model: str, day: date, observation: Observation) -> None:
        if day < self._first_day:
            return
        counting = self._counting[model, day]
        counting.outcomes[observation.outcome] += 1
        if observation.outcome is Outcome.AVAILABLE and observation.latency_ms is not None:
            counting.latencies.append(observation.latency_ms)

    def take(self, before_day: date = date.max) -> Iterator[tuple[str, date, DayCounts]]:
        """Give the model, the day and the counts of all days before one, once."""
        for model, day in list(self._counting):
            if day < before_day:
                yield model, day, _counted(self._counting.pop((model, day)))


def counted_day(answered: int, unavailable: int, unknown: int, latencies: Iterable[int]) -> DayCounts:
    """Return a day from how its observations came out and the latencies of the available ones."""
    ascending = sorted(latencies)
    return DayCounts(
        checks=answered + unavailable + unknown,
        answered=answered,
        unavailable=unavailable,
        unknown=unknown,
        latency_p50_ms=exact_percentile(ascending, 50),
        latency_p95_ms=exact_percentile(ascending, 95),
        latency_sketch=encode(count_values(ascending)) if ascending else None,
    )


def _counted(counting: _Counting) -> DayCounts:
    outcomes = counting.outcomes
    return counted_day(
        sum(outcomes[outcome] for outcome in ANSWERED),
        outcomes[Outcome.UNAVAILABLE],
        outcomes[Outcome.UNKNOWN],
        counting.latencies,
    )
