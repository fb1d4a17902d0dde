"""A daemon whose database is away goes on sweeping, and nothing that was answered is lost."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.demo.stories import steady
from monitor.spool.record import parse_spooled
from monitor.store.admin import check
from monitor.store.connection.engine import open_engine, sqlite_path
from tests.support import gateway as g
from tests.support.command import config_file, monitor
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.process import Process, wait_for

MODELS = 8


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


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


def is_all_kept(engine: Engine, there: g.Gateway) -> bool:
    """Whether every sweep in the spool has all its answers, and history and spool have each that was given.

    A kill may lose what was answered within the last second: one that must lose nothing waits for this.
    """
    spooled = [
        len(parse_spooled(file.read_bytes(), file.name).late.sweep.observations)
        for file in records(sqlite_path(engine).parent)
    ]
    return {*spooled} == {MODELS} and kept_answers(engine) + sum(spooled) == len(there.probes)


def kept_answers(engine: Engine) -> int:
    """Return how many answers the history holds."""
    count = g.rows(engine, "SELECT count(*) FROM observation_history WHERE outcome = 'available'")[0][0]
    return int(count)


def check_whole(engine: Engine, there: g.Gateway) -> None:
    """Every answer is in the history, nothing twice, and no slot was missed."""
    whole = [each for each in g.finished(engine) if each.verdict is Verdict.CONCLUSIVE]
    assert all(each.available == MODELS for each in whole)
    assert kept_answers(engine) == len(there.probes)
    check_no_slot_twice(engine)
    assert g.model_events(engine) == MODELS


def check_no_slot_twice(engine: Engine) -> None:
    """Every slot has one sweep at most, and the database is sound."""
    slots = [each.slot for each in g.finished(engine) if each.slot]
    assert len(set(slots)) == len(slots)
    assert check.check(engine) == []


@g.ON_SQLITE
def test_a_locked_file_costs_no_sweep_also_after_a_kill_and_no_answer(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """The file stays locked over the restart: the next process goes on from what the first one left."""
    place = sqlite_path(engine).parent
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="6s")
        with Process(config, "run") as first:
            wait_for(lambda: len(g.finished(engine)) >= 1, first)
            with locked(engine):
                wait_for(lambda: len(records(place)) >= 2 and is_all_kept(engine, there), first)
                first.kill()
                waiting = len(records(place))
                with Process(config, "run") as process:
                    wait_for(lambda: len(records(place)) >= waiting + 2, process)
                    assert "started_without_database" in process.err
                    process.send(signal.SIGTERM)
                    assert process.wait() == 0, process.err
        with Process(config, "run") as process:
            wait_for(lambda: not records(place), process)
            process.send(signal.SIGTERM)
            assert process.wait() == 0, process.err
            assert "Traceback" not in process.err
        check_whole(engine, there)


def test_a_start_without_the_database_waits_for_it_where_sweeps_do(
    postgres: OwnPostgres, tmp_path: Path
) -> None:
    """The server goes in mid-sweep, the daemon is killed, and another starts before the server is back."""
    place = tmp_path / "data"
    with g.gateway(steady(MODELS), latency_s=0.1) as there:
        config = config_file(tmp_path, there.base_url, postgres.url, interval="5s", concurrency=2)
        with Process(config, "run") as process:
            wait_for(lambda: len(there.probes) > 2 * MODELS, process)
            postgres.stop()
            wait_for(lambda: len(records(place)) >= 1 and "sweep_id=null" in process.err, process)
            process.kill()
        answered = len(there.probes)
        with Process(config, "run") as process:
            wait_for(lambda: "started_without_database" in process.err, process)
            postgres.start()
            wait_for(lambda: not records(place) and len(there.probes) > answered + MODELS, process)
            process.send(signal.SIGTERM)
            assert process.wait() == 0, process.err
            assert "Traceback" not in process.err
        history = open_engine(postgres.url)
        check_no_slot_twice(history)
        # what was answered within the last second before the kill may be lost
        assert len(there.probes) - MODELS <= kept_answers(history) <= len(there.probes)
        history.dispose()


@g.ON_SQLITE
def test_a_stop_while_the_file_is_locked_leaves_the_sweep_in_the_spool(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS), latency_s=0.3) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="15m", concurrency=1)
        with Process(config, "run") as process:
            wait_for(lambda: len(there.probes) >= 2, process)
            with locked(engine):
                process.send(signal.SIGTERM)
                assert process.wait() == 0, process.err
                assert len(records(sqlite_path(engine).parent)) == 1
        assert monitor(config, "sweep").returncode == 0
    assert records(sqlite_path(engine).parent) == []
    assert [each.available for each in g.finished(engine)] == [MODELS, MODELS]


@g.ON_SQLITE
def test_a_spool_that_cannot_be_written_is_named_and_ends_nothing(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    place = sqlite_path(engine).parent
    (place / "spool").write_text("a file in the way")
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="2s")
        with Process(config, "run") as process:
            wait_for(lambda: len(g.finished(engine)) >= 1, process)
            with locked(engine):
                wait_for(lambda: "not_spooled" in process.err, process)
            sweeps = len(g.finished(engine))
            wait_for(lambda: len(g.finished(engine)) >= sweeps + 2, process)
            process.send(signal.SIGTERM)
            assert process.wait() == 0, process.err
            assert "spool cannot be created: File exists" in process.err
            assert "run_failed" not in process.err
            assert "Traceback" not in process.err
    check_no_slot_twice(engine)
