"""`monitor` by a clock that a test sets: `python -m tests.support.stepped_monitor`.

The file `clock` in the working directory holds two numbers of seconds: how far the wall clock is ahead of the
machine's, and how long the machine has slept. Everything in the process reads the time that they make.
"""

import time
from pathlib import Path

_REAL_TIME_NS, _REAL_CLOCK_NS = time.time_ns, time.clock_gettime_ns
_FILE = Path("clock").absolute()


def _shifts_ns() -> tuple[int, int]:
    ahead_s, slept_s = _FILE.read_text("ascii").split()
    return int(float(ahead_s) * 1e9), int(float(slept_s) * 1e9)


def _time_ns() -> int:
    return _REAL_TIME_NS() + sum(_shifts_ns())


def _clock_gettime_ns(clock: int) -> int:
    return _REAL_CLOCK_NS(clock) + (_shifts_ns()[1] if clock == time.CLOCK_BOOTTIME else 0)


def set_clock(directory: Path, ahead_s: float = 0.0, slept_s: float = 0.0) -> None:
    """Set the clock of the process that runs in a directory."""
    draft = directory / "clock.draft"
    draft.write_text(f"{ahead_s} {slept_s}", "ascii")
    draft.replace(directory / "clock")


if __name__ == "__main__":
    time.time_ns = _time_ns
    time.time = lambda: _time_ns() / 1e9  # noqa: TID251 - what everything else reads
    time.clock_gettime_ns = _clock_gettime_ns

    from monitor.cli.main import main

    main()
