"""While the database is away sweeps go on from memory and wait in the spool; it is as if it never was."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from stamina.instrumentation import set_on_retry_hooks

from monitor.clock import to_millis
from monitor.core.domain.vocabulary import EventKind, Verdict
from monitor.core.notification.suppression import Subscription
from monitor.demo import Delist, World
from monitor.demo.stories import steady
from monitor.errors import Fenced, NotSpooled, StoreUnavailable
from monitor.spool.directory import Spool, set_aside_in
from monitor.store.admin import check
from monitor.store.connection.engine import open_engine, sqlite_path
from monitor.store.memory import outbox
from monitor.store.memory.notifications import LATE, Outbox
from monitor.store.write.record import close_interrupted
from monitor.sweep import ProgressListener, Recorder, Replayer, Swept, Target, sweep_provider
from tests.support import gateway as g

MODELS = 6
TEAM = Outbox(subscriptions=(Subscription(channel="team", topics=frozenset(EventKind)),))
MS = timedelta(milliseconds=1)
AWAY = StoreUnavailable("database x cannot be reached")


class Process:
    """What one process has: a recorder with a spool, and targets that are told of changes."""

    def __init__(self, engine: Engine, directory: Path, base_url: str, *, max_size: int = 10**6) -> None:
        self.spool = Spool(directory / "spool", "x", max_size=max_size)
        self.recorder = Recorder(engine=engine, spool=self.spool)
        self.target: Target = replace(g.target(base_url), outbox=TEAM)
        self.replayer = Replayer(self.recorder, {self.target.provider: TEAM})

    def sweep(
        self, hours: int, progress: ProgressListener | None = None, *, slot: int | None = None
    ) -> Swept:
        """Make the sweep of an hour, for the slot of that hour or of another."""

        async def run() -> Swept:
            at, for_slot = g.hours(hours), g.hours(hours if slot is None else slot)
            swept = await sweep_provider(
                self.target,
                self.recorder.engine,
                now=lambda: at,
                slot=for_slot,
                progress=progress,
                recorder=self.recorder,
            )
            assert swept
            return swept

        return g.run_async(run)

    def come_back(self) -> None:
        """Let the database be back."""
        asyncio.run(self.replayer.look())


def changes(engine: Engine) -> Sequence[tuple[object, ...]]:
    query = "SELECT model, kind, from_status, to_status, reason FROM change_history ORDER BY model, event_id"
    return g.rows(engine, query)


def life(process: Process, there: g.Gateway, away: Sequence[int]) -> None:
    """Let a model leave the catalog and another go down while the database is away in some hours."""
    world: World = there.world
    for hour in range(6):
        if hour in away:
            process.recorder.lost(AWAY)
        elif process.recorder.is_away:
            process.come_back()
        if hour == 2:
            there.change(Delist(world.listed[:1]))
        process.sweep(hour)
    process.come_back()


@g.ON_SQLITE
@pytest.mark.parametrize("away", [(1, 2, 3, 4), (3,), (5,), (2, 4)])
def test_the_history_is_that_of_an_undisturbed_run(
    engine: Engine, tmp_path: Path, away: tuple[int, ...]
) -> None:
    with g.gateway(steady(MODELS)) as there:
        life(Process(engine, tmp_path, there.base_url), there, ())
    undisturbed = changes(engine)
    assert ("retired" in {kind for _, kind, *_ in undisturbed}) is True
    g.empty(engine)
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        life(process, there, away)
        assert len(there.probes) == g.rows(engine, "SELECT count(*) FROM observation_history")[0][0]
    assert changes(engine) == undisturbed
    assert [each.slot for each in g.finished(engine)] == [g.hours(hour) for hour in range(6)]
    assert process.spool.waiting() == []
    assert check.check(engine) == []


@g.ON_SQLITE
def test_sweeps_of_one_moment_are_all_kept_where_the_clock_was_set_back(
    engine: Engine, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        process.sweep(1)
        process.recorder.lost(AWAY)
        for slot in (2, 3):
            process.sweep(1, slot=slot)
        process.come_back()
    finished = g.finished(engine)
    assert [each.slot for each in finished] == [g.hours(hour) for hour in (1, 2, 3)]
    assert [each.started_at - g.hours(1) for each in finished] == [0 * MS, MS, 2 * MS]
    assert check.check(engine) == []


@g.ON_SQLITE
def test_a_replay_at_the_start_and_that_of_every_second_are_one(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        process.sweep(0)
        process.recorder.lost(AWAY)
        process.sweep(1)
        process.sweep(2)
        with ThreadPoolExecutor(2) as threads:
            held = process.recorder.replaying
            with held:  # both come while a third is at work
                replays = [threads.submit(process.replayer.replay, process.spool) for _ in range(2)]
                process.come_back()  # that of every second leaves it to that one
                assert len(process.spool.waiting()) == 2
            for replay in replays:
                replay.result()
    said = [record for record in caplog.records if record.message == "spool_replayed"]
    assert len(said) == 1
    assert process.spool.waiting() == []


@g.ON_SQLITE
def test_late_changes_go_out_in_one_message_that_is_posted_once(engine: Engine, tmp_path: Path) -> None:
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        process.sweep(0)
        process.recorder.lost(AWAY)
        names = there.world.listed
        for hour in range(1, 5):
            there.change(Delist(names[hour : hour + 1]))
            process.sweep(hour)
        assert process.sweep(5).sweep_id is None
        process.come_back()
        process.come_back()
    late = [each for each in outbox.due(engine, "team", g.hours(9**6)) if each.topic == LATE]
    assert len(late) == len({each.subject for each in late}) == 4
    assert len({each.created_at for each in late}) >= 1


@g.ON_SQLITE
def test_a_full_spool_starts_no_sweep_and_the_slot_is_missed_with_its_cause(
    engine: Engine, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        process.sweep(0)
        process.recorder.lost(AWAY)
        process.sweep(1)
        process.spool.memories.clear()  # it would give way to a sweep
        process.spool.max_size = process.spool.size() * 3 // 2
        probes = len(there.probes)
        with pytest.raises(NotSpooled, match="is full"):
            process.sweep(2)
        assert len(there.probes) == probes
        assert "is full" in process.recorder.refusal
        process.come_back()
        assert process.recorder.refusal == ""
        process.recorder.refused("nvidia", NotSpooled("the database was slow, and the disk full"))
        process.come_back()
        assert process.recorder.refusal == ""
    missed = g.rows(engine, "SELECT slot, cause FROM missed_slot")
    assert [slot for slot, _ in missed] == [to_millis(g.hours(2))]
    assert "is full" in missed[0][1]
    assert [each.slot for each in g.finished(engine)] == [g.hours(0), g.hours(1)]


@g.ON_SQLITE
def test_a_sweep_that_neither_place_takes_is_held_until_one_does(engine: Engine, tmp_path: Path) -> None:
    hasty, obstacle = open_engine(engine.url, busy_after_s=0.0), tmp_path / "spool"
    with (
        g.gateway(steady(MODELS)) as there,
        closing(sqlite3.connect(sqlite_path(engine), isolation_level=None)) as other,
    ):
        process = Process(hasty, tmp_path, there.base_url)
        process.recorder.insists = True

        def spoil(_observation: object) -> None:
            if not obstacle.exists():
                other.execute("BEGIN IMMEDIATE")
                obstacle.write_text("in the way")

        set_on_retry_hooks([lambda _details: obstacle.unlink(missing_ok=True)])  # once both have refused
        try:
            assert process.sweep(0, ProgressListener(on_observation=spoil)).sweep_id is None
        finally:
            set_on_retry_hooks(None)
        assert process.recorder.refusal == ""
        assert "the spool took nothing" in process.recorder.held_up[process.target.provider]
        other.execute("ROLLBACK")
        process.come_back()
    assert [each.available for each in g.finished(engine)] == [MODELS]
    hasty.dispose()


@g.ON_SQLITE
def test_a_sweep_that_another_process_took_over_is_set_aside(engine: Engine, tmp_path: Path) -> None:
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        observed: list[object] = []

        async def run() -> None:
            def watch(observation: object) -> None:
                observed.append(observation)
                if len(observed) == 2:
                    close_interrupted(engine, process.target.provider, process.target.vantage)

            await sweep_provider(
                process.target,
                engine,
                now=lambda: g.hours(1),
                recorder=process.recorder,
                progress=ProgressListener(on_observation=watch),
            )

        with pytest.raises(Fenced, match="by another process"):
            g.run_async(run)
    (each,) = g.finished(engine)
    assert each.verdict is Verdict.INCONCLUSIVE
    assert len(set_aside_in(process.spool.directory)) == 1
    assert process.spool.waiting() == []


@g.ON_SQLITE
def test_damaged_records_are_set_aside_and_the_rest_goes_on(engine: Engine, tmp_path: Path) -> None:
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        process.sweep(0)
        process.recorder.lost(AWAY)
        for hour in range(1, 4):
            process.sweep(hour)
        damaged = process.spool.waiting()[1]
        damaged.write_bytes(damaged.read_bytes()[:-9])
        process.come_back()
    assert [each.slot for each in g.finished(engine)] == [g.hours(hour) for hour in (0, 1, 3)]
    assert [file.name for file in set_aside_in(process.spool.directory)] == [damaged.name]


@g.ON_SQLITE
def test_a_record_that_cannot_be_removed_is_replayed_and_said_once(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with g.gateway(steady(MODELS)) as there:
        process = Process(engine, tmp_path, there.base_url)
        process.sweep(0)
        process.recorder.lost(AWAY)
        process.sweep(1)
        (file,) = process.spool.waiting()
        file.rename(file.with_name("kept"))
        file.mkdir()  # neither read nor removed as a file, and its place is taken
        (process.spool.directory / "set-aside").write_text("a file in the way")
        for _ in range(3):
            process.come_back()
    assert [record.message for record in caplog.records].count("spool_set_aside") == 1
    assert not process.recorder.is_away


@g.ON_SQLITE
def test_a_process_of_which_nothing_waits_looks_for_what_others_left_each_fifth_time(
    engine: Engine, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there:
        other, idle = (Process(engine, tmp_path, there.base_url) for _ in range(2))
        other.sweep(0)
        asyncio.run(idle.replayer.look_often())
        other.recorder.lost(AWAY)
        other.sweep(1)
        waiting = list[int]()
        for _ in range(5):
            waiting.append(len(idle.spool.waiting()))
            asyncio.run(idle.replayer.look_often())
        assert waiting == [1, 1, 1, 1, 1]
        assert idle.spool.waiting() == []
        other.sweep(2)
        idle.recorder.lost(AWAY)
        asyncio.run(idle.replayer.look_often())
        assert idle.spool.waiting() == []
