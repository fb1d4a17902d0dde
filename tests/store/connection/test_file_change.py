"""The open SQLite file is deleted, emptied or replaced: nothing is written until a history stands there."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import Engine

from monitor.errors import FileReplaced
from monitor.store.admin import check
from monitor.store.admin.backup import back_up
from monitor.store.admin.migrate import prepare, require_current
from monitor.store.connection.closing import close_all
from monitor.store.connection.engine import open_engine, reading, sqlite_path, writing
from tests.store import histories

SWEEPS = histories.history(61, 6)


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """Give a history of two sweeps, with a backup beside its directory, that has gone on to four."""
    opened = open_engine(sqlite_url)
    prepare(opened)
    histories.live_all(opened, SWEEPS[:2])
    back_up(opened, backup_of(opened), replaces=False, on_progress=lambda *_: None)
    histories.live_all(opened, SWEEPS[2:4])
    yield opened
    close_all([opened])


@pytest.fixture
def reader(engine: Engine) -> Iterator[Engine]:
    """Give what pages read with, which has been used."""
    opened = open_engine(engine.url, read_only=True)
    assert sweeps(opened) == 4
    yield opened
    close_all([opened])


def backup_of(engine: Engine) -> Path:
    return sqlite_path(engine).parents[1] / "backup.db"


def sweeps(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM sweep").scalar_one())


def sweeps_in(file: Path) -> int:
    """Count in a process of its own, as another program sees the file."""
    count = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM sweep'))"
    done = subprocess.run([sys.executable, "-c", count, file], capture_output=True, text=True, check=True)
    return int(done.stdout.strip("(),\n"))


def names(engine: Engine) -> list[str]:
    return sorted(file.name for file in sqlite_path(engine).parent.iterdir() if file.suffix != ".lock")


def put(engine: Engine, file: Path) -> None:
    """Put a copy of a file in the database's place, as `mv` does."""
    copyfile(file, file.with_name("copy"))
    file.with_name("copy").replace(sqlite_path(engine))


def refused(*engines: Engine, words: str) -> None:
    """Check that nobody reads, writes, creates or upgrades, and that all are told why."""
    before = {part: part.read_bytes() for part in sqlite_path(engines[0]).parent.glob("*.db")}
    for engine in engines:
        with pytest.raises(FileReplaced, match=words) as caught, reading(engine):
            pass
        assert str(sqlite_path(engine)) in str(caught.value)
        assert str(sqlite_path(engine)) not in caught.value.brief
        with pytest.raises(FileReplaced, match="run `monitor db restore FILE`"), writing(engine):
            pass
        for act in (prepare, require_current):
            with pytest.raises(FileReplaced):
                act(engine)
    assert {part: part.read_bytes() for part in sqlite_path(engines[0]).parent.glob("*.db")} == before


def test_a_deleted_file_is_neither_read_nor_written_nor_created_anew(engine: Engine, reader: Engine) -> None:
    sqlite_path(engine).unlink()
    refused(engine, reader, words=r"was deleted or moved away while it was open\. Nothing is written until")
    assert "monitor.db" not in names(engine)


def test_a_file_that_is_moved_away_and_back_loses_nothing(engine: Engine, reader: Engine) -> None:
    for place in (sqlite_path(engine), sqlite_path(engine).parent):
        place.rename(place.with_name("elsewhere"))
        refused(engine, reader, words="was deleted or moved away")
        place.with_name("elsewhere").rename(place)
        assert sweeps(reader) == 4
    histories.live_all(engine, SWEEPS[4:])
    assert (sweeps(reader), check.check(engine)) == (6, [])


def other_program(file: Path) -> None:
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE t (x)")


def of_version(revision: str, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("UPDATE schema_version SET version_num = ?", (revision,))


def torn(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2 :] = b""
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.write_bytes(b""), "was emptied or replaced by an empty file"),
        (lambda file: file.write_bytes(b"# notes\n" * 999), "by a file that is no SQLite database"),
        (other_program, "by a file that holds no history of monitor"),
        (lambda file: of_version("0001", file), "by a history of another version of monitor"),
        (lambda file: of_version("9999", file), "by a history of another version of monitor"),
        (torn, "by a file that is damaged"),
        (lambda file: (file.unlink(), file.mkdir()), "by a file that cannot be read"),
    ],
    ids=["empty", "text", "other program", "older", "newer", "damaged", "directory"],
)
def test_anything_but_a_sound_history_waits_and_a_sound_one_is_opened(
    spoil: object, words: str, engine: Engine, reader: Engine
) -> None:
    assert callable(spoil)
    bad = backup_of(engine).with_name("bad.db")
    copyfile(backup_of(engine), bad)
    spoil(bad)
    sqlite_path(engine).unlink()
    bad.rename(sqlite_path(engine))
    if not sqlite_path(engine).is_dir():
        refused(engine, reader, words=words)
    else:
        with pytest.raises(FileReplaced, match=words), writing(engine):
            pass
        sqlite_path(engine).rmdir()
    put(engine, backup_of(engine))
    assert (sweeps(engine), sweeps(reader)) == (2, 2)
    histories.live_all(engine, SWEEPS[2:])
    assert (sweeps(reader), check.check(engine)) == (6, [])


def test_a_backup_in_its_place_is_opened_without_the_log_that_was_left(
    engine: Engine, reader: Engine
) -> None:
    sqlite_path(engine).rename(sqlite_path(engine).with_name("old.db"))
    put(engine, backup_of(engine))
    assert "monitor.db-wal" in names(engine)
    assert (sweeps(reader), sweeps(engine)) == (2, 2)
    histories.live_all(engine, SWEEPS[2:5])
    assert sweeps_in(sqlite_path(engine)) == 5
    assert sweeps_in(sqlite_path(engine).with_name("old.db")) == 4  # its log was put into it
    with reading(reader) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    close_all([engine, reader])
    assert names(engine) == ["monitor.db", "old.db"]


def test_a_backup_that_is_copied_over_it_is_opened_whole(engine: Engine, reader: Engine) -> None:
    copyfile(backup_of(engine), sqlite_path(engine))
    assert (sweeps(engine), sweeps(reader)) == (2, 2)
    histories.live_all(engine, SWEEPS[2:5])
    assert (sweeps_in(sqlite_path(engine)), check.check(engine)) == (5, [])
    close_all([engine, reader])
    assert names(engine) == ["monitor.db"]


def test_a_file_that_is_emptied_in_its_place_waits_for_a_backup(engine: Engine, reader: Engine) -> None:
    sqlite_path(engine).write_bytes(b"")
    refused(engine, reader, words="was emptied")
    put(engine, backup_of(engine))
    histories.live_all(engine, SWEEPS[2:3])
    assert (sweeps(reader), check.check(engine)) == (3, [])


def test_a_link_that_leads_to_another_history_is_followed(engine: Engine, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(sqlite_path(engine))
    through = open_engine(f"sqlite:///{link}")
    assert sweeps(through) == 4
    link.unlink()
    link.symlink_to(backup_of(engine))
    assert (sweeps(through), sweeps(engine)) == (2, 4)
    close_all([through])


@pytest.mark.parametrize("ends", [("-wal",), ("-shm",), ("-wal", "-shm")], ids="".join)
def test_without_its_log_it_is_opened_again_and_loses_nothing(
    ends: tuple[str, ...], engine: Engine, reader: Engine
) -> None:
    for end in ends:
        sqlite_path(engine).with_name(f"monitor.db{end}").unlink()
    assert sweeps(reader) == 4
    histories.live_all(engine, SWEEPS[4:])
    assert sweeps_in(sqlite_path(engine)) == 6
    assert (sweeps(reader), check.check(engine)) == (6, [])
    close_all([engine, reader])
    assert names(engine) == ["monitor.db"]


def test_a_log_that_another_process_began_meanwhile_is_left_alone(engine: Engine, reader: Engine) -> None:
    log = sqlite_path(engine).with_name("monitor.db-wal")
    log.rename(log.with_name("away"))
    log.write_bytes(b"another process")
    with pytest.raises(FileReplaced, match=r"has a second -wal.* Stop both, then run `monitor db check`"):
        sweeps(reader)
    log.with_name("away").rename(log)
    assert sweeps(reader) == 4


@pytest.mark.parametrize("is_put_back", [True, False])
def test_what_was_committed_into_a_file_that_vanished_is_not_taken_for_written(
    is_put_back: bool, engine: Engine
) -> None:
    def write() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql("UPDATE sweep SET requests = requests + 1")
            sqlite_path(engine).unlink()
            if is_put_back:
                put(engine, backup_of(engine))

    with pytest.raises(FileReplaced, match="while it was written"):
        write()


def test_what_was_put_in_its_place_is_left_as_it_is_at_the_end(engine: Engine, reader: Engine) -> None:
    other_program(sqlite_path(engine).with_name("other.db"))
    sqlite_path(engine).with_name("other.db").replace(sqlite_path(engine))
    before = sqlite_path(engine).read_bytes()
    close_all([engine, reader])
    assert sqlite_path(engine).read_bytes() == before


def test_a_process_that_begins_takes_what_stands_there(engine: Engine) -> None:
    """Only what is open can be missed: a first start creates its database."""
    close_all([engine])
    sqlite_path(engine).unlink()
    prepare(engine)
    assert sweeps(engine) == 0


def test_a_history_takes_the_place_of_a_file_that_was_just_begun(engine: Engine, tmp_path: Path) -> None:
    """A daemon that starts while the file is away begins another one, of no version yet."""
    begun = open_engine(f"sqlite:///{tmp_path}/begun.db")
    sqlite_path(begun).touch()
    with writing(begun) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    copyfile(backup_of(engine), tmp_path / "copy")
    (tmp_path / "copy").replace(sqlite_path(begun))
    assert sweeps(begun) == 2
    close_all([begun])
