"""A daemon whose database is away goes on sweeping, and nothing that was answered is lost."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.demo.stories import steady
from monitor.store.admin import check
from monitor.store.connection.engine import sqlite_path
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.process import Process, wait_for

MODELS = 8


def records(directory: Path) -> list[Path]:
    """Return the records that wait in the spool beside a SQLite file."""
    return sorted((directory / "spool").glob("*.jsonl"))


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Hold the write lock of a SQLite file, as a long transaction of another program does."""
    with closing(sqlite3.connect(sqlite_path(engine), isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def check_whole(engine: Engine, there: g.Gateway) -> None:
    """Every answer is in the history, nothing twice, and no slot was missed."""
    whole = [each for each in g.finished(engine) if each.verdict is Verdict.CONCLUSIVE]
    assert all(each.available == MODELS for each in whole)
    observed = g.rows(engine, "SELECT count(*) FROM observation_history WHERE outcome = 'available'")[0][0]
    assert observed == len(there.probes)
    assert len({each.slot for each in g.finished(engine)}) == len(g.finished(engine))
    assert g.model_events(engine) == MODELS
    assert check.check(engine) == []


@g.ON_SQLITE
def test_a_locked_file_costs_no_sweep_and_a_kill_with_a_full_spool_no_answer(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    place = sqlite_path(engine).parent
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="3s")
        with Process(config, "run") as process:
            wait_for(lambda: len(g.finished(engine)) >= 1, process)
            with locked(engine):
                wait_for(lambda: len(records(place)) >= 3, process)
                process.kill()
        assert records(place)
        with Process(config, "run") as process:
            wait_for(lambda: not records(place), process)
            process.send(signal.SIGTERM)
            assert process.wait() == 0, process.err
            assert "Traceback" not in process.err
        check_whole(engine, there)
