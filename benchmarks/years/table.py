"""The table of what years of history cost: `python -m benchmarks history`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from os import cpu_count, getloadavg
from pathlib import Path
from shutil import disk_usage
from tempfile import gettempdir
from types import MappingProxyType

from benchmarks.figures import Figure, Scale
from benchmarks.years.levels import Kept, Level, kept
from benchmarks.years.lives import SWEEPS_A_DAY
from benchmarks.years.measures import commands, exports, growth, reads, replay, sizes, writes
from benchmarks.years.places import Place, postgres_place, sqlite_place

_PLACES: Mapping[str, Callable[[Path | None], AbstractContextManager[Place]]] = MappingProxyType(
    {"sqlite": sqlite_place, "postgres": postgres_place}
)
DATABASES = tuple(_PLACES)

_YEARS = tuple(Level(sweeps=days * SWEEPS_A_DAY) for days in (52, 730, 1460))  # 1M, 14M, 28M
_YEARS_QUICK = tuple(Level(sweeps=days * SWEEPS_A_DAY) for days in (4, 16, 32))
_CROWDED, _CROWD, _CROWD_QUICK = 2_000, 1_750, 96  # models of a crowded catalog, and sweeps of it
_JUDGED = 10_000_000  # observations from which on a size is what the targets speak of

# Of a million observations: bytes with and without the naive table, seconds to make and measure them.
_GB_WITH_NAIVE = {"sqlite": 0.25, "postgres": 0.50}
_GB_ALONE = {"sqlite": 0.03, "postgres": 0.12}
_SECONDS = {"sqlite": 60, "postgres": 75}


def history(scale: Scale) -> Iterator[Figure]:
    """Measure one database after the other; each is gone before the next is made."""
    years = _YEARS_QUICK if scale.is_quick else _YEARS
    levels = [each for each in years if scale.most is None or each.observations <= scale.most * 1.01]
    if not levels:
        raise SystemExit(f"the smallest history that is measured has {years[0].observations:,} observations")
    names = scale.databases or DATABASES
    _announce(levels, names, scale.directory or Path(gettempdir()))
    for name in names:
        with _PLACES[name](scale.directory) as place:
            yield from _measured(place, levels, scale)


def _announce(levels: list[Level], names: tuple[str, ...], directory: Path) -> None:
    """Say what is coming. Raises SystemExit where the disk has no room for it."""
    needed = max(_peak_gb(levels, name) for name in names)
    free = disk_usage(directory).free / 1e9
    total = sum(each.observations for each in levels) / 1e6
    minutes = 2 + sum(_SECONDS[name] * total for name in names) / 60
    words = ", ".join(each.words for each in levels)
    print(
        f"years of history ({words} observations; {', '.join(names)}): about {minutes:.0f} minutes, "
        f"up to {needed:.1f} GB in {directory}, which has {free:.0f} GB; "
        f"{getloadavg()[0]:.1f} processes were busy on {cpu_count()} processors in the last minute",
        flush=True,
    )
    if needed * 1.2 > free:
        raise SystemExit("too little room: choose another with --directory, or less with --observations")


def _peak_gb(levels: list[Level], name: str) -> float:
    with_naive = max(each.observations for each in levels[:2]) * _GB_WITH_NAIVE[name]
    alone = sum(each.observations for each in levels) * _GB_ALONE[name]
    return max(with_naive, alone) / 1e6 + 2


def _measured(place: Place, levels: list[Level], scale: Scale) -> Iterator[Figure]:
    with kept(place, levels[0], with_naive=True) as small:
        yield from _looked_at(small, scale)
        yield from replay(small)
        if levels[1:]:
            with kept(place, levels[1], with_naive=True) as large:
                yield from _looked_at(large, scale)
                yield from commands(large, scale.directory)
                yield from _grown(large, levels[2:], scale)
                yield from writes(small, large, scale.repeats, is_judged=True)
    yield from _crowd(place, scale)


def _grown(history: Kept, longer: Sequence[Level], scale: Scale) -> Iterator[Figure]:
    """Measure longer histories beside one that is there."""
    for level in longer:
        with kept(history.place, level, with_naive=False) as longest:
            yield from _looked_at(longest, scale)
            is_judged = history.level.observations >= _JUDGED
            yield from growth(history, longest, scale.repeats, is_judged=is_judged)


def _looked_at(history: Kept, scale: Scale) -> Iterator[Figure]:
    """Measure what leaves a history as it is, and give up its naive table."""
    is_judged = history.level.observations >= _JUDGED
    yield from sizes(history, is_judged=is_judged)
    yield from reads(history, scale.repeats, is_judged=is_judged)
    history.drop_naive()
    yield from exports(history)


def _crowd(place: Place, scale: Scale) -> Iterator[Figure]:
    """Measure how a sweep of thousands of models is written, at the begin of a history and later."""
    sweeps = _CROWD_QUICK if scale.is_quick else _CROWD
    with (
        kept(place, Level(sweeps=1, models=_CROWDED), with_naive=False) as empty,
        kept(place, Level(sweeps=sweeps, models=_CROWDED), with_naive=False) as full,
    ):
        yield from writes(empty, full, scale.repeats, is_judged=False)
