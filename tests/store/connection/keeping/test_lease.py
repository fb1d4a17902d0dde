"""A lease: the lock is kept alive beside what runs, taken again when cut, and checked after a freeze."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import Engine, text

from monitor.errors import Fenced, StoreUnavailable
from monitor.store.connection.engine import open_engine, writing
from monitor.store.connection.keeping.candidate import Candidate
from monitor.store.connection.keeping.gate import gated
from monitor.store.connection.keeping.lease import Lease
from monitor.store.connection.keeping.lock import Lock, LockState
from monitor.store.connection.locks import leader_lock, sweep_lock
from tests.support.process import WAIT_S, wait_for
from tests.support.proxy import PostgresProxy

CUT = text(
    "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory'"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        return self.value


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110 - a thread decides
            await asyncio.sleep(0.01)


def cut(engine: Engine) -> None:
    """End every session that holds an advisory lock of this database."""
    with writing(engine) as connection:
        connection.execute(CUT)


def run(act: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine in a loop of its own."""

    async def main() -> None:
        await act()

    asyncio.run(main())


def test_a_lock_that_is_cut_is_taken_again_at_once(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    for lock in (leader_lock(engine), sweep_lock(engine, "nvidia", "default")):
        assert lock.try_acquire()

        async def act(lock: Lock = lock) -> None:
            async with Lease(lock) as lease:
                await until(lambda: lock.fileno() is not None)
                for terms in (2, 3, 4):
                    cut(engine)
                    await until(lambda terms=terms: lock.terms == terms)  # type: ignore[misc]
                await lease.require()
                assert lease.state is LockState.HELD

        run(act)
        assert not sweep_lock(engine, "other", "default").is_held()
        lock.release()
        assert lock.holder() == "no process"
    engine.dispose()


def test_every_advisory_lock_dies_within_thirty_seconds_of_silence(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    for lock, silence in ((leader_lock(engine), "30s"), (sweep_lock(engine, "nvidia", "default"), "24s")):
        assert lock.try_acquire()
        session = lock._connection  # type: ignore[attr-defined]
        assert session.execute(text("SHOW idle_session_timeout")).scalar_one() == silence
        lock.release()
    engine.dispose()


def test_while_the_database_is_away_the_holder_goes_on_and_takes_the_lock_first(postgres_url: str) -> None:
    with PostgresProxy(postgres_url) as proxy:
        engine = open_engine(proxy.url)
        lock, states = leader_lock(engine), list[LockState]()
        assert lock.try_acquire()
        candidate = Candidate(leader_lock(engine))
        assert not candidate.try_acquire()

        async def act() -> None:
            async with Lease(lock, on_state=lambda state, _why: states.append(state)) as lease:
                proxy.close()
                await until(lambda: states == [LockState.UNKNOWN])
                await lease.require()
                with pytest.raises(StoreUnavailable):
                    candidate.try_acquire()
                proxy.open()
                await until(lambda: states == [LockState.UNKNOWN, LockState.HELD])
                assert not candidate.try_acquire()
                await lease.require()

        run(act)
        lock.release()
        engine.dispose()


def test_a_lock_that_another_process_took_is_lost_for_good(postgres_url: str) -> None:
    with PostgresProxy(postgres_url) as proxy:
        engine, elsewhere = open_engine(proxy.url), open_engine(postgres_url)
        lock, other = leader_lock(engine), leader_lock(elsewhere)
        assert lock.try_acquire()

        async def act() -> None:
            async with Lease(lock) as lease:
                proxy.close()
                await until(lambda: lease.state is LockState.UNKNOWN)
                await until(other.try_acquire)
                proxy.open()
                await until(lambda: lease.state is LockState.LOST)
                with pytest.raises(Fenced, match="another process took over"):
                    await lease.require()
                with pytest.raises(Fenced), writing(gated(engine, lease.require_now)):
                    pass
                other.release()
                with pytest.raises(Fenced):
                    await lease.require()

        run(act)
        assert not lock.is_held()
        for each in (engine, elsewhere):
            each.dispose()


def test_after_a_freeze_nothing_goes_on_before_the_lock_was_checked(engine: Engine) -> None:
    lock, clock = leader_lock(engine), Seconds()
    assert lock.try_acquire()
    checks = list[bool]()

    def still_ours() -> bool:
        checks.append(True)
        return True

    async def act() -> None:
        async with Lease(lock, now=clock) as lease:
            lease.still_ours = still_ours
            await lease.require()
            clock.value += 9.0
            await lease.require()
            assert checks == []
            clock.value += 300.0
            await lease.require()
            assert checks == [True]

    run(act)
    lock.release()


def test_what_was_taken_over_during_a_freeze_is_not_gone_on_with(engine: Engine) -> None:
    """Though the lock itself is free again: the process that took over is done already."""
    lock, clock = sweep_lock(engine, "nvidia", "default"), Seconds()
    assert lock.try_acquire()

    async def act() -> None:
        async with Lease(lock, now=clock) as lease:
            lease.still_ours = lambda: False
            await lease.require()
            clock.value += 300.0
            with pytest.raises(Fenced):
                await lease.require()

    run(act)
    lock.release()


def test_a_frozen_process_waits_while_the_database_does_not_answer(postgres_url: str) -> None:
    with PostgresProxy(postgres_url) as proxy:
        engine, clock = open_engine(proxy.url), Seconds()
        lock = leader_lock(engine)
        assert lock.try_acquire()

        async def act() -> None:
            async with Lease(lock, now=clock) as lease:
                proxy.close()
                await until(lambda: lease.state is LockState.UNKNOWN)
                clock.value += 300.0
                waiting = asyncio.create_task(lease.require())
                await asyncio.wait({waiting}, timeout=0.3)
                assert not waiting.done()
                proxy.open()
                await waiting

        run(act)
        lock.release()
        engine.dispose()


def test_a_standby_leaves_a_lock_alone_that_its_holder_may_want_back(postgres_url: str) -> None:
    engine, clock = open_engine(postgres_url), Seconds()
    holder, lock = leader_lock(engine), leader_lock(engine)
    candidate = Candidate(lock, now=clock)
    assert holder.try_acquire()
    assert not candidate.try_acquire()
    cut(engine)
    wait_for(lambda: lock.holder() == "no process")
    for _ in range(3):
        assert not candidate.try_acquire()
        clock.value += 0.4
    assert candidate.try_acquire()
    assert not holder.is_held()
    lock.release()
    engine.dispose()


def test_a_lock_that_no_process_was_seen_to_hold_is_taken_at_once(engine: Engine) -> None:
    lock = leader_lock(engine)
    assert Candidate(lock, now=Seconds()).try_acquire()
    lock.release()
