"""What a check costs in small and in large catalogs: one daemon each, one scheduled sweep of each."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.builds.build import Build
from benchmarks.figures import Figure, Scale
from benchmarks.peers.settings import arguments
from benchmarks.peers.upstream import upstream
from benchmarks.process import ROOT, can_look
from monitor.clock import utc_now

_MODELS, _MODELS_QUICK = (200, 2_000, 20_000), (200, 2_000)
_LATENCY_S, _RATE, _CONCURRENCY = 0.02, 1_000, 64
_LEAST_INTERVAL_S, _SPARE = 15, 6  # an interval is so many times the time that its starts take
_AHEAD_S = 1.0
_MOST_GROWTH, _MOST_MEMORY_MB, _MOST_LENGTH = 1.15, 2.0, 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swept:
    """What a scheduled sweep took: processor time a check, seconds in all, and the memory at its peak."""

    cpu_ms: float
    length_s: float
    peak_mb: float


def growth(scale: Scale) -> Iterator[Figure]:
    """Sweep catalogs of several sizes at 1,000 requests a second, and compare what a check takes."""
    if not can_look():
        yield Figure(name="growth: this system has no /proc", value=None)
        return
    swept = dict[int, _Swept]()
    for models in _MODELS_QUICK if scale.is_quick else _MODELS:
        swept[models] = _sweep_of(models)
        yield from _figures(models, swept[models])
    fewest, most = min(swept), max(swept)
    yield Figure(
        name=f"processor time of a check: {most:,} models over {fewest:,}",
        value=swept[most].cpu_ms / swept[fewest].cpu_ms,
        at_most=_MOST_GROWTH,
    )
    yield Figure(
        name="memory for each further 1,000 models",
        value=(swept[most].peak_mb - swept[fewest].peak_mb) * 1_000 / (most - fewest),
        unit="MB",
        at_most=_MOST_MEMORY_MB,
    )


def _figures(models: int, swept: _Swept) -> Iterator[Figure]:
    case, ideal_s = f"a sweep of {models:,} models", models / _RATE
    yield Figure(name=f"{case}: processor time of a check", value=swept.cpu_ms, unit="ms")
    yield Figure(name=f"{case}: peak memory", value=swept.peak_mb, unit="MB")
    yield Figure(
        name=f"{case}: length over the {ideal_s:.1f} s that its starts take, {_RATE:,} a second",
        value=swept.length_s / ideal_s,
        at_most=_MOST_LENGTH if models == _MODELS[-1] else None,  # of a short one the catalog is most
    )


def _sweep_of(models: int) -> _Swept:
    """Let a daemon make its first sweep, and measure the next: from just before its slot to its end."""
    interval_s = max(_LEAST_INTERVAL_S, _SPARE * models // _RATE)
    with TemporaryDirectory() as directory, upstream(models, _LATENCY_S, "http") as watched:
        words = arguments(Path(directory), watched.address, interval_s, concurrency=_CONCURRENCY, rate=_RATE)
        build = Build(name="now", root=ROOT, directory=Path(directory))
        with build.running(*words) as process:
            process.line_with("sweep_finished")
            time.sleep((-_AHEAD_S - utc_now().timestamp()) % interval_s)
            used_s = process.cpu_s
            line = process.line_with("sweep_finished")
            return _Swept(
                cpu_ms=(process.cpu_s - used_s) * 1_000 / models,
                length_s=float(line.partition(" seconds=")[2].split()[0]),
                peak_mb=process.memory_mb("VmHWM"),
            )
