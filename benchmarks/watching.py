"""What a daemon takes that watches thousands of models of several providers in one process."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bare import bare_seconds
from benchmarks.figures import Figure, Scale
from benchmarks.process import can_look
from benchmarks.provider import provider
from benchmarks.schedule import lateness_s, length_s
from benchmarks.single import CONCURRENCY
from benchmarks.spent import spent_here
from benchmarks.watched import PROVIDERS, START_RATE, Watched, first_peak_mb, watched

_MODELS, _INTERVAL = 1_250, timedelta(seconds=60)
_MODELS_QUICK, _INTERVAL_QUICK = 250, timedelta(seconds=10)
_MODELS_FEW = 50
_LATENCY_S = 0.2
_MOST_MEMORY, _MOST_LATE_MS, _MOST_OF_INTERVAL, _MOST_LATENCY = 2.0, 1_000, 0.9, 1.1


def watching(scale: Scale) -> Iterator[Figure]:
    """Let one daemon sweep four providers at the same slots, and one like it a handful of models."""
    models, interval = (_MODELS_QUICK, _INTERVAL_QUICK) if scale.is_quick else (_MODELS, _INTERVAL)
    what = f"daemon, {len(PROVIDERS)} x {models:,} models every {interval.total_seconds():.0f} s"
    if not can_look():
        yield Figure(name=f"{what} (this system has no /proc)", value=None)
        return
    with TemporaryDirectory() as directory:
        with provider(_MODELS_FEW, _LATENCY_S) as simulated:
            few_mb = first_peak_mb(Path(directory), simulated.base_url)
        with provider(models, _LATENCY_S) as simulated:
            bare = spent_here(partial(bare_seconds, simulated.base_url, models, CONCURRENCY))
            seen = watched(Path(directory), simulated.base_url, interval)
    yield Figure(name=f"{what}: peak memory", value=seen.peak_mb, unit="MB")
    yield Figure(
        name=f"the same: over that of a daemon with {len(PROVIDERS)} x {_MODELS_FEW} models",
        value=seen.peak_mb / few_mb,
        at_most=_MOST_MEMORY,
    )
    yield from _processor(seen, bare.cpu_s / models)
    yield from _punctuality(seen, models, interval)


def _processor(seen: Watched, bare_probe_s: float) -> Iterator[Figure]:
    sweep_s, probe_s = seen.cpu_s / seen.sweeps, seen.cpu_s / seen.probes
    yield Figure(name="the same: processor time of a sweep of one provider", value=sweep_s, unit="s")
    yield Figure(name="the same: processor time of a probe", value=probe_s * 1000, unit="ms")
    yield Figure(name="the same: that over a bare httpx loop's", value=probe_s / bare_probe_s)


def _punctuality(seen: Watched, models: int, interval: timedelta) -> Iterator[Figure]:
    yield Figure(name=f"the same: slots missed, of {seen.slots}", value=seen.missed, at_most=0)
    yield Figure(name="the same: models not asked within a sweep's time", value=seen.unasked, at_most=0)
    for row in seen.latest:
        yield Figure(
            name=f'the same: how long after its slot the last sweep of "{row.provider}" began',
            value=lateness_s(row) * 1000,
            unit="ms",
            at_most=_MOST_LATE_MS,
        )
    longest_s, ideal_s = max(map(length_s, seen.latest)), models / START_RATE
    yield Figure(
        name="the same: longest of these sweeps, in intervals (where 0.9 is, it would be cut)",
        value=longest_s / interval.total_seconds(),
        at_most=_MOST_OF_INTERVAL,
    )
    yield Figure(
        name=f"the same: that over the {ideal_s:.1f} s that its starts take, {START_RATE:.0f} a second",
        value=longest_s / ideal_s,
    )
    yield Figure(
        name=f"the same: median latency measured over the true {_LATENCY_S * 1000:.0f} ms",
        value=seen.latency_ms / 1000 / _LATENCY_S,
        at_most=_MOST_LATENCY,
    )
