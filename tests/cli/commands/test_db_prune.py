"""`monitor db prune` and the daemon's pruner: old observations go, and it says which."""

import asyncio
import json
import logging
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import Engine, func, select

from monitor.app.daemon import pruner
from monitor.app.daemon.pruner import Pruner
from monitor.clock import utc_now
from monitor.errors import StoreError
from monitor.store import schema as t
from monitor.store.admin import prune as steps
from monitor.store.connection.engine import reading, sqlite_path
from monitor.store.connection.locks import leader_lock
from monitor.store.write import record
from tests.store import histories
from tests.support.command import config_file, monitor
from tests.support.gateway import ON_SQLITE
from tests.support.lives import Lives

LATER = histories.START + timedelta(days=500)


def observations(engine: Engine) -> int:
    """Return how many observations there are."""
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).select_from(t.observation)) or 0)


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path, lives: Lives) -> Path:
    """Return a configuration that keeps a day, over an old history and a sweep of today."""
    lives.through(engine, (3, 20))
    histories.live(engine, histories.sweep(utc_now(), {"new/model": histories.UP}))
    written = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    written.write_text(f'{written.read_text()}\n[retention]\nobservations = "1d"\n')
    return written


def said(config: Path, *arguments: str) -> str:
    """Run the program; return what it printed."""
    done = monitor(config, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_dry_run_says_what_would_go_and_removes_nothing(config: Path, engine: Engine) -> None:
    before = observations(engine)
    foretold = said(config, "db", "prune", "--dry-run")
    assert f"nvidia: {before - 1} observations of 20 sweeps would be removed; kept from " in foretold
    assert observations(engine) == before
    assert said(config, "db", "prune").replace("removed", "would be removed") == foretold
    assert observations(engine) == 1
    assert said(config, "db", "prune") == "nvidia: nothing to remove\n"
    assert said(config, "db", "rebuild").startswith("nvidia: nothing differs")


def test_as_json_it_names_the_day_from_which_on_all_is_kept(config: Path) -> None:
    document = json.loads(said(config, "db", "prune", "--dry-run", "--json"))
    (found,) = document["providers"]
    assert document["dry_run"] is True
    assert (found["provider"], found["sweeps"]) == ("nvidia", 20)
    assert datetime.fromisoformat(found["kept_from"]) < utc_now().replace(tzinfo=None)


def test_an_unknown_provider_is_named(config: Path) -> None:
    done = monitor(config, "db", "prune", "--provider", "nobody")
    assert (done.returncode, done.stderr) == (
        2,
        'monitor: no provider "nobody" in the history; there is: nvidia\n',
    )


def test_the_import_of_a_pruned_time_is_refused_with_the_remedy(config: Path, tmp_path: Path) -> None:
    records = tmp_path / "all.jsonl"
    said(config, "export", "--format", "sweeps", str(records))
    said(config, "db", "prune")
    assert "already there" in said(config, "import", str(records))
    older = tmp_path / "older.jsonl"
    older.write_text(records.read_text().splitlines()[0].replace("2026-04-06", "2026-03-06"))
    done = monitor(config, "import", str(older))
    assert done.returncode == 2
    assert "1 sweep refused: older than what is kept of nvidia from " in done.stderr
    assert "a separate database" in done.stderr


def test_a_sweep_that_died_where_nobody_sweeps_any_more_holds_nothing_up(
    config: Path, engine: Engine
) -> None:
    began_at = histories.START + timedelta(minutes=30)
    opened = record.open_sweep(
        engine,
        provider="nvidia",
        vantage="moved-away",
        slot=None,
        started_at=began_at,
        policy=histories.POLICY,
    )
    assert opened is not None
    assert "of 1 sweep would be removed" in said(config, "db", "prune", "--dry-run")
    assert "of 21 sweeps removed" in said(config, "db", "prune")
    assert observations(engine) == 1
    assert said(config, "db", "check").endswith(": 0 faults\n")


def make_older(engine: Engine) -> Path:
    """Make the file one that cannot shrink, as older versions did."""
    engine.dispose()
    with closing(sqlite3.connect(sqlite_path(engine))) as older:
        older.executescript("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
    return sqlite_path(engine)


@ON_SQLITE  # Postgres has its autovacuum
def test_an_upgrade_lets_an_older_file_shrink(config: Path, engine: Engine) -> None:
    file = make_older(engine)
    done = monitor(config, "db", "upgrade")
    assert done.returncode == 0
    assert "rebuilt once so that pruning frees disk space" in done.stderr
    with closing(sqlite3.connect(file)) as newer:
        assert newer.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert monitor(config, "db", "upgrade").stderr == ""
    assert said(config, "db", "check").endswith(": 0 faults\n")


@ON_SQLITE  # Postgres has its autovacuum
def test_a_file_that_a_daemon_uses_is_not_written_anew(config: Path, engine: Engine) -> None:
    make_older(engine)
    lock = leader_lock(engine)
    assert lock.try_acquire()
    done = monitor(config, "db", "upgrade")
    lock.release()
    assert (done.returncode, "with the daemon stopped" in done.stderr) == (0, True)


def test_trouble_with_pruning_is_told_and_tried_again(
    engine: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories.live_all(engine, histories.history(4, 3))
    trouble = iter([StoreError("no luck"), ValueError("a fault of ours")])

    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise next(trouble, SystemExit)

    monkeypatch.setattr(pruner, "_LOOK_EVERY", timedelta(milliseconds=1))
    monkeypatch.setattr(steps, "prune", fail)
    with caplog.at_level(logging.ERROR, "monitor"), pytest.raises(SystemExit):
        asyncio.run(Pruner(engine, timedelta(days=1), now=lambda: LATER).run(asyncio.Event()))
    # what else this process logs, such as a loop of another test that is collected now, is not the pruner's
    troubles = [record.message for record in caplog.records if record.name.startswith("monitor.")]
    assert troubles == ["prune_failed", "prune_crashed"]


def test_a_leading_daemon_prunes_by_itself(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    histories.live_all(engine, histories.history(4, 20))

    async def keep() -> None:
        stop = asyncio.Event()
        pruner = asyncio.create_task(Pruner(engine, timedelta(days=1), now=lambda: LATER).run(stop))
        for _ in range(600):
            if not observations(engine):
                break
            await asyncio.sleep(0.05)
        stop.set()
        await pruner

    with caplog.at_level(logging.INFO, "monitor"):
        asyncio.run(keep())
    assert observations(engine) == 0
    assert [each.message for each in caplog.records if each.message == "pruned"] == ["pruned"]
