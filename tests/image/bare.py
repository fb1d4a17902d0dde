"""Where no image can be built: the same lock and wheel in an empty environment, run by another user.

What this cannot show: the Dockerfile itself, the read-only root file system, being process 1.
"""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from monitor.config import process_environment
from tests.image.pip_settings import PipSettings
from tests.image.place import UID, Running, start
from tests.image.shell import Result, StepFailed, command, is_root, try_command

_PIP_TIMEOUT_S = 300.0
_QUIET = ("--quiet", "--disable-pip-version-check")


class Bare:
    """A virtual environment owned by this user and a data folder owned by the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._app = folder / "app"
        self.data = folder / "data"
        self.settings = folder / "config.toml"
        self.listen = f"127.0.0.1:{_free_port()}"
        self.provider_port = _free_port()
        self._make_readable()

    @property
    def inner_data(self) -> str:
        """The same folder: nothing is mounted elsewhere."""
        return str(self.data)

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return str(self._app / "bin/python3")

    @property
    def health_check(self) -> Sequence[str]:
        """What the image's HEALTHCHECK runs."""
        return (self.python, "-m", "monitor.healthcheck")

    def install(self, repository: Path, pip: PipSettings) -> None:
        """Install the lock, hashes checked, and the repository's wheel; StepFailed when that fails."""
        settings = self._folder / "pip.conf"
        settings.write_text(pip.text)
        tools = self._folder / "tools"
        base = _interpreter()
        command(base, "-m", "venv", str(tools), timeout_s=60)
        command(base, "-m", "venv", "--without-pip", str(self._app), timeout_s=60)
        pinned = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "-r")
        for lock in ("requirements.lock", "requirements-fast.lock", "requirements-parquet.lock"):
            self._pip(tools, settings, *pinned, str(repository / lock))
        wheel = ("wheel", *_QUIET, "--no-deps", "--no-build-isolation", "--no-index")
        dist = self._folder / "dist"
        make = (sys.executable, "-m", "pip", *wheel, "--wheel-dir", str(dist), str(repository))
        command(*make, timeout_s=_PIP_TIMEOUT_S)
        self._pip(tools, settings, "--no-deps", "--no-index", *map(str, dist.glob("*.whl")))

    def run(self, *words: str, timeout_s: float = 60) -> Result:
        """Run a command as the other user."""
        return try_command(
            self._as_user(words), timeout_s=timeout_s, environment=self._environment(), folder=self.data
        )

    def start(self, *words: str) -> Running:
        """Start a command as the other user; `setpriv` becomes it, so signals go straight there."""
        said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by Running.kill
        return start(words[0], self._as_user(words), said, environment=self._environment(), inside=0)

    def _make_readable(self) -> None:
        self._folder.chmod(0o755)
        self.data.mkdir(mode=0o750)
        if is_root():
            os.chown(self.data, UID, UID)

    def _pip(self, tools: Path, settings: Path, *words: str) -> None:
        """Install into the environment with the tools' pip, by the machine's settings alone."""
        pip = (str(tools / "bin/pip"), "--python", self.python, "install", *_QUIET, *words)
        environment = {**process_environment(), "PIP_CONFIG_FILE": str(settings)}
        result = try_command(pip, timeout_s=_PIP_TIMEOUT_S, environment=environment)
        if result.code != 0:
            raise StepFailed(f"pip install ended with {result.code}: {result.last_words}")

    def _as_user(self, words: Sequence[str]) -> list[str]:
        return [*_other_user(), *words]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._app / 'bin'}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.data),
            "MONITOR_CONFIG": str(self.settings),
            "MONITOR_HEALTH_URL": f"http://{self.listen}/healthz",
        }


def _other_user() -> tuple[str, ...]:
    """Return the words that change the user; none where that is not allowed."""
    if not is_root() or shutil.which("setpriv") is None:
        return ()
    return ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--no-new-privs")


def _interpreter() -> str:
    """Return a Python new enough that the other user may start, too."""
    names = (sys.executable, os.path.realpath(sys.executable), "/usr/local/bin/python3", "/usr/bin/python3")
    question = "import sys, venv, ensurepip; sys.exit(sys.version_info[:2] < (3, 11))"
    for name in (*names[1:], shutil.which("python3.11") or names[0]):
        if Path(name).exists() and _answers(name, question):
            return name
    raise StepFailed("no Python 3.11 with venv that another user may start; install python3-venv")


def _answers(interpreter: str, question: str) -> bool:
    return try_command((*_other_user(), interpreter, "-c", question), timeout_s=30).code == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
