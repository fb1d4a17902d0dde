"""Whether a sweep keeps `requests_per_minute`, as the server saw it, and how much of it is used."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure, Scale
from benchmarks.provider import provider
from benchmarks.sweeping import fresh_history, sweep_seconds

_PER_MINUTE = 1_200
_LATENCY_S = 0.02
_MOST_OVER_RATE = 1.1


def minute(scale: Scale) -> Iterator[Figure]:
    """Sweep for more than a minute and look at every window of 60 s; when quick, at windows of 3 s."""
    window_s = 3.0 if scale.is_quick else 60.0
    allowed = _PER_MINUTE * window_s / 60
    models = round(allowed * 1.5) if scale.is_quick else round(allowed * 1.05)
    with provider(models, _LATENCY_S) as simulated, fresh_history() as engine:
        seconds = sweep_seconds(engine, simulated.base_url, per_minute=_PER_MINUTE)
        arrivals = simulated.arrivals()
    what = f"{models} models at {_PER_MINUTE} requests a minute"
    ideal = len(arrivals) * 60 / _PER_MINUTE
    yield Figure(name=f"{what}: time over requests / rate", value=seconds / ideal, at_most=_MOST_OVER_RATE)
    yield Figure(
        name=f"the same: most requests in any {window_s:.0f} s, of {allowed:.0f} allowed",
        value=busiest(arrivals, window_s) / allowed,
        at_most=1.0,
    )


def busiest(arrivals: Sequence[float], window_s: float) -> int:
    """Return the largest number of moments (seconds, ascending) in any half-open window of this length."""
    return max(bisect_left(arrivals, start + window_s) - place for place, start in enumerate(arrivals))
