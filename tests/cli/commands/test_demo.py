"""`monitor demo` and the commands beside it: the first minutes of the README, as they are printed there."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from click.shell_completion import ShellComplete

from monitor.cli.group import cli
from tests.support.command import Done, environment, run
from tests.support.documents import ROOT, read
from tests.support.process import Process, wait_for

NOTE = "this is the demo's history: sqlite:///"
MODEL = "meta/llama-3.1-8b-instruct"  # which the README checks


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory in which the demo runs, without a configuration."""
    return tmp_path_factory.mktemp("first-minutes")


@pytest.fixture(scope="module")
def demo(place: Path) -> Iterator[Process]:
    """Give a demo that has swept its catalog, and has an answer of the model that the README checks.

    Its time is accelerated: on a busy machine its first sweeps end before they asked every model.
    """
    with Process(place / "unread.toml", "demo", "--listen", "127.0.0.1:0", key=None) as process:
        wait_for(lambda: "\nsweep 2, " in process.out, process)
        wait_for(lambda: MODEL in beside(place, "list").stdout.splitlines(), process)
        yield process


def beside(place: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Done:
    """Run a command in the demo's directory, in a second terminal that was told nothing."""
    return run(*arguments, directory=place, environ=environ or environment(None))


def commands_to_see() -> list[list[str]]:
    """Return the commands under "See it" of the README, without their remarks."""
    section = read(ROOT / "README.md").partition("## See it")[2].partition("\n## ")[0]
    lines = re.findall(r"^\$ \.venv/bin/monitor (.*?)(?:\s+#.*)?$", section, re.MULTILINE)
    return [line.split() for line in lines]


@pytest.mark.parametrize("command", commands_to_see(), ids=" ".join)
def test_what_the_readme_shows_is_the_demos_beside_it(demo: Process, place: Path, command: list[str]) -> None:
    done = beside(place, *command)
    assert done.returncode == 0, done.stderr
    assert demo.is_alive
    assert done.stdout.strip(), "it shows something"
    assert NOTE in done.stderr, "and says what"


def test_every_model_of_the_demo_is_listed(demo: Process, place: Path) -> None:
    status = beside(place, "status", "--json")
    assert demo.is_alive
    assert '"demo"' in status.stdout
    assert MODEL in beside(place, "list").stdout.splitlines()


def test_a_summary_of_the_demo_is_of_its_watched_provider_alone(demo: Process, place: Path) -> None:
    parts = json.loads(beside(place, "summary", "today", "--json").stdout)["providers"]
    assert demo.is_alive
    assert [(part["provider"], part["watched"]) for part in parts] == [("demo", True)]


def test_a_shell_offers_the_provider_of_the_demo_alone(
    demo: Process, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    complete = ShellComplete(cli, {}, "monitor", "_MONITOR_COMPLETE")
    assert [item.value for item in complete.get_completions(["list", "--provider"], "")] == ["demo"]
    assert demo.is_alive


def test_the_page_of_the_demo_says_what_it_is(demo: Process) -> None:
    with httpx.Client(base_url=demo.page, trust_env=False, timeout=60) as client:
        for path in ("/", "/changes", "/models/demo/meta/llama-3.1-8b-instruct", "/nowhere"):
            page = client.get(path, headers={"accept": "text/html"}).text
            assert "This is the demo: a simulated provider" in page, path


def test_a_file_that_a_mistyped_name_left_empty_is_no_history(demo: Process, place: Path) -> None:
    empty = place / "data" / "monitor.db"
    empty.touch()  # as `sqlite3 data/monitor.db` does
    try:
        assert NOTE in beside(place, "status").stderr
        assert demo.is_alive
    finally:
        empty.unlink()


@pytest.mark.parametrize("reason", ["a configuration", "a variable"])
def test_who_configured_something_is_never_shown_the_demo(demo: Process, place: Path, reason: str) -> None:
    file = place / "config.toml"
    environ = dict(environment(None))
    if reason == "a variable":
        environ["MONITOR_DATABASE_URL"] = "sqlite:///data/monitor.db"
    else:
        file.write_text('[[providers]]\nname = "nvidia"\nbase_url = "http://127.0.0.1:9/v1"\n', "utf-8")
    try:
        done = beside(place, "status", environ=environ)
    finally:
        file.unlink(missing_ok=True)
    assert demo.is_alive
    assert done.returncode == 4
    assert "does not exist" in done.stderr


def test_no_command_beside_it_leaves_a_file(demo: Process, place: Path) -> None:
    before = files(place)
    for command in (*commands_to_see(), ["list"], ["config", "check"], ["db", "check"], ["accept", "nobody"]):
        beside(place, *command)
    assert demo.is_alive
    assert files(place) == before


def files(place: Path) -> set[str]:
    """Return the files below, without those that the demo has while it sweeps, or SQLite while it is open."""
    return {
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm")) and path.parent.name != "demo-spool"
    }
