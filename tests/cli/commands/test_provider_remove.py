"""`monitor provider remove`: a history goes whole, after an export, and those of others stay as they are."""

import os
import pty
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select

from monitor.core.planning.inputs import Knowledge
from monitor.errors import NoVerdict, UsageError
from monitor.store import schema as t
from monitor.store.admin.check import check
from monitor.store.admin.prune import prune
from monitor.store.connection.engine import open_engine, reading, sqlite_path, writing
from monitor.store.connection.locks import leader_lock, sweep_lock
from monitor.store.memory.acceptance import accept
from monitor.store.memory.knowledge import save_knowledge
from monitor.store.memory.outbox import post_all
from monitor.store.query import providers
from monitor.store.write.import_export import read_sweeps
from monitor.store.write.remove import extent_of, remove_provider
from monitor.store.write.slots import record_missed_slots
from tests.store import histories, views
from tests.support.command import config_file, environment, monitor
from tests.support.gateway import ON_SQLITE
from tests.support.lives import Lives
from tests.support.process import WAIT_S

HOOK = ("hook",)


@pytest.fixture
def history(engine: Engine, lives: Lives) -> Engine:
    """Give the history of two providers, one of them with everything that a provider may have."""
    lives.through(engine, (3, 25, "old"), (4, 5, "other"))
    for name in ("old", "other"):
        record_missed_slots(engine, name, "default", [histories.START - timedelta(days=1)])
        accept(engine, name, histories.START)
        swept = next(iter(read_sweeps(engine, providers=[name])))
        save_knowledge(engine, name, {swept.listed[0]: Knowledge(searched_at=histories.START)})
        with writing(engine) as connection:
            owner = connection.execute(select(t.provider.c.id).where(t.provider.c.name == name)).scalar_one()
            number = connection.scalars(select(t.sweep.c.id).where(t.sweep.c.provider_id == owner)).first()
            connection.execute(insert(t.telling), {"provider_id": owner, "document": "{}"})
        post_all(engine, HOOK, topic="changes", subject=str(number), document="{}", at=histories.START)
    post_all(engine, HOOK, topic="summary", subject="2026-04-06", document="{}", at=histories.START)
    return engine


def remaining(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table that one provider does not share with others."""
    shared = {"finding", "policy"}
    with reading(engine) as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in t.metadata.sorted_tables
            if table.name not in shared
        }


def rows_of(engine: Engine, name: str) -> dict[str, int]:
    """Count the rows that are about a provider, by table."""
    with reading(engine) as connection:
        owner = select(t.provider.c.id).where(t.provider.c.name == name).scalar_subquery()
        models = select(t.model.c.id).where(t.model.c.provider_id == owner)
        wheres = {
            table.name: table.c.provider_id == owner
            if "provider_id" in table.c
            else table.c.model_id.in_(models)
            for table in t.metadata.sorted_tables
            if {"provider_id", "model_id"} & set(table.c.keys())
        }
        tables = t.metadata.tables
        return {
            table: connection.execute(
                select(func.count()).select_from(tables[table]).where(where)
            ).scalar_one()
            for table, where in wheres.items()
        }


def test_every_row_about_it_goes_and_no_other(history: Engine) -> None:
    before = remaining(history)
    assert all(rows_of(history, "old")[table] for table in ("telling", "knowledge", "acceptance", "streamed"))
    other = {name: [row for row in rows if "other" in row] for name, rows in views.all_rows(history).items()}
    remove_provider(history, extent_of(history, "old"))
    assert providers(history) == ["other"]
    assert views.all_rows(history) == other
    after = remaining(history)
    kept = {table: [row for row in before[table] if row in rows] for table, rows in after.items()}
    assert kept == after  # what is left is unchanged
    assert {len(after[table]) for table in ("provider", "telling", "knowledge", "acceptance")} == {1}
    assert len(after["delivery"]) == 2
    assert check(history) == []


def test_a_pruned_history_goes_with_its_horizon(history: Engine) -> None:
    day = (histories.START + timedelta(days=1)).date()
    prune(history, "old", day)
    remove_provider(history, extent_of(history, "old"))
    assert remaining(history)["horizon"] == []
    assert check(history) == []


def test_a_name_that_is_free_again_begins_a_history_of_its_own(history: Engine) -> None:
    remove_provider(history, extent_of(history, "old"))
    histories.live(history, histories.sweep(histories.START, {"a": histories.UP}, provider="old"))
    assert providers(history) == ["old", "other"]
    assert extent_of(history, "old").sweeps == 1
    assert check(history) == []


def test_a_history_that_went_on_since_it_was_exported_stays(history: Engine) -> None:
    extent = extent_of(history, "old")
    later = histories.START + timedelta(days=90)
    histories.live(history, histories.sweep(later, {"a": histories.UP}, provider="old"))
    before = views.all_rows(history)
    with pytest.raises(NoVerdict, match="was changed meanwhile: nothing was removed"):
        remove_provider(history, extent)
    assert views.all_rows(history) == before


def test_an_unknown_name_names_the_nearest(history: Engine) -> None:
    with pytest.raises(
        UsageError, match=r'no provider "othr" in the history; there is: old, other; did you mean'
    ):
        extent_of(history, "othr")


# ---- The command ----


@pytest.fixture
def config(database_url: str, history: Engine, tmp_path: Path) -> Path:
    assert providers(history)
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def test_the_export_puts_the_same_history_back(config: Path, history: Engine) -> None:
    sweeps = list(read_sweeps(history, providers=["old"]))
    removed = monitor(config, "provider", "remove", "old", "--yes", "--export", "old.jsonl.gz")
    assert removed.returncode == 0, removed.stderr
    first, second = removed.stdout.splitlines()
    assert first == f"old.jsonl.gz: {len(sweeps)} sweeps exported; `monitor import` of it puts them back"
    assert second.startswith(f"removed the history of old ({len(sweeps)} sweeps of ")
    assert providers(history) == ["other"]
    assert monitor(config, "import", "old.jsonl.gz").returncode == 0
    assert list(read_sweeps(history, providers=["old"])) == sweeps
    assert monitor(config, "db", "check").returncode == 0


@ON_SQLITE
def test_without_a_name_the_export_lies_beside_the_database(config: Path, history: Engine) -> None:
    removed = monitor(config, "provider", "remove", "old", "--yes")
    assert removed.returncode == 0
    (file,) = sqlite_path(history).parent.glob("old-removed-*.jsonl.gz")
    assert removed.stdout.startswith(f"{file}: ")


@ON_SQLITE
def test_without_an_export_nothing_is_written(config: Path, history: Engine) -> None:
    removed = monitor(config, "provider", "remove", "old", "--yes", "--no-export")
    assert (removed.returncode, len(removed.stdout.splitlines())) == (0, 1)
    assert not list(config.parent.rglob("*.gz"))
    assert providers(history) == ["other"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["old"], 2, "there is no terminal to ask on: add --yes"),
        (["odl", "--yes"], 2, 'no provider "odl" in the history; there is: old, other; did you mean "old"?'),
        (["old", "--yes", "--export", "x", "--no-export"], 2, "exclude each other"),
        (["old", "--yes", "--export", "config.toml"], 2, "config.toml exists: name another file"),
        (["old", "--yes", "--export", "no/place.jsonl"], 2, "cannot be written"),
        (["old", "--yes", "--export", "history/monitor.db"], 2, "is part of the database"),
    ],
)
def test_what_cannot_be_done_removes_nothing(
    config: Path, history: Engine, words: list[str], code: int, said: str
) -> None:
    refused = monitor(config, "provider", "remove", *words)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert said in refused.stderr
    assert providers(history) == ["old", "other"]


def test_while_a_daemon_watches_it_or_sweeps_it_nothing_is_removed(
    config: Path, history: Engine, database_url: str
) -> None:
    config.write_text(config.read_text("utf-8").replace('name = "nvidia"', 'name = "old"'), "utf-8")
    leading = leader_lock(open_engine(database_url))
    assert leading.try_acquire()
    refused = monitor(config, "provider", "remove", "old", "--yes", "--no-export")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "a daemon watches old" in refused.stderr
    assert "take the [[providers]] table of old out of the configuration" in refused.stderr
    swept = sweep_lock(history, "other", "default")
    assert swept.try_acquire()
    refused = monitor(config, "provider", "remove", "other", "--yes", "--no-export")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "a sweep of other is running" in refused.stderr
    assert providers(history) == ["old", "other"]
    swept.release()
    assert monitor(config, "provider", "remove", "other", "--yes", "--no-export").returncode == 0
    leading.release()
    done = monitor(config, "provider", "remove", "old", "--yes", "--no-export")
    assert done.returncode == 0
    assert done.stderr == "the configuration still has old: the next sweep begins another history of it\n"
    assert providers(history) == []


@ON_SQLITE
@pytest.mark.parametrize(("answer", "code", "left"), [(b"n\n", 1, ["old", "other"]), (b"y\n", 0, ["other"])])
def test_on_a_terminal_it_asks(
    config: Path, history: Engine, answer: bytes, code: int, left: list[str]
) -> None:
    terminal, user = pty.openpty()
    os.write(terminal, answer)
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--config", str(config), "provider", "remove", "old"],
        env=environment(),
        cwd=config.parent,
        stdin=user,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    os.close(user)
    os.close(terminal)
    assert done.returncode == code, done.stderr
    assert "Remove the history of old (25 sweeps of " in done.stderr
    assert "after an export to " in done.stderr
    assert ("nothing was removed" in done.stdout) == bool(code)
    assert providers(history) == left
