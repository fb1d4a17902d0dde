"""`monitor provider rename`, and providers that left the configuration (rules.md 34)."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.errors import NoVerdict, UsageError
from monitor.store.admin.check import check
from monitor.store.connection.locks import sweep_lock
from monitor.store.derived.rebuild import rebuild
from monitor.store.memory.acceptance import accept
from monitor.store.query import providers
from monitor.store.query.changes import version_of
from monitor.store.write.import_export import read_sweeps
from monitor.store.write.rename import rename_provider
from monitor.store.write.slots import record_missed_slots
from tests.store import histories, views
from tests.support.command import config_file, monitor
from tests.support.gateway import ON_SQLITE
from tests.support.lives import Lives
from tests.web.history import INTERVAL, START, UP, after, live, sweep
from tests.web.served import browsing


@pytest.fixture
def history(engine: Engine, lives: Lives) -> Engine:
    """Give the history of two providers, one of them with everything that a provider may have."""
    lives.through(engine, (3, 25, "old"), (4, 5, "other"))
    record_missed_slots(engine, "old", "default", [histories.START - timedelta(days=1)])
    accept(engine, "old", histories.START)
    return engine


# ---- The history ----


def test_a_renamed_history_is_the_same_under_another_name(history: Engine) -> None:
    before = views.all_rows(history)
    rename_provider(history, "old", "nim")
    assert providers(history) == ["nim", "other"]
    renamed = {
        name: sorted(repr(row).replace("'nim'", "'old'") for row in found)
        for name, found in views.all_rows(history).items()
    }
    assert renamed == {name: sorted(map(repr, found)) for name, found in before.items()}
    assert check(history) == []


def test_exports_carry_the_new_name_and_a_rebuild_changes_nothing(history: Engine) -> None:
    was = list(read_sweeps(history, providers=["old"]))
    rename_provider(history, "old", "nim")
    assert {each.provider for each in read_sweeps(history)} == {"nim", "other"}
    assert len(list(read_sweeps(history, providers=["nim"]))) == len(was)
    after_it = views.all_rows(history)
    assert not rebuild(history, "nim").differs
    assert views.all_rows(history) == after_it


def test_a_name_that_is_free_again_begins_a_history_of_its_own(history: Engine) -> None:
    rename_provider(history, "old", "nim")
    histories.live(history, histories.sweep(histories.START, {"a": histories.UP}, provider="old"))
    assert providers(history) == ["nim", "old", "other"]
    rename_provider(history, "old", "older")
    assert providers(history) == ["nim", "older", "other"]


def test_whoever_watches_the_history_notices(history: Engine) -> None:
    before = version_of(history)
    rename_provider(history, "old", "nim")
    assert [folds for _, folds in version_of(history)] != [folds for _, folds in before]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("nobody", "nim", 'no provider "nobody" in the history; there is: old, other'),
        ("old", "other", 'has a provider "other" already'),
        ("old", "old", 'has a provider "old" already'),
        ("\udcff", "nim", "no provider"),
    ],
)
def test_a_name_that_cannot_be_taken_or_given_is_refused(
    history: Engine, old: str, new: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        rename_provider(history, old, new)
    assert providers(history) == ["old", "other"]


@pytest.mark.parametrize(
    ("name", "vantage"),
    [("old", "default"), ("nim", "default"), ("old", "configured"), ("nim", "configured")],
)
def test_while_a_sweep_runs_under_either_name_nothing_is_renamed(
    history: Engine, name: str, vantage: str
) -> None:
    running = sweep_lock(history, name, vantage)
    assert running.try_acquire()
    with pytest.raises(NoVerdict, match=f"a sweep of {name} is running"):
        rename_provider(history, "old", "nim", ["configured"])
    assert providers(history) == ["old", "other"]
    running.release()
    rename_provider(history, "old", "nim", ["configured"])
    assert running.try_acquire()  # the locks are given back
    running.release()


# ---- The command ----


@pytest.fixture
def config(database_url: str, history: Engine, tmp_path: Path) -> Path:
    assert providers(history)
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def test_the_command_renames_and_says_what_to_change(config: Path) -> None:
    """Rule 34."""
    renamed = monitor(config, "provider", "rename", "old", "nvidia")
    assert (renamed.returncode, renamed.stdout) == (0, "the history of old is now that of nvidia\n")
    assert renamed.stderr == ""
    exported = monitor(config, "export", "-").stdout.splitlines()
    assert {json.loads(line)["provider"] for line in exported} == {"nvidia", "other"}
    away = monitor(config, "provider", "rename", "nvidia", "nim")
    assert 'change name = "nvidia" to "nim" in its [[providers]] table' in away.stderr
    assert "start the daemon again" in away.stderr
    unwatched = monitor(config, "provider", "rename", "nim", "nim2")
    assert unwatched.stderr == 'nim2 is not watched: no [[providers]] table has name = "nim2"\n'


@ON_SQLITE
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("nobody", "nim", "there is: old, other"),
        ("old", "other", "already"),
        ("old", "New Name", 'must be 1 to 32 characters, each a-z, 0-9, "_" or "-"'),
    ],
)
def test_wrong_usage_is_exit_2(config: Path, old: str, new: str, words: str) -> None:
    refused = monitor(config, "provider", "rename", old, new)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words in refused.stderr


def test_a_running_sweep_is_exit_3(config: Path, history: Engine) -> None:
    running = sweep_lock(history, "old", "default")
    assert running.try_acquire()
    refused = monitor(config, "provider", "rename", "old", "nim")
    running.release()
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "a sweep of old is running" in refused.stderr


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", f"sqlite:///{tmp_path}/none/monitor.db")
    assert monitor(config, "provider", "rename", "old", "nim").returncode == 4
    assert not (tmp_path / "none").exists()


# ---- Providers that are not watched ----


@ON_SQLITE
def test_status_marks_a_provider_that_is_not_watched_and_does_not_complain(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """Rule 34."""
    live(engine, [sweep(0, {"z": UP}, provider="former"), sweep(0, {"a": UP})])
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    usual = monitor(config, "status")
    assert "former" not in usual.stdout
    table = monitor(config, "status", "--all")
    rows = [" ".join(line.split()) for line in table.stdout.splitlines()]
    assert any(row.startswith("former (not watched) z ") for row in rows)
    assert any(row.startswith("nvidia a ") for row in rows)
    assert "former" not in table.stderr
    assert "nvidia: the last conclusive sweep is" in table.stderr
    assert monitor(config, "status", "--provider", "former").stderr == ""
    told_ = json.loads(monitor(config, "status", "--all", "--json").stdout)
    assert [(row["provider"], row["watched"]) for row in told_] == [("former", False), ("nvidia", True)]
    story = monitor(config, "status", "z")
    assert "former (not watched)" in story.stdout
    assert json.loads(monitor(config, "status", "z", "--json").stdout)["watched"] is False
    assert json.loads(monitor(config, "status", "a", "--json").stdout)["watched"] is True


def test_the_page_marks_it_and_readiness_ignores_it(engine: Engine) -> None:
    live(engine, [sweep(0, {"z": UP}, provider="former"), sweep(100, {"a": UP})])
    with browsing(engine, after(101), {"nvidia": INTERVAL}) as client:
        page = client.get("/").text
        assert '<span class="mark retired">not watched</span>' in page
        assert "may be out of date" not in page
        assert '<span class="mark retired">not watched</span>' in client.get("/models/former/z").text
        assert "not watched" not in client.get("/models/nvidia/a").text
        assert client.get("/readyz").json() == {
            "status": "ready",
            "reasons": [],
            "maintenance": [],
            "notices": [],
        }
        found = client.get("/api/v1/models?all=true").json()["providers"]
    assert [(each["provider"], each["watched"]) for each in found] == [("former", False), ("nvidia", True)]


def test_a_renamed_provider_goes_on_under_its_new_name(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}, provider="old")])
    rename_provider(engine, "old", "nim")
    histories.live(
        engine,
        histories.sweep(START + INTERVAL, {"a": histories.UP, "b": histories.UP}, provider="nim"),
        Policy(),
    )
    events = views.told(engine, "change_history")
    assert [(row["provider"], row["model"], row["detail"]) for row in events] == [
        ("nim", "a", "baseline"),
        ("nim", "b", None),
    ]
