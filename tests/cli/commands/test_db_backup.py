"""`monitor db backup`: one sound file of one moment, while others write."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.errors import StoreError, StoreUnavailable, UsageError
from monitor.store.admin import backup, check
from monitor.store.admin.backup import back_up, dump_command
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from tests.store import histories, views
from tests.support.command import config_file, monitor

# Another process, which stores a sweep for each line it reads, in several transactions.
_WRITER = """
import sys
from datetime import timedelta
from monitor.store.connection.engine import open_engine
from tests.store import histories
engine = open_engine(sys.argv[1])
for step, _ in enumerate(sys.stdin):
    at = histories.START + timedelta(days=30, minutes=step)
    histories.live(engine, histories.sweep(at, {f"w/{each}": histories.UP for each in range(40)}))
    print(step, flush=True)
"""
_PAGES_BETWEEN_WRITES = 10
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def history(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url, file_mode=0o640)
    prepare(engine)
    histories.live_all(engine, histories.history(61, 4))
    yield engine
    engine.dispose()


def saved(engine: Engine, file: Path, *, replaces: bool = False) -> int:
    """Make a backup that nobody watches."""
    return back_up(engine, file, replaces=replaces, on_progress=lambda *_: None)


def test_a_backup_is_the_whole_history_in_one_sound_file(history: Engine, tmp_path: Path) -> None:
    file = tmp_path / "copies" / "backup.db"
    file.parent.mkdir()
    assert saved(history, file) == file.stat().st_size
    assert [each.name for each in file.parent.iterdir()] == ["backup.db"]
    copy = open_engine(f"sqlite:///{file}", read_only=True)
    assert check.check(copy) == []
    assert views.all_rows(copy) == views.all_rows(history)
    copy.dispose()


def test_a_backup_has_the_permissions_of_the_database(history: Engine, tmp_path: Path) -> None:
    saved(history, tmp_path / "backup.db")
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o640


def test_a_backup_of_a_history_that_is_being_written_is_of_one_moment(
    history: Engine, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 1)
    command = [sys.executable, "-c", _WRITER, sqlite_url]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        for place in range(2):
            steps: list[tuple[int, int]] = []

            def on_progress(_work: str, done: int, total: int, steps: list[tuple[int, int]] = steps) -> None:
                steps.append((done, total))
                if done % _PAGES_BETWEEN_WRITES == 1:
                    _store_a_sweep(writer)

            back_up(history, tmp_path / f"{place}.db", replaces=False, on_progress=on_progress)
            assert len(steps) == steps[-1][1]  # nothing was begun anew
            assert len(steps) > 2 * _PAGES_BETWEEN_WRITES
            copy = open_engine(f"sqlite:///{tmp_path}/{place}.db", read_only=True)
            assert check.check(copy) == []
            copy.dispose()


def _store_a_sweep(writer: subprocess.Popen[str]) -> None:
    assert writer.stdin
    assert writer.stdout
    writer.stdin.write("\n")
    writer.stdin.flush()
    assert writer.stdout.readline()


def test_a_file_that_exists_is_replaced_only_by_force(history: Engine, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("dear to someone")
    with pytest.raises(UsageError, match=r"backup\.db exists: name another file, or replace it with --force"):
        saved(history, file)
    assert file.read_text() == "dear to someone"
    saved(history, file, replaces=True)
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_what_would_be_harmed_is_refused(history: Engine, sqlite_url: str, tmp_path: Path) -> None:
    database = Path(sqlite_url.removeprefix("sqlite:///"))
    (tmp_path / "link.db").symlink_to(database)
    (tmp_path / "used.db-wal").write_text("of another database")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for file, words in (
        (database, "is part of the database"),
        (tmp_path / "link.db", "is part of the database"),
        (database.with_name(f"{database.name}-wal"), "is part of the database: name another file"),
        (database.with_name(f"{database.name}.leader.lock"), "is part of the database: name another file"),
        (Path("-"), "is not a regular file"),
        (tmp_path / ("x" * 300), "cannot be written: File name too long"),
        (tmp_path / "circle", "the symbolic links go in circles"),
        (tmp_path, "is not a regular file"),
        (tmp_path / "used.db", "used.db-wal exists, so a database of that name is in use"),
        (tmp_path / "no/place.db", "cannot be written: No such file or directory"),
    ):
        with pytest.raises(UsageError, match=words):
            saved(history, file, replaces=True)


def test_a_backup_that_fails_leaves_what_was_there(history: Engine, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    place.mkdir()
    (place / "backup.db").write_text("before")

    def fail(_work: str, _done: int, _total: int) -> None:
        raise StoreError("interrupted")

    with pytest.raises(StoreError):
        back_up(history, place / "backup.db", replaces=True, on_progress=fail)
    assert [(file.name, file.read_text()) for file in place.iterdir()] == [("backup.db", "before")]


def test_a_damaged_database_gives_no_backup(history: Engine, sqlite_url: str, tmp_path: Path) -> None:
    saved(history, tmp_path / "whole.db")
    history.dispose()
    content = bytearray((tmp_path / "whole.db").read_bytes())
    with closing(sqlite3.connect(tmp_path / "whole.db")) as file:
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = 'model'"
        begins = (file.execute(query).fetchone()[0] - 1) * 4096
    content[begins : begins + 64] = b"\xff" * 64
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(content)
    damaged = open_engine(sqlite_url)
    with pytest.raises(StoreError, match="is damaged, and so would be its copy"):
        saved(damaged, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()
    damaged.dispose()


def test_a_database_of_an_older_schema_can_be_backed_up(history: Engine, tmp_path: Path) -> None:
    with history.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '0001'")
    saved(history, tmp_path / "backup.db")


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(StoreUnavailable, match="does not exist: there is nothing to back up"):
        saved(engine, tmp_path / "backup.db")
    assert list(tmp_path.iterdir()) == []


def test_for_postgres_its_own_tool_is_named_without_a_password(tmp_path: Path) -> None:
    engine = open_engine("postgresql://monitor:hidden-word@db.example/history")
    with pytest.raises(UsageError) as refused:
        saved(engine, tmp_path / "it's.dump")
    assert "pg_dump --format=custom --file=" in str(refused.value)
    assert "postgresql://monitor@db.example/history" in str(refused.value)
    assert "hidden-word" not in str(refused.value)


def test_the_command_says_what_it_wrote(history: Engine, sqlite_url: str, tmp_path: Path) -> None:
    del history
    config = config_file(tmp_path, "http://127.0.0.1:9/v1", sqlite_url)
    done = monitor(config, "db", "backup", "backup.db", key=None)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"backup.db: {(tmp_path / 'backup.db').stat().st_size:,} bytes, checked\n"
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600
    again = monitor(config, "db", "backup", "backup.db", key=None)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "monitor: backup.db exists: name another file, or replace it with --force\n"
    assert monitor(config, "db", "backup", "--force", "backup.db", key=None).returncode == 0


def test_the_line_for_postgres_keeps_how_the_server_is_reached(tmp_path: Path) -> None:
    engine = open_engine(
        "postgresql://monitor:hidden-word@/history?host=/run/postgres&sslpassword=other-word"
    )
    line = dump_command(engine, tmp_path / "monitor.dump")
    assert "host=%2Frun%2Fpostgres" in line or "host=/run/postgres" in line
    assert "-word" not in line
