"""`monitor db restore`: a sound backup takes the place of the database, and the file before it is kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import Engine

from monitor.store.admin.backup import back_up, restore_command
from monitor.store.admin.migrate import migrate_to, prepare
from monitor.store.connection.closing import close_all
from monitor.store.connection.engine import open_engine, reading, sqlite_path, writing
from monitor.store.connection.locks import leader_lock
from monitor.store.connection.own_wal import has_wal
from tests.store import histories, views
from tests.support.command import Done, config_file, monitor

SWEEPS = histories.history(61, 6)


@pytest.fixture
def backup(sqlite_url: str, tmp_path: Path) -> Path:
    """Give a backup of two sweeps."""
    engine = open_engine(sqlite_url)
    prepare(engine)
    histories.live_all(engine, SWEEPS[:2])
    back_up(engine, tmp_path / "backup.db", replaces=False, on_progress=lambda *_: None)
    close_all([engine])
    return tmp_path / "backup.db"


@pytest.fixture
def database(sqlite_url: str, backup: Path) -> Path:
    """Give the database that has gone on to six sweeps since."""
    assert backup.exists()
    engine = open_engine(sqlite_url)
    histories.live_all(engine, SWEEPS[2:])
    close_all([engine])
    return sqlite_path(engine)


@pytest.fixture
def config(database: Path, tmp_path: Path) -> Path:
    return config_file(tmp_path, "http://127.0.0.1:9/v1", f"sqlite:///{database}")


def sweeps(file: Path) -> int:
    with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as opened:
        return int(opened.execute("SELECT count(*) FROM sweep").fetchone()[0])


def names(database: Path) -> list[str]:
    return sorted(file.name for file in database.parent.iterdir() if file.suffix != ".lock")


def kept(database: Path) -> Path:
    """Return the file that was replaced."""
    (name,) = (name for name in names(database) if "before-restore" in name and "wal" not in name)
    return database.with_name(name)


def restored(config: Path, file: Path | str) -> Done:
    return monitor(config, "db", "restore", str(file), key=None)


def test_a_backup_takes_the_place_and_the_file_before_it_is_kept(
    config: Path, database: Path, backup: Path
) -> None:
    mode = database.stat().st_mode
    before = backup.read_bytes()
    done = restored(config, backup)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith(f"sqlite:///{database}: restored from {backup}: 2 sweeps, the last of ")
    assert second == f"the file before it is kept as {kept(database)}"
    assert (sweeps(database), sweeps(kept(database))) == (2, 6)
    assert names(database) == ["monitor.db", kept(database).name]
    assert (backup.read_bytes(), database.stat().st_mode) == (before, mode)
    assert list(backup.parent.glob("backup.db*")) == [backup]
    assert monitor(config, "db", "check").returncode == 0


def test_the_history_is_that_of_the_backup(config: Path, database: Path, backup: Path) -> None:
    assert restored(config, backup).returncode == 0
    engines = [open_engine(f"sqlite:///{file}", read_only=True) for file in (database, backup)]
    assert views.all_rows(engines[0]) == views.all_rows(engines[1])
    with reading(engines[0]) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    close_all(engines)


def test_while_a_daemon_leads_it_stops_with_advice(config: Path, database: Path, backup: Path) -> None:
    engine = open_engine(f"sqlite:///{database}")
    lock = leader_lock(engine)
    assert lock.try_acquire()
    before = database.read_bytes()
    refused = restored(config, backup)
    lock.release()
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "leads it. Stop the daemon first (`systemctl stop monitor`" in refused.stderr
    assert (names(database), database.read_bytes()) == (["monitor.db"], before)


def test_while_another_process_has_the_file_open_it_stops(config: Path, database: Path, backup: Path) -> None:
    client = sqlite3.connect(database)
    client.execute("SELECT count(*) FROM sweep").fetchone()
    refused = restored(config, backup)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "another process has it open, such as a SQL client" in refused.stderr
    assert sweeps(database) == 6
    client.close()
    assert restored(config, backup).returncode == 0


def test_a_backup_that_was_copied_over_it_and_an_empty_log_are_in_nobodys_use(
    config: Path, database: Path, backup: Path
) -> None:
    copyfile(backup, database)
    database.with_name("monitor.db-wal").write_bytes(b"")
    database.with_name("monitor.db-shm").write_bytes(b"")
    assert restored(config, backup).returncode == 0
    assert names(database) == ["monitor.db", kept(database).name]


def crash(database: Path) -> None:
    """Leave the database as a power cut does: one more sweep in the -wal alone."""
    engine = open_engine(f"sqlite:///{database}")
    histories.live_all(engine, histories.history(7, 1, provider="late"))
    parts = {part: part.read_bytes() for part in (database, database.with_name("monitor.db-wal"))}
    close_all([engine])
    for part, content in parts.items():
        part.write_bytes(content)
    assert (sweeps(database), has_wal(database)) == (6, True)


def test_what_a_crash_left_in_the_log_is_kept_with_the_old_file(
    config: Path, database: Path, backup: Path
) -> None:
    crash(database)
    assert restored(config, backup).returncode == 0
    assert (sweeps(database), sweeps(kept(database))) == (2, 7)
    assert names(database) == ["monitor.db", kept(database).name]


def test_a_log_of_another_file_is_kept_apart_and_never_applied(
    config: Path, database: Path, backup: Path
) -> None:
    crash(database)
    copyfile(backup, database)  # the mistake that `restore` is there for
    log = database.with_name("monitor.db-wal").read_bytes()
    done = restored(config, backup)
    assert done.returncode == 0
    apart = database.with_name(f"{kept(database).name}.foreign-wal")
    assert done.stderr == f"the -wal beside it was another file's; it is kept as {apart}\n"
    assert apart.read_bytes() == log
    assert (sweeps(database), sweeps(kept(database))) == (2, 2)
    assert monitor(config, "db", "check").returncode == 0


@pytest.mark.parametrize("content", [None, b"", b"this is a letter, not a database\n" * 400])
def test_what_is_no_database_any_more_is_replaced_and_kept(
    config: Path, database: Path, backup: Path, content: bytes | None
) -> None:
    if content is None:
        database.unlink()
    else:
        database.write_bytes(content)
    for end in ("-shm", "-wal", "-journal"):
        database.with_name(f"monitor.db{end}").write_bytes(b"left over")
    assert restored(config, backup).returncode == 0
    assert sweeps(database) == 2
    assert not [
        name for name in names(database) if name in {"monitor.db-wal", "monitor.db-shm", "monitor.db-journal"}
    ]
    if content is not None:
        assert kept(database).read_bytes() == content


def refused_files(backup: Path, database: Path) -> Iterator[tuple[Path, int, str]]:
    """Give files that are no sound backup, with the exit code and the words that refuse them."""
    place = backup.parent
    (place / "letter").write_text("dear monitor\n" * 300)
    yield place / "letter", 2, "is not a SQLite database; exports are read by `monitor import`"
    (place / "empty.db").write_bytes(b"")
    yield place / "empty.db", 2, "holds no history of monitor"
    with closing(sqlite3.connect(place / "theirs.db")) as theirs:
        theirs.execute("CREATE TABLE t (x)")
    yield place / "theirs.db", 2, "holds no history of monitor"
    yield place / "none.db", 2, "does not exist"
    yield place, 2, "is not a regular file"
    yield database, 2, "is part of the database itself"
    content = bytearray(backup.read_bytes())
    with closing(sqlite3.connect(backup)) as file:
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = 'model'"
        begins = (file.execute(query).fetchone()[0] - 1) * 4096
    content[begins : begins + 64] = b"\xff" * 64
    (place / "damaged.db").write_bytes(content)
    yield place / "damaged.db", 4, "is damaged and was not restored"
    copyfile(backup, place / "newer.db")
    with closing(sqlite3.connect(place / "newer.db", isolation_level=None)) as newer:
        newer.execute("UPDATE schema_version SET version_num = '9999'")
    yield place / "newer.db", 4, "was written by a newer monitor"
    copyfile(backup, place / "mixed.db")
    crash(database)
    database.with_name("monitor.db-wal").rename(place / "mixed.db-wal")
    yield place / "mixed.db", 4, "mixed.db-wal beside it is another file's"


def test_what_is_no_sound_history_is_refused_and_nothing_changes(
    config: Path, database: Path, backup: Path
) -> None:
    for file, code, words in refused_files(backup, database):
        before = database.read_bytes()
        refused = restored(config, file)
        assert (refused.returncode, refused.stdout) == (code, ""), file
        assert words in refused.stderr
        assert (names(database), database.read_bytes()) == (["monitor.db"], before)


def test_a_backup_of_an_older_schema_is_restored_and_the_upgrade_named(
    config: Path, database: Path, backup: Path
) -> None:
    engine = open_engine(f"sqlite:///{backup}")
    with writing(engine) as connection:
        migrate_to(connection, "0008")
    close_all([engine])
    done = restored(config, backup)
    assert done.returncode == 0
    assert done.stderr == (
        "it was written by an older monitor: run `monitor db upgrade` before you start the daemon\n"
    )
    assert monitor(config, "status").returncode == 4
    assert monitor(config, "db", "upgrade").returncode == 0
    assert sweeps(database) == 2
    assert monitor(config, "db", "check").returncode == 0


def test_a_database_closed_without_backup_can_be_one_with_its_log(
    config: Path, database: Path, backup: Path, tmp_path: Path
) -> None:
    crash(database)
    for name in ("monitor.db", "monitor.db-wal"):
        copyfile(database.with_name(name), tmp_path / name)
    parts = {name: (tmp_path / name).read_bytes() for name in ("monitor.db", "monitor.db-wal")}
    assert restored(config, backup).returncode == 0
    assert restored(config, tmp_path / "monitor.db").returncode == 0
    assert sweeps(database) == 7
    assert {name: (tmp_path / name).read_bytes() for name in parts} == parts
    assert len([name for name in names(database) if "before-restore" in name]) == 2


def test_for_postgres_its_own_tool_is_named_without_a_password(tmp_path: Path) -> None:
    config = config_file(
        tmp_path, "http://127.0.0.1:9/v1", "postgresql://monitor:hidden-word@db.example/history"
    )
    refused = monitor(config, "db", "restore", "monitor.dump", key=None)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "pg_restore --no-owner --exit-on-error --dbname=postgresql://monitor@db.example/history" in (
        refused.stderr
    )
    assert "hidden-word" not in refused.stderr
    engine: Engine = open_engine("postgresql://monitor@db.example/history")
    assert restore_command(engine, tmp_path / "it's.dump").endswith("it'\"'\"'s.dump'")
