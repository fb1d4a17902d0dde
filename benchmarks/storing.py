"""What the history costs: recording a sweep on an empty and on a full database, and bytes per observation."""

from collections.abc import Iterator
from functools import partial
from itertools import count

from benchmarks.databases import (
    NewHistory,
    postgres_histories,
    settle_statistics,
    size_bytes,
    sqlite_histories,
)
from benchmarks.figures import Figure, Scale, interleaved, medians
from benchmarks.history import MODELS, SWEEPS_A_DAY, fill, record_seconds, sweep_at
from benchmarks.naive import add_naive_table, count_observations
from monitor.store.connection.engine import Engine

_MIDNIGHT = 21 * SWEEPS_A_DAY  # 2,016 sweeps, 403,200 observations
_MIDNIGHT_QUICK = 4 * SWEEPS_A_DAY
_LATE = 88  # sweeps that the day has already had
_MOST_GROWTH = 1.5


def storing(scale: Scale) -> Iterator[Figure]:
    """Measure both databases."""
    with sqlite_histories() as make:
        yield from _measured("SQLite", make, scale)
    with postgres_histories() as make:
        yield from _measured("Postgres", make, scale)


def _measured(name: str, make: NewHistory, scale: Scale) -> Iterator[Figure]:
    midnight = _MIDNIGHT_QUICK if scale.is_quick else _MIDNIGHT
    empty, full, late = make("empty"), make("full"), make("late")
    fill(empty, 1, until=midnight)
    bare = size_bytes(full)
    fill(full, midnight, until=midnight)
    used = size_bytes(full) - bare
    fill(late, _LATE, until=midnight + _LATE)
    for engine in (empty, full, late):
        settle_statistics(engine)
    measures = {
        "empty": partial(_record_next, empty, count(midnight)),
        "full": partial(_record_next, full, count(midnight)),
        "late": partial(_record_next, late, count(midnight + _LATE)),
    }
    interleaved(1, measures)
    found = medians(interleaved(scale.repeats, measures))
    yield Figure(
        name=f"{name}: recording a sweep of {MODELS} models, empty database",
        value=found["empty"] * 1000,
        unit="ms",
    )
    yield Figure(
        name=f"{name}: the same after {midnight:,} sweeps, over empty",
        value=found["full"] / found["empty"],
        at_most=_MOST_GROWTH,
    )
    yield Figure(
        name=f"{name}: the same at the end of a day (its figures are counted anew), over its start",
        value=found["late"] / found["empty"],
    )
    yield from _sizes(name, full, used)


def _record_next(engine: Engine, places: "count[int]") -> float:
    return record_seconds(engine, sweep_at(next(places)))


def _sizes(name: str, full: Engine, used: int) -> Iterator[Figure]:
    """Compare; `used` are the bytes of the history before the measured sweeps, which are few."""
    before, rows = size_bytes(full), count_observations(full)
    add_naive_table(full)
    naive = size_bytes(full) - before
    yield Figure(name=f"{name}: bytes per observation, everything included", value=used / rows, unit="bytes")
    yield Figure(
        name=f"{name}: the same over a table of words with one index", value=used / naive, at_most=0.5
    )
