"""What a long run costs over time: slopes with their errors, first and last tenth."""

import math
import os
import threading
from array import array
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024


def slope(values: Sequence[float]) -> tuple[float, float]:
    """Return the least-squares slope for each place, and its standard error; 0 and infinity for too few."""
    count = len(values)
    if count < 3:
        return 0.0, math.inf
    middle, mean = (count - 1) / 2, fmean(values)
    width = sum((place - middle) ** 2 for place in range(count))
    rise = sum((place - middle) * (value - mean) for place, value in enumerate(values)) / width
    rest = sum((value - mean - rise * (place - middle)) ** 2 for place, value in enumerate(values))
    return rise, math.sqrt(rest / (count - 2) / width)


def memory_kb() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_KB


def descriptors() -> int:
    """Open file descriptors of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _floats() -> MutableSequence[float]:
    return array("d")


def _ints() -> MutableSequence[int]:
    return array("q")


@dataclass(slots=True)
class Figures:
    """Samples of a run, one every `every` sweeps, and what each sweep's record took to write.

    In arrays: lists of numbers would take most of the memory that may grow.
    """

    every: int
    database: Path
    memory: MutableSequence[float] = field(default_factory=_floats)
    files: MutableSequence[int] = field(default_factory=_ints)
    threads: MutableSequence[int] = field(default_factory=_ints)
    size: MutableSequence[int] = field(default_factory=_ints)
    writes_ms: MutableSequence[float] = field(default_factory=_floats)
    steady_from: int = 0  # the first sweep after pruning began

    def sample(self) -> None:
        """Take one sample of everything."""
        self.memory.append(memory_kb())
        self.files.append(descriptors())
        self.threads.append(threading.active_count())
        self.size.append(sum(file.stat().st_size for file in self.database.parent.glob("monitor.db*")))

    def lines(self) -> list[tuple[str, bool]]:
        """Return one line for each figure, and whether it is within its bound."""
        return [*self._slopes(), *self._counts(), self._write_line()]

    def _slopes(self) -> list[tuple[str, bool]]:
        """Of the second half, once pruning has begun: until then the history grows, and what holds it."""
        begin = max(len(self.memory) // 2, self.steady_from // self.every)
        rise, error = (1000 / self.every * figure for figure in slope(self.memory[begin:]))
        each = slope(self.size[begin:])[0] / self.every
        is_long = len(self.memory) - begin >= FEWEST_SAMPLES
        fewest = f"{FEWEST_SAMPLES * self.every:,} sweeps after pruning began"
        judged = "" if is_long else f"; not judged before {fewest}"
        memory, size = self.memory[-1] / 1024, self.size[-1] / 1e6
        slopes = f"memory: {memory:.1f} MB, {rise:+.1f} ± {error:.1f} kB for 1,000 sweeps{judged}"
        growth = f"database: {size:.1f} MB, {each:+,.0f} bytes for each sweep{judged}"
        return [
            (slopes, not is_long or abs(rise) <= max(3 * error, MOST_MEMORY_KB)),
            (growth, not is_long or each <= MOST_GROWTH_BYTES),
        ]

    def _counts(self) -> list[tuple[str, bool]]:
        return [
            _steady("file descriptors", self.files),
            _steady("threads", self.threads),
        ]

    def _write_line(self) -> tuple[str, bool]:
        tenth = max(len(self.writes_ms) // 10, 1)
        first, last = median(self.writes_ms[:tenth]), median(self.writes_ms[-tenth:])
        text = f"write of a sweep: {first:.1f} ms in the first tenth, {last:.1f} ms in the last"
        return f"{text}: x{last / first:.2f}", last <= MOST_WRITE_RATIO * first


# Bounds, with room for a machine that does other things meanwhile.
MOST_MEMORY_KB = 50.0  # for 1,000 sweeps: what a year of quarter hours may cost is 1.7 MB
MOST_GROWTH_BYTES = 10_000.0  # for each sweep, once pruning has begun: days, events, sweeps stay
MOST_WRITE_RATIO = 2.0
FEWEST_SAMPLES = 20
MOST_MORE = 3  # descriptors or threads in the second half beside the first


def _steady(name: str, counts: Sequence[int]) -> tuple[str, bool]:
    half = len(counts) // 2
    first, last = max(counts[: half or 1]), max(counts[half:])
    return f"{name}: at most {first} in the first half, {last} in the second", last <= first + MOST_MORE
