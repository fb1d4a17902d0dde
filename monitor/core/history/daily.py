"""A model's days, counted along a fold: observations of conclusive sweeps, while not retired (rules.md 27).

store/derived/daily.py counts the same in SQL from the rows; a rebuild puts the two beside each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, Outcome, Status
from monitor.core.history.latency_histogram import count_values, encode, exact_percentile
from monitor.core.lifecycle.fold import observations_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One model's UTC day. The latencies are those of its `available` observations.

    Percentiles are nearest-rank and exact; the sketch is for longer times. Without a latency all are None.
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


class Days:
    """The days that are being counted. Sweeps come in the order of their start."""

    def __init__(self, first_day: int = -(2**53)) -> None:
        """Leave days (since 1970) before the first one out."""
        self._first_day = first_day
        self._counting: defaultdict[tuple[str, int], _Counting] = defaultdict(_Counting)

    def add(self, before: ProviderState, sweep: Sweep, policy: Policy) -> None:
        """Count a conclusive sweep; `before` is what was believed before it."""
        for model, observation in observations_of(sweep, policy).items():
            known = before.models.get(model)
            if known is None or known.status is not Status.RETIRED:
                self._count(model, day_of(sweep.moment(observation)), observation)

    def _count(self, model: str, day: int, seen: Observation) -> None:
        if day < self._first_day:
            return
        counting = self._counting[model, day]
        counting.outcomes[seen.outcome] += 1
        if seen.outcome is Outcome.AVAILABLE and seen.latency_ms is not None:
            counting.latencies.append(seen.latency_ms)

    def take(self, before_day: int | None = None) -> Iterator[tuple[str, int, Day]]:
        """Give the model, the day (since 1970) and the counts of all days before one, or of all, once."""
        for model, day in list(self._counting):
            if before_day is None or day < before_day:
                yield model, day, _counted(self._counting.pop((model, day)))


def day_of(moment: datetime) -> int:
    """Return the UTC day of a moment, counted from 1970."""
    return (moment - _EPOCH) // _DAY


def midnight_of(day: int) -> datetime:
    """Return the moment at which a day begins."""
    return _EPOCH + day * _DAY


def counted_day(answered: int, unavailable: int, unknown: int, latencies: Iterable[int]) -> Day:
    """Return a day from how its observations came out and the latencies of the available ones."""
    ascending = sorted(latencies)
    return Day(
        checks=answered + unavailable + unknown,
        answered=answered,
        unavailable=unavailable,
        unknown=unknown,
        latency_p50_ms=exact_percentile(ascending, 50),
        latency_p95_ms=exact_percentile(ascending, 95),
        latency_sketch=encode(count_values(ascending)) if ascending else None,
    )


def _counted(counting: _Counting) -> Day:
    outcomes = counting.outcomes
    return counted_day(
        sum(outcomes[each] for each in ANSWERED),
        outcomes[Outcome.UNAVAILABLE],
        outcomes[Outcome.UNKNOWN],
        counting.latencies,
    )
