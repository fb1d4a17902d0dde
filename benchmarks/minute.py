"""Whether a sweep keeps `requests_per_minute`, as the server saw it, and how much of it is used."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Scale
from benchmarks.provider import provider
from benchmarks.single import fresh_history, sweep_seconds

_LATENCY_S = 0.02
_MOST_OVER_RATE = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A catalog, the limit of its provider, and the length of the windows that are looked at."""

    models: int
    per_minute: int
    window_s: float = 60.0


_CASES = (_Case(models=189, per_minute=30), _Case(models=1_260, per_minute=1_200))
_CASES_QUICK = (  # in shorter windows a late wake-up would weigh more than the pacer's reserve
    _Case(models=24, per_minute=120, window_s=10.0),
    _Case(models=300, per_minute=1_200, window_s=10.0),
)


def minute(scale: Scale) -> Iterator[Figure]:
    """Sweep a real catalog at a real limit, six minutes long, and a large one at a high limit."""
    for case in _CASES_QUICK if scale.is_quick else _CASES:
        yield from _measured(case)


def _measured(case: _Case) -> Iterator[Figure]:
    """Compare the time with that of all requests at the limit; the reading of the catalog is one of them."""
    with provider(case.models, _LATENCY_S) as simulated, fresh_history() as engine:
        seconds = sweep_seconds(engine, simulated.base_url, per_minute=case.per_minute)
        arrivals = simulated.arrivals()
    ideal = len(arrivals) * 60 / case.per_minute
    allowed = case.per_minute * case.window_s / 60
    yield Figure(
        name=f"{case.models} models at {case.per_minute} requests a minute: time over requests / rate",
        value=seconds / ideal,
        at_most=_MOST_OVER_RATE,
    )
    yield Figure(
        name=f"the same: most requests in any {case.window_s:.0f} s, of {allowed:.0f} allowed",
        value=busiest(arrivals, case.window_s) / allowed,
        at_most=1.0,
    )


def busiest(arrivals: Sequence[float], window_s: float) -> int:
    """Return the largest number of moments (seconds, ascending) in any half-open window of this length."""
    return max(bisect_left(arrivals, start + window_s) - place for place, start in enumerate(arrivals))
