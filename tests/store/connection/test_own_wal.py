"""A -wal that is not the file's own is noticed before it is applied; one that is its own never is doubted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.errors import StoreUnavailable
from monitor.store.admin import check
from monitor.store.admin.backup import back_up
from monitor.store.admin.migrate import prepare, require_current
from monitor.store.connection.closing import close_all
from monitor.store.connection.engine import open_engine, sqlite_path
from monitor.store.connection.own_wal import ForeignWal, require_own_wal
from tests.store import histories
from tests.support.command import config_file, monitor

SWEEPS = histories.history(61, 4)


def crashed(url: str, sweeps: list[tuple[Sweep, Policy]], place: Path) -> Path:
    """Live through sweeps in a database and copy its files to a place, as a power cut leaves them."""
    engine = open_engine(url)
    prepare(engine)
    histories.live_all(engine, sweeps)
    file = taken(sqlite_path(engine), place)
    close_all([engine])
    return file


def taken(file: Path, place: Path) -> Path:
    """Copy a database with its log to a place."""
    place.mkdir(exist_ok=True)
    for name in (file.name, f"{file.name}-wal"):
        if file.with_name(name).exists():
            copyfile(file.with_name(name), place / name)
        else:
            (place / name).unlink(missing_ok=True)
    return place / file.name


def contents(file: Path) -> dict[str, bytes]:
    return {part.name: part.read_bytes() for part in file.parent.iterdir() if part.suffix != ".lock"}


@pytest.fixture
def mixed(sqlite_url: str, tmp_path: Path) -> Path:
    """Give a backup that was copied over a file whose log was left beside."""
    engine = open_engine(sqlite_url)
    prepare(engine)
    histories.live_all(engine, SWEEPS[:2])
    back_up(engine, tmp_path / "backup.db", replaces=False, on_progress=lambda *_: None)
    close_all([engine])
    file = crashed(sqlite_url, SWEEPS[2:], tmp_path / "data")
    copyfile(tmp_path / "backup.db", file)
    return file


def test_a_file_that_is_no_database_is_called_so(mixed: Path) -> None:
    mixed.write_bytes(b"no database, of some length" * 100)
    with pytest.raises(ForeignWal, match="the file is no SQLite database"):
        require_own_wal(mixed)


def test_a_backup_beside_an_old_log_is_noticed_and_left_as_it_is(mixed: Path) -> None:
    before = contents(mixed)
    for read_only in (True, False):
        engine = open_engine(f"sqlite:///{mixed}", read_only=read_only)
        with pytest.raises(
            ForeignWal, match=r"monitor\.db-wal beside it is another file's: the file is a copy"
        ):
            require_current(engine)
        with pytest.raises(StoreUnavailable):
            prepare(engine)
        (fault,) = check.check(engine)
        assert "monitor db restore FILE" in fault
        close_all([engine])
    assert contents(mixed) == before


def test_with_the_log_moved_away_the_file_is_sound(mixed: Path) -> None:
    mixed.with_name("monitor.db-wal").rename(mixed.with_name("old"))
    engine = open_engine(f"sqlite:///{mixed}")
    prepare(engine)
    assert check.check(engine) == []
    close_all([engine])


def test_every_command_refuses_and_check_counts_a_fault(mixed: Path, tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:9/v1", f"sqlite:///{mixed}")
    before = contents(mixed)
    found = monitor(config, "db", "check")
    assert found.returncode == 1
    assert "monitor.db-wal beside it is another file's" in found.stdout
    assert found.stdout.endswith("1 fault\n")
    for words in (["list"], ["run"], ["db", "upgrade"], ["db", "backup", "b.db"], ["accept", "nvidia"]):
        refused = monitor(config, *words)
        assert (refused.returncode, refused.stdout) == (4, ""), words
        assert "move monitor.db-wal and monitor.db-shm away" in refused.stderr
    assert contents(mixed) == before


def test_an_older_state_of_the_same_file_is_noticed(sqlite_url: str, tmp_path: Path) -> None:
    engine = open_engine(sqlite_url)
    prepare(engine)
    close_all([engine])
    older = taken(sqlite_path(engine), tmp_path / "older")
    for place in range(3):  # each opens the file again, which the change counter shows
        crashed(sqlite_url, histories.history(place, 4, provider=f"p{place}"), tmp_path / "before")
    later = crashed(sqlite_url, SWEEPS, tmp_path / "later")
    require_own_wal(later)
    copyfile(older, later)
    with pytest.raises(ForeignWal, match="it continues another state of a history"):
        require_own_wal(later)


def test_what_no_header_shows_is_noticed_by_check_which_leaves_both_as_they_are(
    sqlite_url: str, tmp_path: Path
) -> None:
    crashed(sqlite_url, SWEEPS[:1], tmp_path / "first")
    older = tmp_path / "older.db"
    copyfile(sqlite_url.removeprefix("sqlite:///"), older)
    crashed(sqlite_url, SWEEPS[1:2], tmp_path / "second")  # changes no page count, and the counter by one
    later = crashed(sqlite_url, SWEEPS[2:], tmp_path / "later")
    copyfile(older, later)
    before = contents(later)
    config = config_file(tmp_path, "http://127.0.0.1:9/v1", f"sqlite:///{later}")
    found = monitor(config, "db", "check")
    assert found.returncode == 1
    assert found.stdout.startswith(
        "monitor.db-wal beside the database is not its own: monitor.db is sound alone"
    )
    del (after := contents(later))["monitor.db-shm"]
    assert after == before


def test_another_page_size_is_noticed(mixed: Path) -> None:
    with closing(sqlite3.connect(mixed.with_name("other.db"), isolation_level=None)) as other:
        other.execute("PRAGMA page_size = 8192")
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE t (x)")
    mixed.with_name("other.db").replace(mixed)
    with pytest.raises(ForeignWal, match="its pages are of another size"):
        require_own_wal(mixed)


@pytest.mark.parametrize("content", [b"", b"no log at all", b"\x00" * 64])
def test_a_log_that_sqlite_ignores_is_no_fault(mixed: Path, content: bytes) -> None:
    mixed.with_name("monitor.db-wal").write_bytes(content)
    require_own_wal(mixed)
    mixed.write_bytes(b"")
    require_own_wal(mixed)


def test_frames_that_a_power_cut_tore_are_no_fault(mixed: Path) -> None:
    log = mixed.with_name("monitor.db-wal")
    content = bytearray(log.read_bytes())
    content[40] ^= 1  # in the first frame: no commit is whole any more
    log.write_bytes(content)
    require_own_wal(mixed)


# ---- One that is its own is never doubted ----


WRITES = {
    "small": "UPDATE t SET b = 'y' WHERE a = 1",
    "large": "INSERT INTO t (b) VALUES (hex(zeroblob(9000)))",
    "less": "DELETE FROM t WHERE a % 2 = 1 AND a > 3",
    "table": "CREATE TABLE IF NOT EXISTS u (x)",
    "no table": "DROP TABLE IF EXISTS u",
    "vacuum": "VACUUM",
    "give back": "PRAGMA incremental_vacuum(2)",
    "passive": "PRAGMA wal_checkpoint(PASSIVE)",
    "restart": "PRAGMA wal_checkpoint(RESTART)",
    "truncate": "PRAGMA wal_checkpoint(TRUNCATE)",
}
steps = st.lists(
    st.tuples(st.sampled_from(["one", "other", "reader", "reopen"]), st.sampled_from(sorted(WRITES))),
    max_size=25,
)


@contextmanager
def connections(file: Path) -> Iterator[dict[str, sqlite3.Connection]]:
    """Give two connections that write and one that keeps old moments, none of them waiting for another."""
    opened = {
        name: sqlite3.connect(file, isolation_level=None, timeout=0) for name in ("one", "other", "reader")
    }
    try:
        yield opened
    finally:
        for connection in opened.values():
            connection.close()


@settings(max_examples=60)
@given(steps)
def test_a_log_is_its_files_own_whatever_was_written_and_copied_back(moves: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as directory, connections(Path(directory) / "monitor.db") as opened:
        file = Path(directory) / "monitor.db"
        for statement in (
            "PRAGMA auto_vacuum = INCREMENTAL",
            "PRAGMA journal_mode = WAL",
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b)",
            "INSERT INTO t (b) VALUES ('x')",
        ):
            opened["one"].execute(statement)
        for name, work in moves:
            with suppress(sqlite3.OperationalError):  # it is busy: the others go on
                if name == "reader":
                    opened[name].execute("COMMIT" if opened[name].in_transaction else "BEGIN")
                    opened[name].execute("SELECT count(*) FROM t").fetchone()
                elif name == "reopen":
                    opened["other"].close()
                    opened["other"] = sqlite3.connect(file, isolation_level=None, timeout=0)
                else:
                    opened[name].execute(WRITES[work]).fetchall()
            require_own_wal(taken(file, Path(directory) / "crash"))
