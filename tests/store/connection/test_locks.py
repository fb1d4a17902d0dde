"""Locks: one holder of all processes, named to those who wait, gone with the process that held them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE
from threading import Event

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from monitor.app.daemon import daemon
from monitor.errors import StoreUnavailable
from monitor.store.connection.advisory_lock import AdvisoryLock
from monitor.store.connection.engine import open_engine, writing
from monitor.store.connection.keeping import lease
from monitor.store.connection.locks import Lock, leader_lock, sweep_lock
from tests.support.gateway import ON_POSTGRES, ON_SQLITE
from tests.support.process import WAIT_S, wait_for

HOLD = """
import sys
from monitor.store.connection.engine import open_engine
from monitor.store.connection.locks import leader_lock
lock = leader_lock(open_engine(sys.argv[1]))
print(lock.try_acquire(), flush=True)
sys.stdin.read()
"""


@contextmanager
def holder_elsewhere(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the leader's lock until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=WAIT_S)


def both(engine: Engine) -> list[Lock]:
    """Return one lock of each sort."""
    return [leader_lock(engine), sweep_lock(engine, "nvidia", "default")]


@ON_POSTGRES
def test_a_frozen_leader_loses_its_sweep_before_its_lead_and_both_within_35_seconds(engine: Engine) -> None:
    """Who takes over finds the sweep cut, and makes it at once; else only when the next slot is due."""
    silences = []
    for lock in both(engine):
        assert lock.try_acquire()
        held = lock._connection  # type: ignore[attr-defined]  # no other session shows it
        silences.append(int(held.execute(text("SHOW idle_session_timeout")).scalar_one().removesuffix("s")))
        lock.release()
    of_leader, of_sweep = silences
    assert of_sweep + lease._HEARTBEAT_S < of_leader  # that of the sweep may be the later one
    looks_s = 2 * daemon._STANDBY_SECONDS  # one finds it free, one free for long enough
    assert of_leader + AdvisoryLock.precedence_s + looks_s <= 33, "two seconds are left to prepare"


def test_a_lock_has_one_holder_until_it_is_released(engine: Engine) -> None:
    """Rule 32."""
    for first, second in zip(both(engine), both(engine), strict=True):
        assert first.holder() == "no process"
        assert first.try_acquire()
        assert first.try_acquire()
        assert first.is_held()
        assert not second.try_acquire()
        assert not second.is_held()
        first.release()
        first.release()
        assert not first.is_held()
        assert second.try_acquire()
        second.release()


def test_sweeps_of_other_providers_and_vantages_do_not_wait(engine: Engine) -> None:
    """Rules 32 and 36."""
    names = [("a", "b"), ("a", "c"), ("b", "b"), ("a-b", ""), ("a", "-b"), ("é/../x", "b"), ("A", "b")]
    locks = [sweep_lock(engine, provider, vantage) for provider, vantage in names]
    assert all(lock.try_acquire() for lock in [*locks, leader_lock(engine)][:-1])
    for lock in locks:
        lock.release()


def test_the_holder_is_named(database_url: str, engine: Engine) -> None:
    with holder_elsewhere(database_url) as process:
        lock = leader_lock(engine)
        assert not lock.try_acquire()
        told = lock.holder()
        assert "since 20" in told
        assert str(process.pid) in told or ("monitor at " in told and "(backend " in told)


def test_a_killed_holder_holds_nothing(database_url: str, engine: Engine) -> None:
    with holder_elsewhere(database_url) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=WAIT_S)
        lock = leader_lock(engine)
        wait_for(lock.try_acquire)  # the server needs a moment to notice
        lock.release()


def test_a_holder_that_lost_its_connection_knows_it(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    for lock in both(engine):
        assert lock.try_acquire()
        with writing(engine) as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory'"
                    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            )
        assert not lock.is_held()
        assert lock.try_acquire()
        lock.release()
    engine.dispose()


def test_a_leader_without_a_heartbeat_loses_the_lock_on_the_server(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    lock = leader_lock(engine)
    assert lock.try_acquire()
    connection = lock._connection  # type: ignore[attr-defined]
    assert connection.execute(text("SHOW idle_session_timeout")).scalar_one() == "30s"
    lock.release()
    engine.dispose()


def test_a_session_that_this_process_let_go_of_is_in_its_way_no_longer(postgres_url: str) -> None:
    """A server that was frozen has not noticed yet that the sweep before has ended."""
    engine = open_engine(postgres_url)
    for former, later in zip(both(engine), both(engine), strict=True):
        assert former.try_acquire()
        session = former._let_go()  # type: ignore[attr-defined]  # its end does not reach the server
        assert later.try_acquire()
        later.release()
        with suppress(OperationalError):
            session.close()
    engine.dispose()


def test_a_lock_that_was_given_up_is_not_taken_by_a_try_that_still_waits(postgres_url: str) -> None:
    """A sweep ends while the server is frozen; the next one finds its lock free."""
    engine = open_engine(postgres_url)
    asks, answers = Event(), Event()

    def wait(*_: object) -> None:
        asks.set()
        answers.wait(WAIT_S)

    event.listen(engine, "connect", wait)
    lock = sweep_lock(engine, "nvidia", "default")
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(lock.try_acquire)
        assert asks.wait(WAIT_S)
        lock.release()
        answers.set()
        assert not trying.result(WAIT_S)
    assert lock.holder() == "no process"
    assert lock.try_acquire(), "it may be taken anew"
    lock.release()
    engine.dispose()


def test_a_lock_that_is_given_up_as_the_server_hands_it_out_is_not_held(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    lock = AdvisoryLock(engine, "given up")

    def give_up(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "pg_try_advisory_lock" in statement:
            lock.release()

    event.listen(engine, "after_cursor_execute", give_up)
    assert lock.try_acquire() is False
    event.remove(engine, "after_cursor_execute", give_up)
    assert (lock.is_held(), lock.fileno()) == (False, None)
    other = AdvisoryLock(engine, "given up")
    wait_for(other.try_acquire)  # the server ends a closed session in a moment
    other.release()
    engine.dispose()


def test_the_lock_file_says_who_holds_it_and_has_the_files_mode(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new/monitor.db", file_mode=0o640)
    lock = leader_lock(engine, clock=lambda: datetime(2026, 4, 6, 12, tzinfo=UTC))
    assert lock.try_acquire()
    (path,) = (tmp_path / "new").iterdir()
    assert path.name == "monitor.db.lock"
    assert S_IMODE(path.stat().st_mode) == 0o640
    assert lock.holder().endswith("since 2026-04-06 12:00:00+00:00")
    path.write_text("garbage")
    assert leader_lock(engine).holder() == "another process"
    lock.release()
    assert lock.holder() == "no process"


def test_a_lock_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="its lock file cannot be written"):
        leader_lock(open_engine(f"sqlite:///{tmp_path}/file/monitor.db")).try_acquire()


def test_a_lock_that_was_given_up_can_be_taken_at_once(postgres_url: str) -> None:
    engine, other = open_engine(postgres_url), open_engine(postgres_url)
    for _ in range(50):
        mine, theirs = sweep_lock(engine, "nvidia", "default"), sweep_lock(other, "nvidia", "default")
        assert mine.try_acquire()
        mine.release()
        assert theirs.try_acquire()
        theirs.release()
    engine.dispose()
    other.dispose()


# ---- The lock file itself -------------------------------------------------------------


def lock_file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).with_name("monitor.db.lock")


@ON_SQLITE
def test_a_lock_file_that_was_deleted_is_taken_anew_by_its_holder(database_url: str, engine: Engine) -> None:
    first, second = leader_lock(engine), leader_lock(engine)
    assert first.try_acquire()
    lock_file(database_url).unlink()
    assert first.is_held()
    assert not second.try_acquire()
    assert second.holder().startswith("process ")


@ON_SQLITE
def test_who_finds_another_in_the_new_lock_file_leads_no_more(database_url: str, engine: Engine) -> None:
    first = leader_lock(engine)
    assert first.try_acquire()
    lock_file(database_url).unlink()
    with holder_elsewhere(database_url):
        assert not first.is_held()
        assert not first.try_acquire()
    assert first.try_acquire()


@ON_SQLITE
def test_a_directory_that_was_moved_away_is_not_made_anew(database_url: str, engine: Engine) -> None:
    with writing(engine):
        pass
    first, second = both(engine)
    assert first.try_acquire()
    directory = lock_file(database_url).parent
    directory.rename(directory.with_name("elsewhere"))
    assert first.is_held()
    with pytest.raises(StoreUnavailable, match="was deleted or moved away"):
        second.try_acquire()
    assert not directory.exists()
    directory.with_name("elsewhere").rename(directory)
    assert first.is_held()
    assert second.try_acquire()
