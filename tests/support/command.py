"""The `monitor` command run inside the test's own process: the same entry point, a thirtieth of the time.

`monitor` gives the command what a process would have: its arguments, its directory, its environment and files
as standard streams. What only a process can show (signals, pipes, a crash, the interpreter's exit) is tested
with tests/support/process.py.
"""

import json
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, event

from monitor.cli.main import main

KEY = "nvapi-Zq8-this_key_must_never_be_seen-7Kd"
KEY_VARIABLE = "TEST_PROVIDER_KEY"
PROVIDER = "nvidia"
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code and what it wrote."""

    args: tuple[str, ...]
    returncode: int
    out: bytes
    err: bytes

    @property
    def stdout(self) -> str:
        """What it printed, as text."""
        return self.out.decode("utf-8")

    @property
    def stderr(self) -> str:
        """What it said and logged, as text."""
        return self.err.decode("utf-8")


def config_file(
    directory: Path,
    base_url: str,
    database_url: str,
    *,
    interval: str = "15m",
    grace: str = "25s",
    listen: str = "127.0.0.1:0",
    name: str = "config.toml",
    **provider: object,
) -> Path:
    """Write a configuration with one provider; `provider` are further keys of its table."""
    keys = {
        "name": PROVIDER,
        "base_url": base_url,
        "api_key_env": KEY_VARIABLE,
        "concurrency": 32,
        "timeout": "30s",
        "slow_timeout": "30s",
        "starts_per_second": 2000.0,
        **provider,
    }
    lines = [
        f"[database]\nurl = {json.dumps(database_url)}",
        f'[schedule]\ninterval = "{interval}"',
        f'[web]\nlisten = "{listen}"',
        f'[daemon]\ngrace = "{grace}"',
        "[[providers]]",
        *(f"{key} = {json.dumps(value)}" for key, value in keys.items()),
    ]
    path = directory / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def environment(key: str | None = KEY) -> Mapping[str, str]:
    """Return a small environment that has the key."""
    return {"PATH": os.defpath, "PYTHONUTF8": "1", **({KEY_VARIABLE: key} if key else {})}


def monitor(
    config: Path, *arguments: str, key: str | None = KEY, stdin: bytes = b"", stdout: Path | None = None
) -> Done:
    """Run `monitor --config CONFIG ARGUMENTS` beside its configuration."""
    environ = environment(key)
    words = ("--config", str(config), *arguments)
    return run(*words, directory=config.parent, environ=environ, stdin=stdin, stdout=stdout)


def run(
    *arguments: str,
    directory: Path,
    environ: Mapping[str, str],
    stdin: bytes = b"",
    stdout: Path | None = None,
) -> Done:
    """Run `monitor ARGUMENTS` in a directory and an environment, to its end; no traceback may reach its user.

    `stdout` is a device to print to, of which nothing comes back; the end must leave nothing to write there.
    """
    assert threading.current_thread() is threading.main_thread(), "streams and directory are the process's"
    with ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        device = stack.enter_context(stdout.open("wb")) if stdout else out
        given.write(stdin)
        given.seek(0)
        for surroundings in (
            _logging(),
            _hooks(),
            _signals(),
            _environment(environ),
            chdir(directory),
            _arguments(arguments),
        ):
            stack.enter_context(surroundings)
        with _streams(given, device, err), _engines():
            code = _exit_code(main)
        done = Done(arguments, code, _all_of(out), _all_of(err))
    assert _TRACEBACK not in done.stderr, done.stderr
    return done


def _exit_code(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as end:
        code = end.code
    else:
        code = "the command returned in place of an exit"
    assert isinstance(code, int), code
    return code


def _all_of(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


@contextmanager
def _streams(given: BinaryIO, out: BinaryIO, err: BinaryIO) -> Iterator[None]:
    """Put files in place of the standard streams, with numbers of their own, which a command may redirect."""
    before = sys.stdin, sys.stdout, sys.stderr
    files = _opened(given, "rb"), _opened(out, "wb"), _opened(err, "wb")
    sys.stdin, sys.stdout, sys.stderr = files
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
        for file in files:
            file.close()


def _opened(file: BinaryIO, mode: str) -> TextIOWrapper:
    binary: BinaryIO = os.fdopen(os.dup(file.fileno()), mode)  # type: ignore[assignment]  # the mode is binary
    return TextIOWrapper(binary, encoding="utf-8")


@contextmanager
def _environment(environ: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)  # noqa: TID251  # what a process is given
    try:
        _set_environment(environ)
        yield
    finally:
        _set_environment(before)


def _set_environment(environ: Mapping[str, str]) -> None:
    os.environ.clear()  # noqa: TID251  # as above
    os.environ.update(environ)  # noqa: TID251  # as above


@contextmanager
def _arguments(arguments: tuple[str, ...]) -> Iterator[None]:
    """Let the command find itself started as `python -m monitor ARGUMENTS`."""
    started = import_module("monitor.__main__")
    before = sys.argv, sys.modules["__main__"]
    sys.argv, sys.modules["__main__"] = [str(started.__file__), *arguments], started
    try:
        yield
    finally:
        sys.argv, sys.modules["__main__"] = before


@contextmanager
def _hooks() -> Iterator[None]:
    """Leave what Python calls for uncaught exceptions and warnings as it was: the daemon logs them."""
    before = threading.excepthook, sys.unraisablehook
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before
        logging.captureWarnings(capture=False)


@contextmanager
def _logging() -> Iterator[None]:
    """Leave logging as it was: a command configures it for the whole process."""
    loggers = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    levels = {each: each.level for each in (logging.root, *loggers)}
    handlers = logging.root.handlers[:]
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
        for logger, level in levels.items():
            logger.setLevel(level)
        for name, made in logging.root.manager.loggerDict.items():
            if isinstance(made, logging.Logger) and made not in levels and name.startswith("monitor"):
                made.setLevel(logging.NOTSET)


@contextmanager
def _signals() -> Iterator[None]:
    """Leave the handlers of signals as they were: a command sets them until its process has ended."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _engines() -> Iterator[None]:
    """Close the connections that a process closes by its end."""
    used: set[Engine] = set()

    def note(connection: Connection) -> None:
        used.add(connection.engine)

    event.listen(Engine, "engine_connect", note)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", note)
        for engine in used:
            engine.dispose()
