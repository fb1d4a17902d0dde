"""Where an installed monitor is exercised: in the built image, or in an environment of another user."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tests.image.shell import Result, StepFailed, kill_all

UID = 10001


class Place(Protocol):
    """An installed monitor, its data folder and the user it runs as."""

    @property
    def data(self) -> Path:
        """The data folder as this machine sees it."""

    @property
    def inner_data(self) -> str:
        """The data folder as the installed monitor sees it."""

    @property
    def listen(self) -> str:
        """The web address its configuration is to have."""

    @property
    def provider_port(self) -> int:
        """The loopback port for the simulated provider."""

    @property
    def settings(self) -> Path:
        """The configuration file it reads, as this machine sees it."""

    @property
    def python(self) -> str:
        """Its interpreter, for small questions."""

    @property
    def health_check(self) -> Sequence[str]:
        """The command that asks a running monitor whether it is well."""

    def run(self, *words: str, timeout_s: float = 60) -> Result:
        """Run a command there to its end."""

    def start(self, *words: str) -> "Running":
        """Start a command there and return at once."""


@dataclass
class Running:
    """A started command. `inside` counts the processes between ours and the one that was asked for."""

    name: str
    process: subprocess.Popen[str]
    said: IO[str]
    inside: int = 0

    def stop(self, timeout_s: float) -> int:
        """Send SIGTERM and return the exit code; StepFailed when it does not end in time."""
        os.kill(self._pid(), signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise StepFailed(f"{self.name} did not stop within {timeout_s:g} s of SIGTERM") from None

    def check_alive(self) -> None:
        """Raise StepFailed with its last words when it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            raise StepFailed(f"{self.name} ended by itself with {code}: {self.words()[-600:]}")

    def words(self) -> str:
        """Return what it wrote so far, on either stream."""
        self.said.seek(0)
        return self.said.read()

    def kill(self) -> None:
        """End it at once, if it still runs, with everything inside it."""
        kill_all(self.process)
        self.said.close()

    def _pid(self) -> int:
        pid = self.process.pid
        for _ in range(self.inside):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                raise StepFailed(f"{self.name} has no process to send a signal to")
            pid = int(children[0])
        return pid


def start(
    name: str, words: Sequence[str], said: IO[str], *, environment: Mapping[str, str], inside: int
) -> Running:
    """Start a command of this machine whose output goes to an open file."""
    process = subprocess.Popen(
        list(words),
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(environment),
        start_new_session=True,
    )
    return Running(name, process, said, inside)
