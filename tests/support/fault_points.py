"""Kills a process at the Nth of its boundaries: after a commit, a file call, a request.

A kill before one leaves what a kill after the one before it leaves: a process takes only its memory along.
The boundaries are hooked from outside the program, wherever its code reaches them, so what is added to it
later joins by itself. A run without a kill counts them; a run with one ends there as a power cut does. By
their number and not by time: a slow machine changes nothing.

`Server` starts a Python that has the program loaded and forks a child for each run: to load it again would
take most of a second.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

from monitor.http.library import httpx
from tests.support.command import environment

KILLED = -signal.SIGKILL
_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "REPLACE")
_FILE_CALLS = ("replace", "rename", "link", "unlink", "fsync", "mkdir")


@dataclass(frozen=True)
class Run:
    """A run that has ended: its exit code, the boundaries that it reached, and what it wrote."""

    code: int
    points: tuple[str, ...]
    words: str

    @property
    def is_killed(self) -> bool:
        """Whether it met its kill."""
        return self.code == KILLED


class FaultPoints:
    """The boundaries of this process, each noted in a file as it is reached; it is killed at one of them."""

    def __init__(self, notes: Path, kill_at: int | None, of: str = "") -> None:
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._kill_at, self._of = kill_at, of
        self._count = 0
        self._lock = threading.Lock()
        self._written = threading.local()

    def reach(self, name: str) -> None:
        """Note a boundary, and end here if it is the one."""
        with self._lock:
            os.write(self._notes, f"{name}\n".encode())
            if self._of not in {"", name}:
                return
            if self._count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self._count += 1

    def install(self) -> None:
        """Begin to note: hook what commits, what gives files their names, and what sends."""
        event.listen(Engine, "before_cursor_execute", self._note_write)
        event.listen(Engine, "rollback", self._forget_write)
        self._wrap_commit()
        for name in _FILE_CALLS:
            self._wrap_file_call(name)
        self._wrap_send()

    def _note_write(self, _conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip("( \n").upper().startswith(_WRITES):
            self._written.is_true = True

    def _forget_write(self, _conn: Connection) -> None:
        self._written.is_true = False

    def _wrap_commit(self) -> None:
        act = DefaultDialect.do_commit

        def do_commit(dialect: DefaultDialect, connection: Any) -> None:  # noqa: ANN401 - of any driver
            act(dialect, connection)  # type: ignore[no-untyped-call]
            if getattr(self._written, "is_true", False):  # what only read has nothing to lose
                self.reach("commit")
            self._written.is_true = False

        DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]

    def _wrap_file_call(self, name: str) -> None:
        act: Callable[..., object] = getattr(os, name)

        def call(*given: object, **named: object) -> object:
            result = act(*given, **named)
            self.reach(name)
            return result

        setattr(os, name, call)

    def _wrap_send(self) -> None:
        act = httpx.AsyncClient.send

        async def send(client: httpx.AsyncClient, request: httpx.Request, **named: Any) -> httpx.Response:  # noqa: ANN401
            answer = await act(client, request, **named)
            self.reach(request.method)
            return answer

        httpx.AsyncClient.send = send  # type: ignore[method-assign, assignment]


class Server:
    """A process that has the program loaded, and forks a child for each run."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._runs = 0
        self._popen = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(environment()),
        )

    def run(self, program: str, *arguments: str, kill_at: int | None = None, of: str = "") -> Run:
        """Run `module:function` with these arguments to its end or to a boundary, counted from 0.

        With `of` only boundaries of that name count: a busy machine may add others between them.
        """
        self._runs += 1
        place = self._directory / f"run-{self._runs}"
        job = {"program": program, "arguments": arguments, "kill_at": kill_at, "of": of, "place": str(place)}
        assert self._popen.stdin
        assert self._popen.stdout
        self._popen.stdin.write(json.dumps(job) + "\n")
        self._popen.stdin.flush()
        code = int(self._popen.stdout.readline())
        words = place.with_suffix(".out").read_text("utf-8")
        return Run(code, tuple(place.with_suffix(".points").read_text("ascii").splitlines()), words)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._popen.communicate()


def command(*arguments: str) -> None:
    """Run `monitor --config ARGUMENTS`, beside its configuration."""
    from monitor.cli.main import main  # noqa: PLC0415 - only a child is to be a command

    os.chdir(Path(arguments[0]).parent)
    sys.argv = ["monitor", "--config", *arguments]
    main()


def _run(job: Mapping[str, Any]) -> None:
    """Be the child: run a job and end."""
    place = Path(job["place"])
    words = os.open(place.with_suffix(".out"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(words, stream)
    points = FaultPoints(place.with_suffix(".points"), job["kill_at"], job["of"])
    module, name = str(job["program"]).split(":")
    act = getattr(importlib.import_module(module), name)
    points.install()
    act(*job["arguments"])


def _serve() -> None:
    loaded: Sequence[str] = ("monitor.app.tasks.sweep_now", "monitor.cli.commands.sweep", "alembic.command")
    for module in loaded:
        importlib.import_module(module)
    for line in sys.stdin:
        if not (child := os.fork()):
            code = 1
            try:
                _run(json.loads(line))
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                if code == 1 and (error := sys.exc_info()[1]) and not isinstance(error, SystemExit):
                    os.write(2, repr(error).encode())
                os._exit(code)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer to the test


if __name__ == "__main__":
    _serve()
