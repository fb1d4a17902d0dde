"""`monitor run` as a process beside the benchmark: started, waited for, looked at from outside, stopped."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT: Mapping[str, str] = MappingProxyType({"PATH": os.defpath, "PYTHONUTF8": "1"})
# no setting of the user's own gets in

_LOOK_S = 0.25
_STOP_S = 40.0
_TAIL = 2_000
_UTIME, _STIME = 11, 12  # of /proc/PID/stat, counted from 0 after the command's name


class Daemon:
    """The running process as its starter sees it; what it prints and logs is kept in one file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process, self._log = process, log
        self._proc = Path("/proc") / str(process.pid)

    def wait_for(self, is_true: Callable[[], bool], within_s: float) -> None:
        """Look again and again. Raises RuntimeError with its last words if it ends or takes too long."""
        give_up_at = time.monotonic() + within_s
        while not is_true():
            is_over = time.monotonic() > give_up_at
            if is_over or self._process.poll() is not None:
                what = f"not done in {within_s:.0f} s" if is_over else "the daemon has ended"
                raise RuntimeError(f"{what}; it said last:\n{self.said[-_TAIL:]}")
            time.sleep(_LOOK_S)

    @property
    def said(self) -> str:
        """What it printed and logged so far."""
        return self._log.read_text("utf-8", "replace")

    @property
    def peak_mb(self) -> float:
        """The most memory it ever held, in millions of bytes."""
        lines = (self._proc / "status").read_text().splitlines()
        [kib] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(kib) * 1024 / 1e6

    @property
    def cpu_s(self) -> float:
        """The processor time it has used, to a hundredth of a second."""
        numbers = (self._proc / "stat").read_text().rpartition(")")[2].split()
        ticks = int(numbers[_UTIME]) + int(numbers[_STIME])
        return ticks / os.sysconf("SC_CLK_TCK")


def can_look() -> bool:
    """Tell whether this system shows what a process uses."""
    return Path("/proc/self/status").exists()


@contextmanager
def daemon(config: Path) -> Iterator[Daemon]:
    """Run `monitor --config CONFIG run` until the block ends; it is up when the block begins."""
    log = config.with_suffix(".log")
    command = [sys.executable, "-m", "monitor", "--config", str(config), "run"]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        running = Daemon(process, log)
        running.wait_for(lambda: "status page: " in running.said, _STOP_S)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_S)
