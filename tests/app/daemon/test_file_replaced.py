"""The SQLite file of a running daemon is deleted, replaced or moved: it says so, and goes on by itself."""

import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import httpx
import pytest

from monitor.demo.stories import steady
from tests.support import gateway as g
from tests.support.command import config_file, monitor
from tests.support.process import WAIT_S, Process, wait_for


class Scene:
    """A daemon that sweeps every second, and a backup of its history."""

    def __init__(self, config: Path, daemon: Process, there: g.Gateway) -> None:
        self.config, self.daemon, self.there = config, daemon, there
        self.data = config.parent / "data"
        self.database, self.backup = self.data / "monitor.db", config.parent / "backup.db"
        wait_for(lambda: self.lists() > 2, daemon)
        assert self.get("/") == 200
        assert monitor(config, "db", "backup", "backup.db").returncode == 0

    def lists(self) -> int:
        """Return how many sweeps have begun."""
        return sum(each.method == "GET" for each in self.there.requests)

    def get(self, path: str) -> int:
        return self.page(path).status_code

    def page(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.daemon.page}{path}", headers=HTML, trust_env=False, timeout=WAIT_S)

    def put(self, file: Path) -> None:
        """Put a copy of a file in the database's place."""
        copyfile(file, self.config.parent / "copy")
        (self.config.parent / "copy").replace(self.database)

    def check_trouble(self, words: str) -> None:
        """Wait until the log, /readyz and the page say what is wrong and what to do."""
        wait_for(lambda: "database_file_replaced" in self.daemon.err, self.daemon)
        assert words in self.daemon.err
        ready, page = self.page("/readyz"), self.page("/")
        assert (ready.status_code, page.status_code, self.get("/healthz")) == (503, 200, 200)
        for text in (" ".join(ready.json()["reasons"]), page.text):
            assert f"the database file {words}" in text
            assert "put the file back, or run" in text
            assert str(self.database) not in text

    def check_health(self) -> None:
        """Wait for the return to normal without a hand, and check the history after a clean stop."""
        wait_for(lambda: self.get("/readyz") == 200, self.daemon)
        before = self.lists()
        wait_for(lambda: self.lists() > before + 2, self.daemon)
        self.daemon.send(signal.SIGTERM)
        assert self.daemon.wait() == 0, self.daemon.err
        assert "Traceback" not in self.daemon.err
        for words in (("db", "check"), ("db", "rebuild")):
            done = monitor(self.config, *words)
            assert done.returncode == 0, done.stdout
        assert [file.name for file in self.data.glob("monitor.db*") if file.suffix == ".db"] == ["monitor.db"]


HTML = {"accept": "text/html"}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with g.gateway(steady(4)) as there:
        config = config_file(tmp_path, there.base_url, f"sqlite:///{tmp_path}/data/monitor.db", interval="1s")
        with Process(config, "run") as daemon:
            yield Scene(config, daemon, there)


def test_a_deleted_file_waits_for_a_restore_beside_the_running_daemon(scene: Scene) -> None:
    scene.database.unlink()
    scene.check_trouble("was deleted or moved away while it was open")
    assert not scene.database.exists()
    done = monitor(scene.config, "db", "restore", "backup.db")
    assert done.returncode == 0, done.stderr
    scene.check_health()
    assert "database_file_opened" in scene.daemon.err


def test_a_directory_that_is_moved_away_and_back_is_not_made_anew(scene: Scene) -> None:
    scene.data.rename(scene.config.parent / "away")
    scene.check_trouble("was deleted or moved away while it was open")
    assert not scene.data.exists()
    (scene.config.parent / "away").rename(scene.data)
    scene.check_health()


def other_program(scene: Scene) -> None:
    with closing(sqlite3.connect(scene.config.parent / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    scene.put(scene.config.parent / "other.db")


def emptied(scene: Scene) -> None:
    scene.database.write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (other_program, "was replaced by a file that holds no history of monitor"),
        (emptied, "was emptied or replaced by an empty file"),
    ],
)
def test_what_is_no_history_is_left_alone_and_may_be_restored_over(
    spoil: Callable[[Scene], None], words: str, scene: Scene
) -> None:
    spoil(scene)
    before = scene.database.read_bytes()
    scene.check_trouble(words)
    assert scene.database.read_bytes() == before
    done = monitor(scene.config, "db", "restore", "backup.db")
    assert done.returncode == 0, done.stderr
    scene.check_health()


@pytest.mark.parametrize("ends", [("",), ("", "-wal", "-shm")], ids=["file", "file, -wal and -shm"])
def test_a_backup_in_its_place_is_opened_at_once(ends: tuple[str, ...], scene: Scene) -> None:
    for end in ends[1:]:
        scene.database.with_name(f"monitor.db{end}").unlink()
    scene.put(scene.backup)
    scene.check_health()


def test_without_wal_shm_and_locks_it_goes_on(scene: Scene) -> None:
    for name in (
        "monitor.db-wal",
        "monitor.db-shm",
        "monitor.db.lock",
        "monitor.db.sweep-nvidia-default.lock",
    ):
        (scene.data / name).unlink()
    wait_for((scene.data / "monitor.db.lock").exists, scene.daemon)
    assert monitor(scene.config, "status").returncode == 0
    scene.check_health()


def test_a_disk_that_is_full_for_a_while(scene: Scene) -> None:
    """The limit of a file's size stands for the disk; what is logged meanwhile is shorter."""
    before = resource.prlimit(scene.daemon.pid, resource.RLIMIT_FSIZE, (1 << 16, resource.RLIM_INFINITY))
    wait_for(lambda: "the disk" in scene.daemon.err, scene.daemon)
    assert scene.get("/healthz") == 200
    resource.prlimit(scene.daemon.pid, resource.RLIMIT_FSIZE, before)
    scene.check_health()
