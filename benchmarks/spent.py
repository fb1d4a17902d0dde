"""What some work took: time by the clock, and time of the processor in this process or in its children."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds by the clock and seconds of the processor."""

    wall_s: float
    cpu_s: float


def spent_here(work: Callable[[], object]) -> Spent:
    """Do work in this process; returns what it took, all threads counted."""
    return _spent(work, time.process_time)


def spent_by_children(work: Callable[[], object]) -> Spent:
    """Do work that starts processes and waits for their end; returns what they took, theirs included."""
    return _spent(work, _children_cpu_s)


def _spent(work: Callable[[], object], cpu_s: Callable[[], float]) -> Spent:
    wall, cpu = time.perf_counter(), cpu_s()
    work()
    return Spent(wall_s=time.perf_counter() - wall, cpu_s=cpu_s() - cpu)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
