"""The short form of the long run: a day and a half of sweeps with faults, and what the figures mean."""

import asyncio
import gc
import math
import threading
from collections import Counter
from collections.abc import MutableSequence
from pathlib import Path
from typing import Any

import pytest

from monitor.demo import DemoServer, World
from tests.soak.database import KINDS
from tests.soak.figures import Figures, slope
from tests.soak.hook import open_hook
from tests.soak.months import Months, run
from tests.soak.trouble import KILLED, RESTARTED

SWEEPS = 40
MODELS = 8


def _lasting_threads() -> set[threading.Thread]:
    """Return the threads that a process waits for; those of a web server end by themselves when idle."""
    return {thread for thread in threading.enumerate() if not thread.daemon}


def _silent(_line: str) -> None:
    """Take what a run says."""


def test_half_a_day_with_many_faults_leaves_nothing_open_and_a_sound_history() -> None:
    before = _lasting_threads()
    figures, counts = asyncio.run(run(SWEEPS, MODELS, 4, _silent, odds=4))
    assert _lasting_threads() == before
    assert counts["conclusive"] >= SWEEPS / 2
    assert min(counts[name] for name in ("our_network", KILLED, RESTARTED, "over sockets", "spooled")) >= 1
    assert counts["messages"] >= 1
    assert counts["HTTP 200"] >= 1
    kept = {text.partition(":")[0]: is_kept for text, is_kept in figures.lines()}
    assert kept["file descriptors"]


def test_sweeps_leave_no_object_of_monitor_behind(tmp_path: Path) -> None:
    after_some, after_twice_as_many = asyncio.run(_objects_left(tmp_path, sweeps=12))
    more = after_twice_as_many - after_some
    assert not {name: count for name, count in more.items() if count >= 12}  # one for each sweep


async def _objects_left(directory: Path, *, sweeps: int) -> tuple[Counter[str], Counter[str]]:
    """Count the objects of monitor's types after so many sweeps, and after as many more."""
    async with open_hook() as hook, DemoServer(World()) as server:
        months = Months(directory, hook, server, models=2, seed=1, odds=0)
        await months.process.start()
        counts = []
        for _ in range(2):
            for _ in range(sweeps):
                await months.turn()
            gc.collect()
            counts.append(Counter(map(_type_name, filter(_is_own, gc.get_objects()))))
        await months.close()
    return counts[0], counts[1]


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _is_own(value: object) -> bool:
    module = str(type(value).__module__)  # some have no text there
    return module.startswith(("monitor.", "asyncio", "_asyncio", "threading", "sqlite3"))


def test_no_fault_of_the_database_costs_a_sweep_that_ended(tmp_path: Path) -> None:
    asyncio.run(_through_all_faults(tmp_path))


async def _through_all_faults(directory: Path) -> None:
    async with open_hook() as hook, DemoServer(World()) as server:
        months = Months(directory, hook, server, models=3, seed=1, odds=0)
        await months.process.start()
        for kind in KINDS:
            await months.turn()
            months.trouble.database.begin(kind)
            await months.turn()
            months.trouble.database.end()
        assert hook.counts["conclusive"] == 2 * len(KINDS)
        assert hook.counts["spooled"] >= 4  # away, replaced, locked, upgraded
        await months.close()


def test_a_slope_has_an_error_that_noise_makes_and_a_straight_line_does_not() -> None:
    assert slope([1.0, 3.0, 5.0, 7.0]) == (2.0, 0.0)
    rise, error = slope([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    assert abs(rise) < 3 * error
    assert slope([1.0, 2.0]) == (0.0, math.inf)


@pytest.mark.parametrize(
    ("figure", "values"),
    [
        ("memory", [1000.0 + 10 * place for place in range(40)]),
        ("database", [1_000_000 * place for place in range(40)]),
        ("file descriptors", [9] * 20 + [13] * 20),
        ("threads", [3] * 20 + [7] * 20),
        ("write of a sweep", [10.0] * 20 + [30.0] * 20),
    ],
)
def test_each_bound_can_be_broken(figure: str, values: list[float], tmp_path: Path) -> None:
    figures = Figures(20, tmp_path, [1000.0] * 40, [9] * 40, [3] * 40, [5] * 40, [10.0] * 40)
    assert all(is_kept for _, is_kept in figures.lines())
    fields: dict[str, MutableSequence[Any]] = {
        "memory": figures.memory,
        "database": figures.size,
        "file descriptors": figures.files,
        "threads": figures.threads,
        "write of a sweep": figures.writes_ms,
    }
    fields[figure][:] = values
    assert [text.partition(":")[0] for text, is_kept in figures.lines() if not is_kept] == [figure]
