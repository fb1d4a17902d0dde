"""What waits in the spool, as commands meet it: counted, imported by hand, replayed by the next sweep."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.demo.stories import steady
from monitor.spool.directory import Spool
from monitor.spool.record import SpoolRecord
from monitor.store.connection.engine import sqlite_path
from monitor.store.write.replay import LateSweep
from tests.store import histories
from tests.support import gateway as g
from tests.support.command import config_file, monitor

LABEL = "../monitor.db"


@pytest.fixture
def waiting(engine: Engine) -> list[Path]:
    """Let two sweeps wait beside the database."""
    spool = Spool(sqlite_path(engine).parent / "spool", LABEL, max_size=10**6)
    for hours in range(2):
        at = histories.START + timedelta(hours=hours)
        sweep = histories.sweep(at, {"m/a": histories.UP}, provider="elsewhere")
        late = LateSweep(sweep=sweep, policy=Policy(), token=f"{hours:016x}")
        spool.keep(SpoolRecord(late=late, database=LABEL))
    return spool.waiting()


@g.ON_SQLITE
def test_db_check_counts_them_and_finds_a_damaged_one(
    database_url: str, tmp_path: Path, waiting: list[Path]
) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    sound = monitor(config, "db", "check")
    assert (sound.returncode, "2 sweeps wait for the database" in sound.stdout) == (0, True)
    waiting[0].write_bytes(waiting[0].read_bytes()[:-5])
    damaged = monitor(config, "db", "check", "--json")
    assert damaged.returncode == 1
    said = json.loads(damaged.stdout)
    assert said["spool"] == {"waiting": 1, "set_aside": 0}
    assert [fault.startswith(str(waiting[0])) for fault in said["faults"]] == [True]


@g.ON_SQLITE
def test_a_record_can_be_imported_and_a_damaged_one_is_refused(
    engine: Engine, database_url: str, tmp_path: Path, waiting: list[Path]
) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    imported = monitor(config, "import", *map(str, waiting))
    assert imported.stdout == "2 sweeps imported, 0 already there\n", imported.stderr
    waiting[0].write_bytes(waiting[0].read_bytes().replace(b'"available"', b'"unknown"'))
    refused = monitor(config, "import", str(waiting[0]))
    assert (refused.returncode, "checksum" in refused.stderr) == (2, True)
    assert len(g.finished(engine)) == 2


@g.ON_SQLITE
def test_the_next_manual_sweep_replays_them_first(
    engine: Engine, database_url: str, tmp_path: Path, waiting: list[Path]
) -> None:
    with g.gateway(steady(3)) as there:
        done = monitor(config_file(tmp_path, there.base_url, database_url), "sweep")
    assert done.returncode == 0, done.stderr
    assert [each.slot is None for each in g.finished(engine)] == [False, False, True]
    assert not any(file.exists() for file in waiting)
