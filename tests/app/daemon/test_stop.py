"""A daemon can always be stopped: within its grace and ten seconds, whatever hangs; at once when hurried."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from monitor.core.domain.vocabulary import Cause
from monitor.demo import Delist
from monitor.demo.stories import steady
from monitor.process import last_resort
from monitor.store.connection.engine import open_engine
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.mailbox import receiver
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.process import Process, wait_for

MODELS = 12
ENDLESS_S = 1000.0
PROMISED_S = 90.0  # who does not keep the promise of docs/operations.md hangs for ever
HURRIED_S = 90.0  # who does not hurry waits for all of its grace
HANGING = "tests.support.hanging_monitor"


def test_the_last_resort_keeps_the_promise() -> None:
    assert last_resort.AFTER_GRACE_S + last_resort.LAST_LINE_S < 10
    assert last_resort.AFTER_HURRY_S + last_resort.LAST_LINE_S <= 2


def grace(*, hurried: bool) -> str:
    """Return what decides on the end: a short grace, or the second request within a long one."""
    return "200s" if hurried else "200ms"


def end(process: Process, *, hurried: bool = False) -> tuple[int, float]:
    """Ask a process to stop, once or twice; return its exit code and how long it took since."""
    process.send(signal.SIGTERM)
    if hurried:
        wait_for(lambda: not is_pending(process.pid), process)  # two signals at once would be one
        process.send(signal.SIGTERM)
    asked_at = time.monotonic()
    code = process.wait()
    return code, time.monotonic() - asked_at


def is_pending(pid: int) -> bool:
    """Whether a signal has been sent to a process and not yet taken, as the kernel tells it."""
    words = Path(f"/proc/{pid}/status").read_text("ascii").split()
    return any(int(words[words.index(name) + 1], 16) for name in ("SigPnd:", "ShdPnd:"))


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


@pytest.mark.parametrize("hurried", [False, True])
def test_while_postgres_is_frozen_in_mid_sweep(postgres: OwnPostgres, tmp_path: Path, hurried: bool) -> None:
    with g.gateway(steady(MODELS), latency_s=0.3) as there:
        config = config_file(
            tmp_path, there.base_url, postgres.url, concurrency=1, grace=grace(hurried=hurried)
        )
        with Process(config, "run") as daemon:
            wait_for(lambda: len(there.probes) >= 3, daemon)
            postgres.freeze()
            answered = len(there.probes) - 1  # one at a time: the last one is under way
            there.server.latency_s = ENDLESS_S
            code, took_s = end(daemon, hurried=hurried)
            assert "Traceback" not in daemon.err
            assert daemon.err.count("stopped_with_work_left") <= 1
            assert code in {0, last_resort.CUT_SHORT}, daemon.err
            assert took_s < (HURRIED_S if hurried else PROMISED_S), daemon.err
        postgres.thaw()
        there.server.latency_s = 0.0
        history = open_engine(postgres.url)
        with Process(config, "run") as daemon:
            wait_for(lambda: g.finished(history), daemon)
            end(daemon)
    (cut,) = (each for each in g.finished(history) if each.cause == Cause.INTERRUPTED)
    assert cut.available >= answered, "no answer is lost"
    history.dispose()


@pytest.mark.parametrize("hurried", [False, True])
def test_while_postgres_is_frozen_and_the_page_is_read(
    postgres: OwnPostgres, tmp_path: Path, hurried: bool
) -> None:
    """Between two sweeps: the heartbeat of the lock, the messages and a page hang in threads."""
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, postgres.url, grace=grace(hurried=hurried))
        with Process(config, "run") as daemon, ExitStack() as readers:
            wait_for(lambda: "sweep_finished" in daemon.err, daemon)
            host, port = daemon.page.removeprefix("http://").split(":")
            postgres.freeze()
            for _ in range(4):
                readers.enter_context(_reader(host, int(port)))
            _code, took_s = end(daemon, hurried=hurried)
            assert "Traceback" not in daemon.err
            assert took_s < (HURRIED_S if hurried else PROMISED_S), daemon.err


def _reader(host: str, port: int) -> socket.socket:
    reader = socket.create_connection((host, port))
    reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    return reader


@pytest.mark.parametrize("hurried", [False, True])
def test_while_it_connects_to_a_frozen_postgres(postgres: OwnPostgres, tmp_path: Path, hurried: bool) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, postgres.url, grace=grace(hurried=hurried))
        postgres.freeze()
        with Process(config, "run") as daemon:
            wait_for(lambda: _is_listening(daemon.pid), daemon)
            _code, took_s = end(daemon, hurried=hurried)
            assert "Traceback" not in daemon.err
            assert took_s < (HURRIED_S if hurried else PROMISED_S), daemon.err


def _is_listening(pid: int) -> bool:
    """Whether a process catches SIGTERM, as the kernel tells it."""
    words = Path(f"/proc/{pid}/status").read_text("ascii").split()
    return bool(int(words[words.index("SigCgt:") + 1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("hurried", [False, True])
def test_while_names_are_looked_up_in_vain(sqlite_url: str, tmp_path: Path, hurried: bool) -> None:
    (tmp_path / "hangs").write_text("lookups", "utf-8")
    url, patience = "http://provider.test/v1", {"timeout": "100s", "slow_timeout": "100s"}
    config = config_file(tmp_path, url, sqlite_url, grace=grace(hurried=hurried), **patience)
    with Process(config, "run", module=HANGING) as daemon:
        wait_for((tmp_path / "hangs-now").exists, daemon)
        _code, took_s = end(daemon, hurried=hurried)
        assert "Traceback" not in daemon.err
        assert took_s < (HURRIED_S if hurried else PROMISED_S), daemon.err


@pytest.mark.parametrize("hurried", [False, True])
def test_while_a_webhook_does_not_answer(sqlite_url: str, tmp_path: Path, hurried: bool) -> None:
    with g.gateway(steady(MODELS)) as there, receiver() as hook:
        config = config_file(
            tmp_path, there.base_url, sqlite_url, interval="8s", grace=grace(hurried=hurried)
        )
        with config.open("a", encoding="utf-8") as out:
            out.write('[[notify]]\nname = "hook"\ntype = "webhook"\non = ["retired"]\n')
            out.write(f'url = "{hook.base_url}/"\n')
        with Process(config, "run") as daemon:
            wait_for(lambda: daemon.err.count("sweep_finished") >= 2, daemon)
            hook.hold = threading.Event()
            there.change(Delist((there.world.listed[0],)))
            wait_for(lambda: hook.begun, daemon)
            _code, took_s = end(daemon, hurried=hurried)
            hook.hold.set()
            assert "Traceback" not in daemon.err
            assert took_s < (HURRIED_S if hurried else PROMISED_S), daemon.err


@contextmanager
def hanging(what: str, sqlite_url: str, tmp_path: Path, *, hurried: bool) -> Iterator[Process]:
    """Give a daemon that has swept once, and of which one part then hangs."""
    (tmp_path / "hangs").write_text(what, "utf-8")
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url, grace=grace(hurried=hurried))
        with Process(config, "run", module=HANGING) as daemon:
            wait_for(lambda: "sweep_finished" in daemon.err, daemon)
            (tmp_path / "hang-now").touch()
            wait_for((tmp_path / "hangs-now").exists, daemon)
            yield daemon


@pytest.mark.parametrize("hurried", [False, True])
def test_while_a_thread_never_ends(sqlite_url: str, tmp_path: Path, hurried: bool) -> None:
    with hanging("thread", sqlite_url, tmp_path, hurried=hurried) as daemon:
        code, took_s = end(daemon, hurried=hurried)
        assert code == 0, "all work was done"
        assert 'WARNING stopped_with_work_left work="a thread that never ends"' in daemon.err
        assert took_s < (HURRIED_S if hurried else PROMISED_S), daemon.err


@pytest.mark.parametrize("hurried", [False, True])
def test_while_the_event_loop_itself_hangs(sqlite_url: str, tmp_path: Path, hurried: bool) -> None:
    """Also while no handler of Python can run: the main thread hangs."""
    with hanging("loop", sqlite_url, tmp_path, hurried=hurried) as daemon:
        code, took_s = end(daemon, hurried=hurried)
        assert code == last_resort.CUT_SHORT
        assert daemon.err.count("WARNING stopped_with_work_left work=") == 1
        assert took_s < (HURRIED_S if hurried else PROMISED_S), daemon.err
