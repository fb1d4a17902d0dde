"""A database that others have a part in: another program's file, a reader with fewer rights."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest
from sqlalchemy import text

from monitor.errors import StoreUnavailable
from monitor.store.admin.migrate import prepare, require_current, schema_state, upgrade
from monitor.store.connection.engine import open_engine, writing


@pytest.mark.parametrize("made", ["CREATE TABLE t (x)", "CREATE TABLE schema_version (version TEXT)"])
def test_a_file_of_another_program_is_left_as_it_is(tmp_path: Path, made: str) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute(made)
    before = path.read_bytes()
    engine = open_engine(f"sqlite:///{path}")
    for act in (prepare, upgrade, require_current, schema_state):
        with pytest.raises(StoreUnavailable, match="holds tables that are not monitor's: give monitor a"):
            act(engine)
    engine.dispose()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["theirs.db"]


def test_a_postgres_schema_may_hold_tables_of_other_names(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (x integer)"))
    prepare(engine)
    require_current(engine)
    engine.dispose()


@contextmanager
def without_rights() -> Iterator[None]:
    """Be nobody for a while, if root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Give a directory that every user can enter, unlike those of pytest."""
    directory = Path(mkdtemp(prefix="monitor-rights-"))
    directory.chmod(0o755)
    yield directory
    directory.chmod(0o755)
    rmtree(directory)


def test_a_reader_who_may_not_write_reads_beside_an_open_daemon_only(open_directory: Path) -> None:
    path = open_directory / "monitor.db"
    daemon = open_engine(f"sqlite:///{path}", file_mode=0o644)
    reader = open_engine(f"sqlite:///{path}", read_only=True)
    prepare(daemon)
    with writing(daemon) as connection:  # and the pool keeps the file open
        connection.execute(text("INSERT INTO provider (name) VALUES ('p')"))
    with without_rights():
        require_current(reader)
        reader.dispose()
    daemon.dispose()
    path.chmod(0o444)
    open_directory.chmod(0o555)
    with (
        without_rights(),
        pytest.raises(StoreUnavailable, match="cannot be opened by this user without the right"),
    ):
        require_current(reader)
    reader.dispose()
