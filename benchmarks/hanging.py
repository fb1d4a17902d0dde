"""What models that never answer cost a sweep: no more than the patience that its settings grant them."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from benchmarks.figures import Figure, Scale
from benchmarks.provider import provider
from benchmarks.single import UNPACED, aim, fresh_history, timed_sweep
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Outcome
from monitor.probe.pacer import Pacer

_MODELS, _HANGING = 189, 20  # as many as the blog's day had, and as many that stayed unclear
_LATENCY_S = 0.02
_MOST_OVER_BOUND = 1.1
_LOOKS = 2  # a first one and, for what did not answer in time, a patient one


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """How many requests at once, and how long each look waits: long, beside asking those that answer."""

    concurrency: int
    timeout_s: float
    slow_timeout_s: float

    @property
    def bound_s(self) -> float:
        """The time in which everything that hangs has been waited for twice, so many at once."""
        return ceil(_HANGING / self.concurrency) * (self.timeout_s + self.slow_timeout_s)


_CASES = (
    _Case(concurrency=32, timeout_s=4.0, slow_timeout_s=8.0),
    _Case(concurrency=8, timeout_s=2.0, slow_timeout_s=4.0),
)
_CASES_QUICK = (_CASES[0], _Case(concurrency=8, timeout_s=1.0, slow_timeout_s=2.0))


def hanging(scale: Scale) -> Iterator[Figure]:
    """Sweep once with room for all that hang, and once with less; waiting repeats itself exactly enough."""
    for case in _CASES_QUICK if scale.is_quick else _CASES:
        yield from _measured(case)


def _measured(case: _Case) -> Iterator[Figure]:
    with provider(_MODELS, _LATENCY_S, hanging=_HANGING) as simulated, fresh_history() as engine:
        target = aim(
            simulated.base_url,
            Pacer(start_rate_per_s=UNPACED),
            concurrency=case.concurrency,
            timeout_s=case.timeout_s,
            slow_timeout_s=case.slow_timeout_s,
        )
        swept, seconds = timed_sweep(target, engine)
        _check(swept.sweep)
        requests = len(simulated.arrivals())
    yield Figure(
        name=f"{_HANGING} of {_MODELS} models hang, concurrency {case.concurrency}: "
        f"time over the bound of {case.bound_s:g} s",
        value=seconds / case.bound_s,
        at_most=_MOST_OVER_BOUND,
    )
    answered_and_catalog = _MODELS - _HANGING + 1
    yield Figure(
        name="the same: requests to each model that hangs",
        value=(requests - answered_and_catalog) / _HANGING,
        at_most=_LOOKS,
    )


def _check(sweep: Sweep) -> None:
    unclear = sum(seen.outcome == Outcome.UNKNOWN for seen in sweep.observations)
    if unclear != _HANGING:
        raise RuntimeError(f"{unclear} models were unclear in the measured sweep, and {_HANGING} hang")
