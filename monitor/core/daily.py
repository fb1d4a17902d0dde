"""A model's days, counted along a fold: observations of conclusive sweeps, while not retired (rules.md 27).

store/rollup.py counts the same in SQL from the rows; a rebuild puts the two beside each other.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.core.diff import observations_of
from monitor.core.model import ANSWERED, Observation, Outcome, Policy, ProviderState, Status, Sweep

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One model's UTC day. Percentiles are nearest-rank, of the latencies of `available` observations."""

    checks: int
    answered: int
    unavailable: int
    unknown: int
    latency_p50_ms: int | None
    latency_p95_ms: int | None


@dataclass(slots=True)
class _Counting:
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    latencies: list[int] = field(default_factory=list)


class Days:
    """The days that are being counted. Sweeps come in the order of their start."""

    def __init__(self) -> None:
        self._counting: defaultdict[tuple[str, int], _Counting] = defaultdict(_Counting)

    def add(self, before: ProviderState, sweep: Sweep, policy: Policy) -> None:
        """Count a conclusive sweep; `before` is what was believed before it."""
        for model, observation in observations_of(sweep, policy).items():
            known = before.models.get(model)
            if known is None or known.status is not Status.RETIRED:
                self._count(model, day_of(sweep.moment(observation)), observation)

    def _count(self, model: str, day: int, seen: Observation) -> None:
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


def _counted(counting: _Counting) -> Day:
    outcomes, latencies = counting.outcomes, sorted(counting.latencies)
    return Day(
        checks=sum(outcomes.values()),
        answered=sum(outcomes[each] for each in ANSWERED),
        unavailable=outcomes[Outcome.UNAVAILABLE],
        unknown=outcomes[Outcome.UNKNOWN],
        latency_p50_ms=_percentile(latencies, 50),
        latency_p95_ms=_percentile(latencies, 95),
    )


def _percentile(latencies: list[int], percent: int) -> int | None:
    """Return the nearest-rank percentile of sorted values."""
    return latencies[-(-percent * len(latencies) // 100) - 1] if latencies else None
