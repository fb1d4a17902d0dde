"""How fast consecutive sweeps become states and events: what a rebuild or an import of years takes."""

import time
from collections.abc import Iterator
from functools import partial

from benchmarks.figures import Figure, Scale, interleaved, medians
from benchmarks.history import MODELS, fold_all, sweeps_to_fold
from monitor.core.domain.sweep import Sweep
from monitor.report.formats.records import format_record, parse_record

_SWEEPS, _SWEEPS_QUICK = 96, 24


def folding(scale: Scale) -> Iterator[Figure]:
    """Fold a day of sweeps, beside reading the same sweeps from their records."""
    sweeps = sweeps_to_fold(_SWEEPS_QUICK if scale.is_quick else _SWEEPS)
    lines = [format_record(each) for each in sweeps]
    measures = {"fold": partial(_fold_seconds, sweeps), "read": partial(_read_seconds, lines)}
    found = medians(interleaved(scale.repeats, measures))
    observations = len(sweeps) * MODELS
    yield Figure(name="fold: observations a second", value=observations / found["fold"], unit="/s")
    yield Figure(name="fold over reading the same sweeps from records", value=found["fold"] / found["read"])


def _fold_seconds(sweeps: tuple[Sweep, ...]) -> float:
    start = time.perf_counter()
    fold_all(sweeps)
    return time.perf_counter() - start


def _read_seconds(lines: list[str]) -> float:
    start = time.perf_counter()
    for line in lines:
        parse_record(line, "benchmark")
    return time.perf_counter() - start
