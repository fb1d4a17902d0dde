"""How the documents' examples are run: a directory like a user's, and a way to run each program they name."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import click
import httpx

from monitor.cli.main import cli
from monitor.clock import utc_now
from monitor.demo.stories import demo_story
from monitor.store.admin.backup import back_up
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from tests.support.command import KEY, config_file, run
from tests.support.documents import ROOT, Example, read
from tests.support.gateway import gateway, sweep, target
from tests.support.process import wait_for
from tests.web.served import served

WAIT_S = 180
PAGE = "127.0.0.1:8080"
_SWEEPS = 5
_INTERVAL = timedelta(minutes=15)

# ---- A directory like a user's: a configuration, a provider, a database with a history ----

_SQLITE = """#!{python}
import sqlite3, sys
file, *queries = [word for word in sys.argv[1:] if not word.startswith("-")]
for query in queries or sys.stdin:
    for row in sqlite3.connect(file).execute(query):
        print(*row, sep="|")
"""


@dataclass(frozen=True)
class Place:
    """Where examples run: the directory, the environment, the address of a page that is served."""

    directory: Path
    environ: dict[str, str]
    page: str

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Run a line of shell to its end, both its outputs as one."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WAIT_S,
            check=False,
        )


@contextmanager
def prepared_place(directory: Path) -> Iterator[Place]:
    """Give a place with a configuration, a provider that answers and a history of a few sweeps."""
    programs = _programs(directory)
    engine = open_engine(f"sqlite:///{directory}/data/monitor.db")
    prepare(engine)
    with gateway(demo_story(), api_key=None) as provider:
        for step in range(_SWEEPS):
            provider.step(step)
            sweep(target(provider.base_url), engine, utc_now() - (_SWEEPS - step) * _INTERVAL)
        back_up(engine, directory / "data/demo.db", replaces=False, on_progress=lambda *_: None)
        config_file(directory, provider.base_url, "sqlite:///data/monitor.db", api_key_env="NVIDIA_API_KEY")
        with served(create_app(engine, watched={"nvidia": _INTERVAL}, now=utc_now)) as page:
            environ = {"PATH": programs, "PYTHONUTF8": "1", "NVIDIA_API_KEY": KEY}
            yield Place(directory, environ, page.removeprefix("http://").rstrip("/"))
    engine.dispose()


def _programs(directory: Path) -> str:
    """Put `.venv/bin` where a checkout has it and a small `sqlite3` beside; returns the search path."""
    installed = Path(sys.executable).parent
    (directory / ".venv").mkdir()
    (directory / ".venv/bin").symlink_to(installed)
    sqlite = directory / "bin/sqlite3"
    sqlite.parent.mkdir()
    sqlite.write_text(_SQLITE.format(python=sys.executable), encoding="utf-8")
    sqlite.chmod(0o755)
    return os.pathsep.join([str(sqlite.parent), str(installed), os.defpath])


# ---- How the commands of examples are run ----


_FOR_A_SHELL = re.compile(r"[|&;<>()$`*?~#=]")


def _monitor(example: Example, place: Place) -> None:
    if example.command.split()[-1] == "run" or " demo" in example.command:
        _daemon(example, place)
    elif " db grant " in example.command:  # a SQLite file has no roles; test_db_grant.py runs it
        _find_command(shlex.split(example.command)[1:3])
    elif _FOR_A_SHELL.search(example.command):
        _shell(example, place)
    else:
        _, *arguments = shlex.split(example.command)
        done = run(*arguments, directory=place.directory, environ=place.environ)
        assert done.returncode == example.exit_code, done.stderr
        assert example.shows(done.stdout + done.stderr), done.stdout + done.stderr


def _shell(example: Example, place: Place) -> None:
    done = place.run(example.command)
    assert done.returncode == example.exit_code, done.stdout
    assert example.shows(done.stdout), done.stdout


def _daemon(example: Example, place: Place) -> None:
    """Start what stays, wait for its page, tell it to stop: it must end in peace."""
    said = place.directory / "daemon.txt"
    (place.directory / "data/demo.db").unlink(missing_ok=True)  # a demo refuses another provider's history
    with said.open("wb") as out:
        words = shlex.split(example.command)
        program = place.directory / ".venv/bin" / Path(words[0]).name
        running = subprocess.Popen(
            [program, *words[1:]], cwd=place.directory, env=place.environ, stdout=out, stderr=out
        )
    try:
        wait_for(lambda: "status page: " in said.read_text() or running.poll() is not None)
        running.send_signal(signal.SIGTERM)
        assert running.wait(WAIT_S) == example.exit_code, said.read_text()
    finally:
        running.kill()
        running.wait(WAIT_S)
    assert example.shows(said.read_text()), said.read_text()


def _export(example: Example, place: Place) -> None:
    name, _, value = example.command.removeprefix("export ").partition("=")
    place.environ[name] = value


def _curl(example: Example, place: Place) -> None:
    options = shlex.split(example.command)[1:]
    address = options.pop()
    assert set(options) <= {"-s", "-f", "-fs", "-fsS"}, options
    answer = httpx.get(address.replace(PAGE, place.page), trust_env=False, timeout=WAIT_S)
    assert answer.status_code == httpx.codes.OK, answer.text


def _make(example: Example, _place: Place) -> None:
    targets = re.findall(r"^([a-z0-9-]+):", read(ROOT / "Makefile"), flags=re.MULTILINE)
    assert set(example.command.split()[1:]) <= set(targets)


_DOCKER = re.compile(
    r"docker (build|run|logs|exec|start|stop|rm|cp|compose (build|up -d|stop|run --rm|exec)) ?(.*)"
)
_INSIDE = re.compile(r"(?:monitor:local|exec monitor\S*|run --rm monitor\S*) (?:monitor )?(\w+(?: \w+)?)")
_OTHER_PROGRAMS = {"python3", "rm"}


def _docker(example: Example, _place: Place) -> None:
    shlex.split(example.command)
    form = _DOCKER.search(example.command)
    assert form, "not a known form of docker"
    services = set(re.findall(r"^  ([a-z-]+):$", read(ROOT / "compose.yaml"), flags=re.MULTILINE))
    if form[2] and form[3]:
        assert form[3].split()[0] in services
    inside = _INSIDE.search(example.command)
    if inside and inside[1].split()[0] not in _OTHER_PROGRAMS:
        _find_command(inside[1].split())


def _find_command(words: Sequence[str]) -> None:
    command: click.Command | None = cli
    for word in words:
        if not isinstance(command, click.Group):
            return
        command = command.get_command(click.Context(command), word)
        assert command, f"there is no command {words}"


def _psql(example: Example, _place: Place) -> None:
    assert re.fullmatch(r"""psql "\$MONITOR_DATABASE_URL"( -c '[^']+')?""", example.command)


_SUDO = re.compile(r"sudo (-u monitor sh -c|useradd|install|python3 -m venv|systemctl|\S+/pip install) (.*)")
_SOURCE = re.compile(r"/opt/monitor/source/?(\S*)")


def _sudo(example: Example, _place: Place) -> None:
    shlex.split(example.command)
    form = _SUDO.fullmatch(example.command)
    assert form, "not a known form of sudo"
    for name in _SOURCE.findall(example.command):
        assert (ROOT / name).exists(), f"the source has no {name}"
    for words in re.findall(r"/bin/monitor (?:--config \S+ )?([a-z ]+)", form[2]):
        _find_command(words.split())


_RUN_BY: Mapping[str, Callable[[Example, Place], None]] = MappingProxyType(
    {
        "monitor": _monitor,
        ".venv/bin/monitor": _monitor,
        "sqlite3": _shell,
        "gzip": _shell,
        "echo": _shell,
        "export": _export,
        "curl": _curl,
    }
)
_ONLY_CHECKED: Mapping[str, tuple[str, Callable[[Example, Place], None]]] = MappingProxyType(
    {
        "make": (
            "a target sets up, runs or tests everything, this test included; its name is checked",
            _make,
        ),
        "docker": (
            "no engine is at hand, and make image-test takes the same steps; names are checked",
            _docker,
        ),
        "sudo": ("no service manager runs here; commands and files are checked", _sudo),
        "psql": ("no client of Postgres is at hand, and it would wait for questions", _psql),
    }
)


def run_example(example: Example, place: Place) -> None:
    """Run an example; it must end as the document says and print what the document shows."""
    program = re.sub(r"^([A-Z_]+=\S+ )*", "", example.command).split()[0]
    if program in _ONLY_CHECKED:
        _ONLY_CHECKED[program][1](example, place)
        return
    assert program in _RUN_BY, f"nothing here can run `{program}`"
    _RUN_BY[program](example, place)
