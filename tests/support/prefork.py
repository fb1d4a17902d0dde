"""Processes of `monitor`, forked by a server that has imported it: imports are most of what a start costs.

Each is a process of its own, with a number, signals and an end. What happens while modules load is tested
with processes that start Python.
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_SET_CHILD_SUBREAPER: Final = 36  # of prctl(2)
_LOOK_S: Final = 0.01
_PLACE: Final = Path(__file__).resolve().parents[2]
# Commands import what they run with when they begin.
_MODULES: Final = (
    "monitor.cli.main",
    "monitor.app.daemon.daemon",
    "monitor.store.admin.migrate",
    *(f"monitor.cli.commands.{file.stem}" for file in sorted((_PLACE / "monitor/cli/commands").glob("*.py"))),
    *(
        f"monitor.cli.commands.history.{name}"
        for name in ("list_", "status", "uptime", "events", "summary", "sql")
    ),
)


class Forked:
    """A process that runs `python -m MODULE ARGUMENTS`, a child of this one."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        module: str = "monitor",
        cwd: Path,
        env: Mapping[str, str],
        out: Path,
        err: Path,
    ) -> None:
        order = {
            "module": module,
            "arguments": list(arguments),
            "cwd": str(cwd),
            "env": dict(env),
            "out": str(out),
            "err": str(err),
        }
        self.pid = _fork_server().start(order)
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, minus the signal that ended it, or None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, within_s: float) -> int:
        """Wait for its end and return its exit code."""
        give_up_at = time.monotonic() + within_s
        while (code := self.poll()) is None:
            assert time.monotonic() < give_up_at, f"process {self.pid} goes on"
            time.sleep(_LOOK_S)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class _ForkServer:
    """The process that has imported everything, and forks itself for each order."""

    def __init__(self) -> None:
        # who is forked there loses its parent at once: this process becomes its parent, and may wait for it
        assert ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.prefork"],
            cwd=_PLACE,
            env={"PATH": os.defpath, "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, order: Mapping[str, object]) -> int:
        """Return the number of a new process that does as ordered."""
        orders, numbers = self._process.stdin, self._process.stdout
        assert orders
        assert numbers
        with self._lock:
            orders.write(json.dumps(order) + "\n")
            orders.flush()
            return int(numbers.readline())

    def end(self) -> None:
        """End it; what it has started goes on."""
        self._process.communicate()


@cache
def _fork_server() -> _ForkServer:
    server = _ForkServer()
    atexit.register(server.end)
    return server


def _main() -> None:
    for module in _MODULES:
        import_module(module)
    gc.freeze()  # else each child copies every page that its collector looks at
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            if grandchild := os.fork():
                os.write(write, str(grandchild).encode())
                os._exit(0)
            os.close(read)
            os.close(write)
            _obey(json.loads(line))
            return
        os.waitpid(child, 0)  # from now on its child is that of who asked
        sys.stdout.write(os.read(read, 20).decode() + "\n")
        sys.stdout.flush()
        os.close(read)
        os.close(write)


def _obey(order: Mapping[str, Any]) -> None:
    """Go on as a process that was started so."""
    os.chdir(order["cwd"])
    os.environ.clear()  # noqa: TID251  # what a process is given
    os.environ.update(order["env"])  # noqa: TID251  # as above
    to_write = os.O_WRONLY | os.O_APPEND
    places = (os.devnull, os.O_RDONLY), (order["out"], to_write), (order["err"], to_write)
    for number, (place, flags) in enumerate(places):
        file = os.open(place, flags)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # open to the end
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  # as above
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = ["monitor", *order["arguments"]]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
