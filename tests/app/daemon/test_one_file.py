"""What ends leaves a SQLite history as one file: `monitor.db` alone holds every sweep, without -wal, -shm."""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from monitor.demo.stories import steady
from monitor.process import last_resort
from tests.support import gateway as g
from tests.support.command import KEY, config_file, monitor
from tests.support.process import WAIT_S, Process, wait_for

MODELS = 8
PAGES = ("/", "/changes", "/feed.atom", "/api/v1/models", "/readyz", "/metrics")


@pytest.fixture
def there() -> Iterator[g.Gateway]:
    with g.gateway(steady(MODELS)) as gateway:
        yield gateway


@pytest.fixture
def config(there: g.Gateway, tmp_path: Path) -> Path:
    return config_file(tmp_path, there.base_url, f"sqlite:///{tmp_path}/data/monitor.db")


@pytest.fixture
def hasty(config: Path) -> Path:
    """Give the same configuration, which sweeps often, and not too often for a busy machine."""
    config.write_text(config.read_text("utf-8").replace('interval = "15m"', 'interval = "5s"'), "utf-8")
    return config


def files(config: Path) -> list[str]:
    """Return the files of the database by name, without its locks or the spool."""
    beside = (file for file in (config.parent / "data").iterdir() if file.is_file())
    return sorted(file.name for file in beside if file.suffix != ".lock")


def sweeps(config: Path) -> int:
    """Count the sweeps in the file alone, whatever stands beside it."""
    address = f"{(config.parent / 'data/monitor.db').as_uri()}?immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as file:
        return int(file.execute("SELECT count(*) FROM sweep").fetchone()[0])


def view_pages(daemon: Process) -> None:
    """Read every kind of page, over two connections at once."""
    with (
        httpx.Client(base_url=daemon.page, trust_env=False, timeout=WAIT_S) as one,
        httpx.Client(trust_env=False, timeout=WAIT_S) as other,
    ):
        for path in PAGES:
            # a daemon that has not swept yet is not ready
            assert one.get(path).status_code < 500 or path == "/readyz"
            other.get(f"{daemon.page}{path}")


def stop(*processes: Process) -> None:
    """End processes at the same moment, as a service manager does."""
    for process in processes:
        process.send(signal.SIGTERM)
    assert [process.wait() for process in processes] == [0 for _ in processes]


def has_swept(there: g.Gateway, times: int) -> Callable[[], bool]:
    return lambda: sum(each.method == "GET" for each in there.requests) > times


def test_a_daemon_whose_pages_were_viewed(hasty: Path, there: g.Gateway) -> None:
    with Process(hasty, "run") as daemon:
        view_pages(daemon)
        wait_for(has_swept(there, 2), daemon)
        view_pages(daemon)
        stop(daemon)
    assert files(hasty) == ["monitor.db"]
    assert sweeps(hasty) >= 2


def test_two_daemons_one_of_them_standing_by_and_a_follower(hasty: Path, there: g.Gateway) -> None:
    with Process(hasty, "run") as leader:
        view_pages(leader)
        with Process(hasty, "run") as standby, Process(hasty, "events", "--follow") as follower:
            wait_for(lambda: "standby" in standby.out, standby)
            wait_for(has_swept(there, 2), leader)
            assert monitor(hasty, "status").returncode == 0
            stop(leader, standby, follower)
    assert files(hasty) == ["monitor.db"]
    assert sweeps(hasty) >= 2


def test_a_reader_that_outlives_the_daemon(hasty: Path, there: g.Gateway) -> None:
    with Process(hasty, "run") as daemon:
        wait_for(has_swept(there, 2), daemon)
        with Process(hasty, "events", "--follow", "--since", "1d") as follower:
            wait_for(lambda: follower.out, follower)
            stop(daemon)
            held = sweeps(hasty)
            assert held >= 2  # the log stays for the reader, and everything in it is in the file
            stop(follower)
    assert files(hasty) == ["monitor.db"]
    assert sweeps(hasty) == held


def test_a_daemon_that_was_killed_leaves_it_to_whoever_reads_next(hasty: Path, there: g.Gateway) -> None:
    with Process(hasty, "run") as daemon:
        wait_for(has_swept(there, 2), daemon)
        daemon.kill()
    assert "monitor.db-wal" in files(hasty)
    assert monitor(hasty, "status").returncode == 0
    assert files(hasty) == ["monitor.db"]
    assert sweeps(hasty) >= 2


@pytest.mark.parametrize(("key", "code"), [(KEY, 0), ("nvapi-revoked", 3)], ids=["conclusive", "failed"])
def test_a_sweep_by_hand(config: Path, key: str, code: int) -> None:
    assert monitor(config, "sweep", key=key).returncode == code
    assert files(config) == ["monitor.db"]
    assert sweeps(config) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("status",),
        ("status", "no/such-model"),
        ("uptime",),
        ("events",),
        ("summary", "today"),
        ("check", "no/such-model"),
        ("export", "-"),
        ("export", "--format", "csv", "-"),
        ("db", "check"),
        ("db", "rebuild"),
        ("db", "rebuild", "--write"),
        ("db", "prune", "--dry-run"),
        ("db", "prune"),
        ("db", "backup", "backup.db"),
        ("db", "copy", "sqlite:///data/monitor.db.copy"),
        ("db", "upgrade"),
        ("db", "void", "17", "--reason", "none of ours"),
        ("config", "check"),
        ("accept", "nvidia"),
        ("provider", "rename", "nobody", "somebody"),
        ("provider", "remove", "nobody"),
        ("db", "restore", "no-such-file"),
        ("import", "no-such-file"),
        ("notify", "test"),
    ],
    ids=" ".join,
)
def test_every_command_that_ends(config: Path, words: tuple[str, ...]) -> None:
    assert monitor(config, "sweep").returncode == 0
    monitor(config, *words)
    assert [name for name in files(config) if not name.endswith(".copy")] == ["monitor.db"]
    assert sweeps(config) == 1


def test_the_demo(config: Path) -> None:
    database = f"sqlite:///{config.parent}/data/monitor.db"
    words = (
        "demo",
        "--database",
        database,
        "--listen",
        "127.0.0.1:0",
        "--interval",
        "1s",
        "--duration",
        "1h",
    )
    with Process(config, *words) as demo:
        view_pages(demo)
        wait_for(lambda: "sweep 2, " in demo.out, demo)
        view_pages(demo)
        stop(demo)
    assert files(config) == ["monitor.db"]
    assert sweeps(config) >= 2


@pytest.mark.parametrize(
    ("number", "command"),
    [
        (signal.SIGTERM, ("run",)),
        (signal.SIGINT, ("run",)),
        (signal.SIGINT, ("demo", "--database", "sqlite:///data/monitor.db", "--listen", "127.0.0.1:0")),
        (signal.SIGTERM, ("events", "--follow")),
    ],
)
def test_what_is_asked_to_stop_again_and_again(
    number: signal.Signals, command: tuple[str, ...], hasty: Path
) -> None:
    if command[0] == "events":
        assert monitor(hasty, "db", "upgrade").returncode == 0
    with Process(hasty, *command) as process:
        wait_for(lambda: is_listening(process.pid), process)
        if command[0] != "events":
            view_pages(process)
        while process.is_alive:
            process.send(number)
        code = process.wait()
        assert "Traceback" not in process.err
    # a second signal leaves it a second and a half, which is not enough on every machine
    assert code in {0, last_resort.CUT_SHORT}
    assert code == 0 or monitor(hasty, "status").returncode == 0
    assert files(hasty) == ["monitor.db"]


def is_listening(pid: int) -> bool:
    """Whether a process handles SIGTERM, which it does after SIGINT, as the kernel tells it."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return bool(int(status.split("SigCgt:")[1].split()[0], 16) >> (signal.SIGTERM - 1) & 1)
