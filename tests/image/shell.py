"""Commands of the machine: always with a time limit, their output kept for the message of a failure."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class StepFailed(Exception):
    """What a step found wrong, in words for its line."""


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def last_words(self) -> str:
        """Return the end of what the command said, for a message."""
        return (self.errors.strip() or self.output.strip())[-600:]


def try_command(
    command: Sequence[str],
    *,
    timeout_s: float,
    text_in: str = "",
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Result:
    """Run a command to its end, whatever its exit code; StepFailed when it is missing or takes too long."""
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=None if environment is None else dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        raise StepFailed(f"{command[0]} cannot be started: {error.strerror}") from None
    try:
        output, errors = process.communicate(text_in, timeout_s)
    except subprocess.TimeoutExpired:
        raise StepFailed(f"{command[0]} did not end within {timeout_s:g} s") from None
    finally:
        kill_all(process)
    return Result(process.returncode, output, errors)


def kill_all(process: subprocess.Popen[str]) -> None:
    """Kill a command that leads a session of its own, and what it started, unless it has ended.

    The whole group, because a process that changed its user no longer dies with its parent.
    """
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def command(*words: str, timeout_s: float, text_in: str = "", folder: Path | None = None) -> str:
    """Run a command that must succeed; return its standard output."""
    result = try_command(words, timeout_s=timeout_s, text_in=text_in, folder=folder)
    if result.code != 0:
        raise StepFailed(f"{words[0]} ended with {result.code}: {result.last_words}")
    return result.output


def is_root() -> bool:
    """Return whether this process may change users and mount."""
    return os.geteuid() == 0


def say(line: str) -> None:
    """Write one line of the report at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
