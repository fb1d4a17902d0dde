"""How a SQLite file is laid out and logged: small pages, and a log that is put into the file now and then."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine, reading

MEGABYTES = 1024 * 1024


def pragma(file: Path, name: str) -> int:
    """Ask a pragma of a connection as the store opens it."""
    engine = open_engine(f"sqlite:///{file}")
    with reading(engine) as connection:
        answer = int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
    engine.dispose()
    return answer


def test_a_new_file_has_pages_of_two_kilobytes(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
    prepare(engine)
    engine.dispose()
    assert pragma(tmp_path / "new.db", "page_size") == 2048


@pytest.mark.parametrize("page_bytes", [1024, 4096])
def test_the_log_is_put_into_the_file_every_64_megabytes_whatever_its_pages(
    tmp_path: Path, page_bytes: int
) -> None:
    file = tmp_path / "older.db"
    with closing(sqlite3.connect(file)) as plain:
        plain.execute(f"PRAGMA page_size = {page_bytes}")
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("CREATE TABLE t (n)")
    assert pragma(file, "page_size") == page_bytes
    assert pragma(file, "wal_autocheckpoint") * page_bytes == 64 * MEGABYTES
