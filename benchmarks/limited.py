"""What models that ask to wait cost a sweep: their own observation at most, and nobody else's time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.figures import Figure, Scale, interleaved, medians
from benchmarks.provider import provider
from benchmarks.single import UNPACED, aim, fresh_history, timed_sweep
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Outcome
from monitor.probe.pacer import Pacer
from monitor.store.connection.engine import Engine

_MODELS, _LIMITED = 189, 3  # next to each other, as a publisher's are; each asks to wait an hour
_MOST_OVER_FREE = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """How many requests at once, and how long each takes."""

    concurrency: int
    latency_s: float


_CASES = (
    _Case(concurrency=32, latency_s=0.5),
    _Case(concurrency=4, latency_s=0.05),
    _Case(concurrency=1, latency_s=0.02),
)


def limited(scale: Scale) -> Iterator[Figure]:
    """Sweep a catalog with limited models and one without by turns."""
    for case in _CASES[: 2 if scale.is_quick else None]:
        yield from _measured(case, scale)


def _measured(case: _Case, scale: Scale) -> Iterator[Figure]:
    with (
        provider(_MODELS, case.latency_s) as free,
        provider(_MODELS, case.latency_s, limited=_LIMITED) as limiting,
        fresh_history() as free_history,
        fresh_history() as limiting_history,
    ):
        measures = {
            "free": partial(_seconds, case, free.base_url, free_history, 0),
            "limited": partial(_seconds, case, limiting.base_url, limiting_history, _LIMITED),
        }
        interleaved(1, measures)  # the baseline writes more than any later sweep
        before = len(limiting.arrivals())
        found = medians(interleaved(scale.repeats, measures))
        requests = (len(limiting.arrivals()) - before) / scale.repeats
    what = f"{_LIMITED} of {_MODELS} models ask to wait an hour, concurrency {case.concurrency}"
    yield Figure(
        name=f"{what}: time over that without limits",
        value=found["limited"] / found["free"],
        at_most=_MOST_OVER_FREE,
    )
    yield Figure(
        name="the same: requests over one for each model and the catalog", value=requests / (_MODELS + 1)
    )


def _seconds(case: _Case, base_url: str, history: Engine, limits: int) -> float:
    target = aim(base_url, Pacer(start_rate_per_s=UNPACED), concurrency=case.concurrency)
    swept, seconds = timed_sweep(target, history)
    _check(swept.sweep, limits)
    return seconds


def _check(sweep: Sweep, limits: int) -> None:
    answered = sum(seen.outcome == Outcome.AVAILABLE for seen in sweep.observations)
    if answered != _MODELS - limits:
        raise RuntimeError(
            f"{answered} models answered in the measured sweep, {limits} of {_MODELS} are limited"
        )
