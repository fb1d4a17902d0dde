"""Closing a SQLite database: one file, by the last to close, whatever others do meanwhile."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from monitor.store.admin.migrate import prepare
from monitor.store.connection.closing import close_all
from monitor.store.connection.engine import open_engine, reading, sqlite_path, writing

COUNT = text("SELECT count(*) FROM provider")


def written(url: str, *names: str) -> Engine:
    """Return an engine that has just written these providers, one transaction each."""
    engine = open_engine(url)
    prepare(engine)
    for name in names:
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO provider (name) VALUES (:name)"), {"name": name})
    return engine


def parts(engine: Engine) -> list[str]:
    """Return the names of the database's files."""
    return sorted(file.name for file in sqlite_path(engine).parent.iterdir())


def in_the_file(engine: Engine) -> int:
    """Count the providers in the file alone."""
    with closing(sqlite3.connect(f"{sqlite_path(engine).as_uri()}?immutable=1", uri=True)) as file:
        return int(file.execute("SELECT count(*) FROM provider").fetchone()[0])


def test_a_reader_that_closes_last_leaves_one_file(sqlite_url: str) -> None:
    writer, reader = written(sqlite_url, "a", "b"), open_engine(sqlite_url, read_only=True)
    with reading(reader) as connection:
        assert connection.execute(COUNT).scalar_one() == 2
    close_all([writer])
    assert "monitor.db-wal" in parts(writer)
    close_all([reader])
    assert parts(writer) == ["monitor.db"]
    assert in_the_file(writer) == 2


def test_a_writer_that_leaves_readers_behind_leaves_everything_in_the_file(sqlite_url: str) -> None:
    writer, reader = written(sqlite_url, "a"), open_engine(sqlite_url, read_only=True)
    with reading(reader) as connection:
        assert connection.execute(COUNT).scalar_one() == 1  # it reads on
        close_all([writer])
        assert in_the_file(writer) == 1
    close_all([reader])
    assert parts(writer) == ["monitor.db"]


def test_a_connection_that_comes_back_after_the_end_is_closed(sqlite_url: str) -> None:
    writer, reader = written(sqlite_url, "a"), open_engine(sqlite_url, read_only=True)
    with reading(reader) as connection:
        assert connection.execute(COUNT).scalar_one() == 1
        close_all([writer, reader])
    assert parts(writer) == ["monitor.db"]
    assert in_the_file(writer) == 1


def test_of_many_that_close_at_one_moment_one_is_the_last(sqlite_url: str) -> None:
    written(sqlite_url, "a").dispose()
    engines = [open_engine(sqlite_url, read_only=bool(place % 3)) for place in range(9)]
    at_once = Barrier(len(engines))

    def read_and_close(engine: Engine) -> None:
        with reading(engine) as connection:
            connection.execute(COUNT).scalar_one()
            at_once.wait()
        close_all([engine])

    with ThreadPoolExecutor(len(engines)) as threads:
        for _ in range(5):
            list(threads.map(read_and_close, engines))
            assert parts(engines[0]) == ["monitor.db"]


def test_what_a_crash_left_is_put_into_the_file_by_the_next_reader(sqlite_url: str, tmp_path: Path) -> None:
    engine = written(sqlite_url, "a", "b")
    copy = open_engine(f"sqlite:///{tmp_path}/crashed/monitor.db", read_only=True)
    sqlite_path(copy).parent.mkdir()
    for end in ("", "-wal"):  # as a power cut leaves them
        path = sqlite_path(engine)
        sqlite_path(copy).with_name(f"monitor.db{end}").write_bytes(
            path.with_name(path.name + end).read_bytes()
        )
    with reading(copy) as connection:
        assert connection.execute(COUNT).scalar_one() == 2
    close_all([copy, engine])
    assert parts(copy) == ["monitor.db"]
    assert in_the_file(copy) == 2


@pytest.mark.parametrize("content", [None, b"", b"this is a letter, not a database\n" * 40])
def test_closing_says_nothing_of_what_it_cannot_tidy_up(tmp_path: Path, content: bytes | None) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/monitor.db")
    (tmp_path / "monitor.db-wal").write_bytes(b"what is this")
    if content is not None:
        (tmp_path / "monitor.db").write_bytes(content)
    close_all([engine])
    assert (tmp_path / "monitor.db").exists() == (content is not None)


def test_closing_a_link_to_the_file_tidies_up_beside_the_file(sqlite_url: str, tmp_path: Path) -> None:
    engine = written(sqlite_url, "a")
    (tmp_path / "link.db").symlink_to(sqlite_path(engine))
    linked = open_engine(f"sqlite:///{tmp_path}/link.db", read_only=True)
    with reading(linked) as connection:
        assert connection.execute(COUNT).scalar_one() == 1
    close_all([engine])
    close_all([linked])
    assert parts(engine) == ["monitor.db"]


def test_postgres_is_closed_only(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    prepare(engine)
    close_all([engine])


def test_closing_is_no_event_of_the_log(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="monitor")  # as the daemon logs
    close_all([written(sqlite_url, "a")])
    assert caplog.records == []


def test_an_empty_log_beside_a_copy_without_one_is_removed(sqlite_url: str) -> None:
    engine = written(sqlite_url, "a")
    close_all([engine])
    with closing(sqlite3.connect(sqlite_path(engine))) as file:
        file.execute("PRAGMA journal_mode = DELETE")  # as a backup is
    for end in ("-wal", "-shm"):
        sqlite_path(engine).with_name(f"monitor.db{end}").write_bytes(b"")
    reader = open_engine(sqlite_url, read_only=True)
    with reading(reader) as connection:
        assert connection.execute(COUNT).scalar_one() == 1
    close_all([reader])
    assert parts(engine) == ["monitor.db"]
