"""`monitor db rebuild` and `monitor db void` as an operator meets them (rules.md 29, 31)."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, text, update

from monitor.core.domain.policy import Policy
from monitor.store import schema as t
from monitor.store.connection.engine import reading, writing
from tests.store import histories, views
from tests.store.invariants import everything
from tests.support.command import config_file, monitor

HASTY = "\n[policy]\nconfirm_down = 1\n"


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Path:
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


@pytest.fixture
def history(engine: Engine) -> Engine:
    """Give a history in which a model is down for two sweeps, and another for one."""
    letters = {"m": "uudduu", "n": "uuuduu", "o": "uuuuuu"}
    answers = {"u": histories.UP, "d": histories.DOWN}
    for place in range(6):
        seen = {name: answers[life[place]] for name, life in letters.items()}
        histories.live(engine, histories.sweep(histories.START + timedelta(hours=place), seen), Policy())
    return engine


def sweep_ids(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return list(connection.scalars(select(t.sweep.c.id).order_by(t.sweep.c.id)))


def test_where_nothing_differs_it_says_so_and_exits_with_0(config: Path, history: Engine) -> None:
    before = everything(history, "nvidia")
    for options in ((), ("--write",), ("--provider", "nvidia", "--policy", "current")):
        done = monitor(config, "db", "rebuild", *options)
        assert done.stdout.splitlines()[0] == "nvidia: nothing differs (6 sweeps)"
        assert done.returncode == 0, done.stderr
    assert everything(history, "nvidia") == before


def test_what_differs_is_told_and_only_written_when_told_to(config: Path, history: Engine) -> None:
    right = everything(history, "nvidia")
    with writing(history) as connection:
        connection.execute(delete(t.event).where(t.event.c.kind == "became_unavailable"))
        connection.execute(update(t.model_state).values(status="retired"))
        connection.execute(update(t.daily).values(checks=7))
    wrong = everything(history, "nvidia")
    told_before = [
        "nvidia: 1 event missing, 3 states differ, 3 days differ (6 sweeps)",
        "  missing: event m became unavailable: not found at the provider, at 2026-04-06 15:00:00 UTC",
        "  day 2026-04-06 of m: checks is 7, should be 6",
    ]
    looked = monitor(config, "db", "rebuild")
    assert (looked.returncode, looked.stdout.splitlines()[:3]) == (1, told_before)
    assert "  state of m: status is retired, should be available" in looked.stdout.splitlines()
    assert everything(history, "nvidia") == wrong
    written = monitor(config, "db", "rebuild", "--write")
    assert written.returncode == 1
    assert written.stdout.splitlines() == [
        *looked.stdout.splitlines(),
        "nvidia: the derived history was rewritten",
    ]
    assert everything(history, "nvidia") == right
    assert monitor(config, "db", "rebuild").returncode == 0


def test_todays_policy_rewrites_the_derived_history_and_says_so(config: Path, history: Engine) -> None:
    config.write_text(config.read_text() + HASTY)
    assert monitor(config, "db", "rebuild").returncode == 0
    looked = monitor(config, "db", "rebuild", "--policy", "current", "--json")
    assert looked.returncode == 1
    document = json.loads(looked.stdout)
    assert document["written"] is False
    (found,) = document["providers"]
    assert {"part": "event", "how": "missing", "rows": 3} in found["counts"]
    missing = [each["follows"] for each in found["differences"] if each["stands"] is None]
    assert missing[0]["confirmed_at"] == "2026-04-06T14:00:00.000Z"
    written = monitor(config, "db", "rebuild", "--policy", "current", "--write")
    assert written.returncode == 1
    assert written.stdout.splitlines()[-1] == (
        "nvidia: the derived history was rewritten with today's policy"
    )
    assert monitor(config, "db", "rebuild", "--policy", "current").returncode == 0
    assert [row["model"] for row in views.told(history, "outage_history")] == ["m", "n"]


def test_a_void_sweep_tells_what_it_took_with_it_and_gives_it_back(config: Path, history: Engine) -> None:
    number = str(sweep_ids(history)[3])
    before = everything(history, "nvidia")
    done = monitor(config, "db", "void", number, "--reason", "the proxy answered")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == [
        f"sweep {number} of nvidia, 2026-04-06 15:00:00 UTC, is void",
        "  removed: m became unavailable: not found at the provider, at 2026-04-06 15:00:00 UTC",
        "  removed: m became available, at 2026-04-06 16:00:00 UTC",
    ]
    again = monitor(config, "db", "void", number, "--reason", "again")
    assert (again.returncode, again.stderr) == (
        2,
        f"monitor: sweep {number} is void already: the proxy answered\n",
    )
    undone = monitor(config, "db", "void", number, "--undo")
    assert undone.stdout.splitlines()[:2] == [
        f"sweep {number} of nvidia, 2026-04-06 15:00:00 UTC, counts again",
        "  added: m became unavailable: not found at the provider, at 2026-04-06 15:00:00 UTC",
    ]
    assert everything(history, "nvidia") == before


def test_wrong_use_is_refused(config: Path, history: Engine) -> None:
    del history
    for arguments, words in (
        (("rebuild", "--provider", "x"), 'monitor: no provider "x" in the history; there is: nvidia\n'),
        (("void", "5", "--reason", "why"), "monitor: no sweep 5; list ids with `monitor events --json`\n"),
        (("void", "5"), "monitor: void needs either --reason TEXT or --undo\n"),
        (
            ("void", "5", "--reason", "why", "--undo"),
            "monitor: void needs either --reason TEXT or --undo\n",
        ),
        (
            ("void", "5", "--reason", " "),
            "monitor: --reason: say in 1 to 1000 characters why the sweep is bad\n",
        ),
    ):
        done = monitor(config, "db", *arguments)
        assert (done.returncode, done.stderr) == (2, words)


def test_a_database_of_another_version_is_left_alone(config: Path, history: Engine) -> None:
    with writing(history) as connection:
        connection.execute(text("UPDATE schema_version SET version_num = '0001'"))
    for arguments in (("rebuild",), ("rebuild", "--write"), ("void", "5", "--reason", "why")):
        done = monitor(config, "db", *arguments)
        assert done.returncode == 4
        assert "was written by an older monitor: run `monitor db upgrade`" in done.stderr


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", f"sqlite:///{tmp_path}/none.db")
    for arguments in (("rebuild",), ("rebuild", "--write"), ("void", "5", "--reason", "why")):
        done = monitor(config, "db", *arguments)
        assert (done.returncode, "does not exist" in done.stderr) == (4, True)
    assert not (tmp_path / "none.db").exists()
