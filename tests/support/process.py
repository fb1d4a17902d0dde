"""`monitor` as a process of its own, and whatever else needs one: signals, pipes, a crash, two at once.

Where a process adds nothing, a test runs the command with tests/support/command.py, many times faster.
"""

import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

from tests.support.command import KEY, environment
from tests.support.prefork import Forked

WAIT_S = 300.0  # many times what anything takes beside eight busy processes
_LOOK_S = 0.05

T = TypeVar("T")


class Process:
    """`monitor --config CONFIG ARGUMENTS` running beside the test, its words kept in two files."""

    def __init__(
        self,
        config: Path,
        *arguments: str,
        key: str | None = KEY,
        module: str = "monitor",
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start it; `module` is one of the tests' own that alters something and then runs the command.

        `variables` join its environment.
        """
        place = config.parent / f"process-{time.monotonic_ns()}"
        self._paths = (place.with_suffix(".out"), place.with_suffix(".err"))
        for path in self._paths:
            path.touch()
        self._process = Forked(
            ("--config", str(config), *arguments),
            module=module,
            cwd=config.parent,
            env={**environment(key), **variables},
            out=self._paths[0],
            err=self._paths[1],
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def out(self) -> str:
        """What it printed so far."""
        return self._paths[0].read_text("utf-8", "replace")

    @property
    def err(self) -> str:
        """What it logged so far."""
        return self._paths[1].read_text("utf-8", "replace")

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def page(self) -> str:
        """The address of its status page, once it has told it."""
        said = wait_for(lambda: [x for x in self.out.splitlines() if x.startswith("status page: ")], self)
        return said[0].removeprefix("status page: ").rstrip("/")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to nobody else."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait(self, within_s: float = WAIT_S) -> int:
        """Wait for its end and return its exit code."""
        return self._process.wait(within_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def wait_for(found: Callable[[], T], process: Process | None = None, within_s: float = WAIT_S) -> T:
    """Look again and again until something true is found, and return it."""
    give_up_at = time.monotonic() + within_s
    while True:
        if value := found():
            return value
        is_over = time.monotonic() > give_up_at
        if is_over or (process is not None and not process.is_alive):
            said = f"\n{process.out}\n{process.err}" if process else ""
            raise AssertionError(f"{'in vain' if is_over else 'the process has ended'}: {found}{said}")
        time.sleep(_LOOK_S)
