"""What is measured of histories that are there."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, interleaved, medians
from benchmarks.years.asking import QUESTIONS, Ask, Question
from benchmarks.years.commands import can_export, run_command
from benchmarks.years.filling import PROVIDER, Filled
from benchmarks.years.levels import Kept
from monitor.store.connection.engine import Engine
from monitor.store.derived.compare import compare
from monitor.store.write.export import read_batches

_ASKED_AT_ONCE = 9
_NAIVE_REPEATS = 3
_FEWEST_TURNS = 5
_MOST_BYTES: Mapping[str, float] = {"SQLite": 26, "Postgres": 105}
_LEAST_BYTES_RATIO: Mapping[str, float] = {"SQLite": 10, "Postgres": 3.4}
_MOST_WRITE_GROWTH, _MOST_COLD_MS, _MOST_READ_GROWTH, _MOST_MB = 2.5, 50, 1.15, 150
_EXPORTED_DAYS = 30
_COMMANDS = (("status",), ("uptime", "--days", "365"), ("events",), ("summary",))


def sizes(kept: Kept, *, is_judged: bool) -> Iterator[Figure]:
    """Tell what an observation takes; the naive table is measured where it is there."""
    name = kept.place.name
    head = f"{name} {kept.level.words}"
    yield Figure(
        name=f"{head}: observations made a second", value=kept.level.observations / kept.seconds, unit="/s"
    )
    bytes_each = kept.bytes()
    most = _MOST_BYTES[name] if is_judged else None
    yield Figure(
        name=f"{head}: bytes per observation, everything included",
        value=bytes_each,
        unit="bytes",
        at_most=most,
    )
    if kept.naive is not None:
        least = _LEAST_BYTES_RATIO[name] if is_judged else None
        ratio = kept.naive_bytes() / bytes_each
        yield Figure(name=f"{head}: naive over ours", value=ratio, at_least=least)


def reads(kept: Kept, repeats: int, *, is_judged: bool) -> Iterator[Figure]:
    """Ask every question, beside the naive table where that is there and can answer."""
    for question in QUESTIONS:
        measures = {"ours": partial(_asked_ms, question.ours, kept.engine, kept.filled, _ASKED_AT_ONCE)}
        if kept.naive is not None and question.naive is not None:
            measures["naive"] = partial(_asked_ms, question.naive, kept.naive, kept.filled, 1)
        measures["ours"]()
        found = medians(interleaved(min(repeats, _NAIVE_REPEATS), measures))
        yield from _read(kept, question, found, is_judged=is_judged)


def _read(kept: Kept, question: Question, found: Mapping[str, float], *, is_judged: bool) -> Iterator[Figure]:
    what = f"{kept.place.name} {kept.level.words}: {question.name}"
    yield Figure(name=what, value=found["ours"], unit="ms", at_most=question.at_most_ms)
    if "naive" in found:
        is_promised = is_judged and kept.place.name == "SQLite"
        least = question.at_least if is_promised else None
        yield Figure(name=f"{what}: naive over ours", value=found["naive"] / found["ours"], at_least=least)


def _asked_ms(ask: Ask, engine: Engine, filled: Filled, times: int) -> float:
    return median(_seconds(partial(ask, engine, filled)) for _ in range(times)) * 1000


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def writes(small: Kept, large: Kept, repeats: int, *, is_judged: bool) -> Iterator[Figure]:
    """Add sweeps to a small and a large history, by turns; then to the large one with nothing in memory."""
    what = f"{large.place.name} {large.level.words}: a sweep of {large.level.models:,} models"
    measures = {
        "small": partial(small.continued.seconds, small.engine),
        "large": partial(large.continued.seconds, large.engine),
    }
    interleaved(1, measures)
    found = medians(interleaved(max(3, repeats), measures))
    yield Figure(name=what, value=found["large"] * 1000, unit="ms")
    yield Figure(
        name=f"{what}: over the same at {small.level.words}",
        value=found["large"] / found["small"],
        at_most=_MOST_WRITE_GROWTH if is_judged else None,
    )
    cold = median(large.continued.cold_seconds(large.place, large.name, large.engine) for _ in range(3))
    most = _MOST_COLD_MS if is_judged else None
    yield Figure(name=f"{what}, nothing in memory", value=cold * 1000, unit="ms", at_most=most)


def replay(kept: Kept) -> Iterator[Figure]:
    """Fold everything again and compare."""
    what = f"{kept.place.name} {kept.level.words}: compared with what the facts give"
    start = time.perf_counter()
    compared = compare(kept.engine, PROVIDER)
    speed = kept.level.observations / (time.perf_counter() - start)
    yield Figure(name=f"{what}, observations a second", value=speed, unit="/s")
    yield Figure(name=f"{what}, differences", value=sum(each.rows for each in compared.counts), at_most=0)


def exports(kept: Kept) -> Iterator[Figure]:
    """Read whole sweeps back."""
    what = f"{kept.place.name} {kept.level.words}: sweeps read for an export"
    start = time.perf_counter()
    since = kept.filled.end - timedelta(days=_EXPORTED_DAYS)
    rows = sum(len(own.sweeps) for batch in read_batches(kept.engine, since=since) for own in batch.columns)
    speed = rows / (time.perf_counter() - start)
    yield Figure(name=f"{what}, observations a second", value=speed, unit="/s")


def commands(kept: Kept, directory: Path | None) -> Iterator[Figure]:
    """Run the commands that read, each as a process of its own."""
    head = f"{kept.place.name} {kept.level.words}"
    with TemporaryDirectory(dir=directory) as place:
        for words in (*_COMMANDS, *_exports(Path(place))):
            ran = run_command(Path(place), kept.engine, *words)
            what = f"{head}: monitor {' '.join(words).replace(f'{place}/', '')}"
            yield Figure(name=what, value=ran.seconds, unit="s")
            yield Figure(name=f"{what}: peak memory", value=ran.peak_mb, unit="MB", at_most=_MOST_MB)


def _exports(directory: Path) -> Iterator[tuple[str, ...]]:
    since = ("--since", f"{_EXPORTED_DAYS}d")
    for form in ("sweeps", "csv", "parquet"):
        if can_export(form):
            yield "export", "--format", form, *since, str(directory / f"export.{form}")


def growth(small: Kept, large: Kept, repeats: int, *, is_judged: bool) -> Iterator[Figure]:
    """Compare with a history half as long: its size, and every question asked of both by turns."""
    most = _MOST_READ_GROWTH if is_judged else None
    head = f"{large.place.name} {large.level.words} over {small.level.words}"
    yield Figure(name=f"{head}: bytes", value=large.bytes() / small.bytes(), at_most=most)
    for question in QUESTIONS:
        measures = {
            each.name: partial(_asked_ms, question.ours, each.engine, each.filled, _ASKED_AT_ONCE)
            for each in (small, large)
        }
        interleaved(1, measures)
        found = medians(interleaved(max(repeats, _FEWEST_TURNS), measures))
        ratio = found[large.name] / found[small.name]
        yield Figure(name=f"{head}: {question.name}", value=ratio, at_most=most)
