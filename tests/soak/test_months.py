"""The short form of the long run: a day and a half of sweeps with faults, and what the figures mean."""

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest

from tests.soak.figures import Figures, slope
from tests.soak.months import run

SWEEPS = 150
MODELS = 30


@pytest.mark.timeout(600)  # a busy machine takes its time
def test_a_day_and_a_half_with_faults_leaves_nothing_open_and_a_sound_history() -> None:
    figures, counts = asyncio.run(run(SWEEPS, MODELS, 2, lambda _line: None))
    assert counts["conclusive"] >= SWEEPS / 2
    assert counts["our_network"] >= 1
    assert counts["killed"] >= 1
    assert counts["messages"] >= 1
    assert counts["HTTP 200"] >= 1
    kept = {text.partition(":")[0]: is_kept for text, is_kept in figures.lines()}
    assert kept["file descriptors"]
    assert kept["threads"]


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
    fields: dict[str, list[Any]] = {
        "memory": figures.memory,
        "database": figures.size,
        "file descriptors": figures.files,
        "threads": figures.threads,
        "write of a sweep": figures.writes_ms,
    }
    fields[figure][:] = values
    assert [text.partition(":")[0] for text, is_kept in figures.lines() if not is_kept] == [figure]
