"""A sweep is kept by one writer at a time, however slow its places are."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, text

from monitor.demo import Behave
from monitor.demo.stories import steady
from monitor.errors import StoreUnavailable
from monitor.spool.directory import Spool
from monitor.spool.record import SpoolRecord
from monitor.store.admin import check
from monitor.store.connection.engine import sqlite_path, writing
from monitor.sweep import Recorder, Replayer, sweep_provider
from monitor.sweep.keeping import keeper
from tests.support import gateway as g
from tests.support.process import WAIT_S, wait_for

RECORDER_LOG = "monitor.sweep.keeping.recorder"
MODELS = 4


@g.ON_SQLITE
def test_the_catalog_and_a_round_may_wait_for_the_same_row(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_FLUSH_SECONDS", 0.2)
    recorder = Recorder(engine=engine, spool=Spool(tmp_path / "spool", "x", max_size=10**7))
    with g.gateway(steady(MODELS), latency_s=0.1) as there:
        target = g.target(there.base_url)

        async def hang() -> None:
            """Hold the file from the request for the catalog until both wait for it."""
            await asyncio.to_thread(wait_for, lambda: there.requests)
            with closing(sqlite3.connect(sqlite_path(engine), isolation_level=None, timeout=30)) as other:
                other.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(0.27)
                other.execute("ROLLBACK")

        async def run() -> None:
            hanging = asyncio.create_task(hang())
            await sweep_provider(target, engine, now=lambda: g.NOON, slot=g.NOON, recorder=recorder)
            await hanging

        g.run_async(run)
        asyncio.run(Replayer(recorder, {target.provider: target.outbox}).look())
        answers = len(there.probes)
    assert g.rows(engine, "SELECT count(*) FROM observation_history") == [(answers,)]
    assert [each.available for each in g.finished(engine)] == [MODELS]
    assert check.check(engine) == []


class SlowSpool(Spool):
    """A spool on a disk that answers when the test lets it."""

    begun: Event
    answers: Event

    def keep(self, record: SpoolRecord) -> Path:
        self.begun.set()
        assert self.answers.wait(WAIT_S)
        return super().keep(record)


@g.ON_SQLITE
def test_a_record_that_is_written_while_its_sweep_is_cancelled_again_is_replayed(
    engine: Engine, tmp_path: Path
) -> None:
    """A process that was frozen is cancelled by its lost lead and by its lost sweep at once."""
    spool = SlowSpool(tmp_path / "spool", "x", max_size=10**7)
    spool.begun, spool.answers = Event(), Event()
    recorder = Recorder(engine=engine, spool=spool)

    async def run() -> None:
        before = asyncio.all_tasks()
        await sweep_provider(target, engine, now=lambda: g.NOON, slot=g.NOON, recorder=recorder)
        recorder.lost(StoreUnavailable("away"))
        swept = sweep_provider(target, engine, now=lambda: g.hours(1), slot=g.hours(1), recorder=recorder)
        sweeping = asyncio.create_task(swept)
        await asyncio.to_thread(spool.begun.wait, WAIT_S)
        for _ in range(2):
            sweeping.cancel()
            await asyncio.sleep(0.05)  # the first one is on its way to the record
        await asyncio.wait({sweeping}, timeout=0.5)
        spool.answers.set()
        await asyncio.gather(*asyncio.all_tasks() - before, return_exceptions=True)

    with g.gateway(steady(MODELS)) as there:
        target = g.target(there.base_url)
        g.run_async(run)
    asyncio.run(Replayer(recorder, {target.provider: target.outbox}).look())
    assert [each.started_at for each in g.finished(engine)] == [g.NOON, g.hours(1)]
    assert not list(spool.directory.iterdir())


@g.ON_SQLITE
def test_an_answer_is_kept_before_its_model_is_asked_once_more(engine: Engine) -> None:
    """One model hangs, so that the second pass, and with it the other's last word, is far away."""

    def kept() -> dict[str, str]:
        return dict(g.rows(engine, "SELECT model, reason FROM observation_history"))

    async def run() -> None:
        sweeping = asyncio.create_task(sweep_provider(target, engine, now=lambda: g.NOON, slot=g.NOON))
        await asyncio.to_thread(wait_for, lambda: len(kept()) == MODELS - 1)
        sweeping.cancel()
        await asyncio.wait({sweeping})

    world = steady(MODELS)
    broken, silent, *_ = world.listed
    with g.gateway(world) as there:
        there.change(Behave((broken,), "server_error"), Behave((silent,), "hang"))
        target = g.target(there.base_url)
        g.run_async(run)
    answered = set(world.listed) - {silent}
    assert kept() == {**dict.fromkeys(answered, "ok"), broken: "server_error"}
    assert [each.cause for each in g.finished(engine)] == ["interrupted"]


def test_a_kill_costs_less_than_a_second_even_where_the_database_has_just_begun_to_hang() -> None:
    """What is left of the second is for the write itself, on a machine that does other things."""
    assert keeper._FLUSH_SECONDS + keeper._PATIENCE_SECONDS <= 0.9


def test_a_database_that_answers_but_takes_nothing_is_told_once(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A missing right, a locked table or a full disk shows only where the sweep's own rows are written."""
    monkeypatch.setattr(keeper, "_FLUSH_SECONDS", 0.05)
    caplog.set_level(logging.INFO, logger=RECORDER_LOG)
    recorder = Recorder(engine=engine, spool=Spool(tmp_path / "spool", "x", max_size=10**7))

    def rename(table: str, name: str) -> None:
        with writing(engine) as connection:
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))

    async def run() -> None:
        replayer = Replayer(recorder, {target.provider: target.outbox})
        swept = sweep_provider(target, engine, now=lambda: g.NOON, slot=g.NOON, recorder=recorder)
        sweeping = asyncio.create_task(swept)
        await asyncio.to_thread(wait_for, lambda: there.probes)
        await asyncio.to_thread(rename, "observation", "elsewhere")
        await asyncio.to_thread(wait_for, lambda: recorder.since)
        for _ in range(12):
            await replayer.look()
            assert recorder.since
            await asyncio.sleep(0.05)
        await asyncio.to_thread(rename, "elsewhere", "observation")
        while recorder.since:
            await replayer.look()
            await asyncio.sleep(0.05)
        await sweeping

    with g.gateway(steady(MODELS), latency_s=0.7) as there:
        target = g.target(there.base_url, concurrency=1)
        g.run_async(run)
    lines = [record.message.split()[0] for record in caplog.records if record.name == RECORDER_LOG]
    assert lines == ["spooling", "spool_replayed"]
    assert [each.available for each in g.finished(engine)] == [MODELS]


@g.ON_SQLITE
@pytest.mark.parametrize("table", ["observation", "sweep"])
def test_what_the_database_refuses_for_a_reason_of_its_own_is_kept_too(
    engine: Engine, tmp_path: Path, table: str
) -> None:
    """A trigger that an administrator made, say: no error that this program knows."""
    recorder = Recorder(engine=engine, spool=Spool(tmp_path / "spool", "x", max_size=10**7))
    event = "INSERT" if table == "observation" else "UPDATE OF finished_at"
    refusal = f"CREATE TRIGGER refusal BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'not today'); END"

    def execute(statement: str) -> None:
        with writing(engine) as connection:
            connection.execute(text(statement))

    async def run() -> None:
        swept = sweep_provider(target, engine, now=lambda: g.NOON, slot=g.NOON, recorder=recorder)
        sweeping = asyncio.create_task(swept)
        await asyncio.to_thread(wait_for, lambda: there.probes)
        await asyncio.to_thread(execute, refusal)
        done = await sweeping
        assert done
        assert done.sweep_id is None
        assert "not today" in recorder.why
        await asyncio.to_thread(execute, "DROP TRIGGER refusal")
        await Replayer(recorder, {target.provider: target.outbox}).look()

    with g.gateway(steady(MODELS), latency_s=0.7) as there:
        target = g.target(there.base_url, concurrency=1)
        g.run_async(run)
    assert [each.available for each in g.finished(engine)] == [MODELS]
    assert check.check(engine) == []
