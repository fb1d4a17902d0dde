"""Where the years are kept: SQLite files, or databases of a Postgres server, that come and go by name."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from sqlalchemy import URL, make_url

from benchmarks.databases import postgres_server, run_on_server, size_bytes
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, open_engine


class Place(Protocol):
    """Keeps databases by name."""

    name: str

    def make(self, name: str, *, is_history: bool) -> Engine:
        """Make an empty database, with the tables of a history or with none."""

    def open(self, name: str) -> Engine:
        """Open a database anew."""

    def settle(self, name: str) -> None:
        """Do what the database would have done by itself by then."""

    def cool(self, name: str) -> None:
        """Let the machine forget what it holds of a database in memory; no engine may be connected to it."""

    def drop(self, name: str) -> None:
        """Delete a database; no engine may be connected to it."""


def bytes_of(place: Place, name: str) -> int:
    """Return what a whole database takes on the disk."""
    engine = place.open(name)
    try:
        return size_bytes(engine)
    finally:
        engine.dispose()


@contextmanager
def sqlite_place(parent: Path | None) -> Iterator[Place]:
    """Give a directory of SQLite files that goes in the end."""
    with TemporaryDirectory(prefix="monitor-sqlite-", dir=parent, ignore_cleanup_errors=True) as directory:
        yield _Files(Path(directory))


@contextmanager
def postgres_place(parent: Path | None) -> Iterator[Place]:
    """Give a Postgres server with its usual settings that goes in the end."""
    with postgres_server(parent) as server:
        yield _Server(server)


class _Files:
    name = "SQLite"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def make(self, name: str, *, is_history: bool) -> Engine:
        engine = self.open(name)
        if is_history:
            prepare(engine)
        else:
            with closing(sqlite3.connect(self._file(name))) as plain:
                plain.execute("PRAGMA journal_mode = WAL")
        return engine

    def open(self, name: str) -> Engine:
        return open_engine(f"sqlite:///{self._file(name)}")

    def settle(self, name: str) -> None:
        with closing(sqlite3.connect(self._file(name))) as plain:
            plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def cool(self, name: str) -> None:
        self.settle(name)
        os.sync()
        for file in self._all(name):
            with file.open("rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def drop(self, name: str) -> None:
        for file in self._all(name):
            file.unlink()

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.db"

    def _all(self, name: str) -> list[Path]:
        return sorted(self._directory.glob(f"{name}.db*"))


class _Server:
    name = "Postgres"

    def __init__(self, server: Any) -> None:  # noqa: ANN401 - it ships no types
        self._server = server

    @property
    def _address(self) -> URL:
        return make_url(self._server.get_uri())

    def make(self, name: str, *, is_history: bool) -> Engine:
        run_on_server(self._address, f'CREATE DATABASE "{name}"')
        engine = self.open(name)
        if is_history:
            prepare(engine)
        return engine

    def open(self, name: str) -> Engine:
        return open_engine(self._address.set(database=name).render_as_string(hide_password=False))

    def settle(self, name: str) -> None:
        run_on_server(self._address.set(database=name), "VACUUM (ANALYZE)")

    def cool(self, name: str) -> None:  # noqa: ARG002 - all of them at once
        run_on_server(self._address, "CHECKPOINT")
        self._server.stop()
        self._server.ensure_postgres_running()

    def drop(self, name: str) -> None:
        run_on_server(self._address, f'DROP DATABASE "{name}" WITH (FORCE)')
