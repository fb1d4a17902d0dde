"""A watching process as seen from outside over some intervals: what a check costs it, and how even it is."""

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from benchmarks.peers.upstream import Upstream
from monitor.clock import utc_now

_UTIME, _STIME = 11, 12  # of /proc/PID/stat, counted from 0 after the command's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What one check took: `cpu_ms`, and `written` bytes to disks; `memory_mb` is resident at the end.

    `uneven_ms` is how far 95 % of the gaps between two checks of a model are from the interval at most.
    """

    checks: int
    cpu_ms: float
    written: float
    memory_mb: float
    uneven_ms: float


class Watched:
    """A process that watches an upstream of its own."""

    def __init__(self, pid: int, upstream: Upstream) -> None:
        self._proc, self._upstream = Path("/proc") / str(pid), upstream
        self._upstream.arrivals()
        self._cpu_s, self._written = self._used_s(), self._disk()

    def result(self, interval_s: float) -> Watching:
        """Return what was seen since the beginning."""
        arrivals = self._upstream.arrivals()
        checks = max(len(arrivals), 1)
        return Watching(
            checks=len(arrivals),
            cpu_ms=(self._used_s() - self._cpu_s) * 1000 / checks,
            written=(self._disk() - self._written) / checks,
            memory_mb=self._memory_mb(),
            uneven_ms=_uneven_s(arrivals, interval_s) * 1000,
        )

    def _used_s(self) -> float:
        numbers = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(numbers[_UTIME]) + int(numbers[_STIME])) / os.sysconf("SC_CLK_TCK")

    def _disk(self) -> int:
        lines = (self._proc / "io").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])

    def _memory_mb(self) -> float:
        lines = (self._proc / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024 / 1e6


def wait_until_middle(interval_s: float) -> None:
    """Sleep to the middle of an interval, where those that begin at its start have ended."""
    time.sleep((interval_s / 2 - utc_now().timestamp()) % interval_s)


def _uneven_s(arrivals: list[tuple[str, float]], interval_s: float) -> float:
    moments = defaultdict[str, list[float]](list)
    for model, at_s in arrivals:
        moments[model].append(at_s)
    gaps = [
        abs(after - before - interval_s) for times in moments.values() for before, after in pairwise(times)
    ]
    return quantiles(gaps, n=20)[-1] if len(gaps) > 1 else 0.0
