"""A checkout of the monitor as its users run it: its commands, its daemon, and what their processes take."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.process import ENVIRONMENT

_CPU_CLOCK = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h: all threads, also those that have ended
_STOP_S = 60.0
_TAIL = 20

Costs = dict[str, float]
"""What one round took, by what is measured: seconds, megabytes, or kilobytes written a check."""

WALL, CPU, PEAK, RSS, WRITTEN = "time", "processor", "peak memory", "memory", "written"


class Running:
    """A process of a build as its starter sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._clock = (~process.pid << 3) | _CPU_CLOCK

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def cpu_s(self) -> float:
        """The processor time it has used, to the nanosecond."""
        return time.clock_gettime(self._clock)

    def memory_mb(self, field: str) -> float:
        """Return VmHWM (peak) or VmRSS (now) of /proc/PID/status, in millions of bytes."""
        lines = (Path("/proc") / str(self._process.pid) / "status").read_text().splitlines()
        [kib] = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
        return int(kib) * 1024 / 1e6

    def line_with(self, words: str) -> str:
        """Wait for the next line of its output with these words. Raises RuntimeError if it ends before."""
        said = list[str]()
        for line in self._process.stdout or ():
            if words in line:
                return line.strip()
            said.append(line)
        raise RuntimeError(f"the process ended; it said last:\n{''.join(said[-_TAIL:])}")

    def write(self, line: str) -> None:
        """Write a line to its input."""
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A checkout at `root`, run with the packages of this environment; it writes into `directory`."""

    name: str
    root: Path
    directory: Path
    variables: Mapping[str, str] = field(default_factory=dict)  # of its environment, beside the usual ones

    def run(self, *arguments: str) -> Costs:
        """Run Python with these arguments to its end; raises RuntimeError where that is no success."""
        start = time.perf_counter()
        process = self._start(arguments, out=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(arguments)} ended with {process.returncode}")
        return {WALL: time.perf_counter() - start, CPU: used.ru_utime + used.ru_stime}

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """Run Python with these arguments until the block ends."""
        process = self._start(arguments, out=subprocess.PIPE)
        try:
            yield Running(process)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def _start(self, arguments: tuple[str, ...], *, out: int) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, *arguments],
            cwd=self.root,
            env={**ENVIRONMENT, **self.variables, "PYTHONPATH": str(self.root)},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
