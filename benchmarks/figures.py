"""A figure, how it is printed, and how a noisy machine is measured: interleaved repetitions, medians."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

_WIDTH = 82
_SMALL = 1_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured: `repeats` of each thing, and less of everything when `is_quick`.

    For years of history also: the `most` observations (None: all there are to measure), which `databases`
    (empty: all), and the `directory` they are kept in while they are measured (None: the machine's for such).
    `against` is another checkout, whose figures stand beside these where it matters (None: there is none).
    """

    repeats: int
    is_quick: bool
    most: int | None = None
    databases: tuple[str, ...] = ()
    directory: Path | None = None
    against: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. A ratio has no unit; `at_most` or `at_least` is the target, if there is one.

    `value` is None where it could not be measured; `name` then says why.
    """

    name: str
    value: float | None
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    def line(self) -> str:
        """Return the figure beside its target."""
        if self.value is None:
            return f"{self.name:<{_WIDTH}}not measured"
        shown = f"{self.value:,.2f}" if self.value < _SMALL else f"{self.value:,.0f}"
        start = f"{self.name:<{_WIDTH}}{shown:>9} {self.unit:<6}"
        if self.at_most is not None:
            return f"{start} <= {self.at_most:g}  {_verdict(is_met=self.value <= self.at_most)}"
        if self.at_least is not None:
            return f"{start} >= {self.at_least:g}  {_verdict(is_met=self.value >= self.at_least)}"
        return start.rstrip()


def _verdict(*, is_met: bool) -> str:
    return "ok" if is_met else "MISSED"


Benchmark = Callable[[Scale], Iterator[Figure]]


def interleaved(repeats: int, measures: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Measure everything once per round, so that what disturbs the machine disturbs all alike."""
    found: dict[str, list[T]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def medians(found: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median of each thing measured."""
    return {name: median(values) for name, values in found.items()}
