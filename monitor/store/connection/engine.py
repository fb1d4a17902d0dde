"""Opens a database and hands out transactions on it. Nothing touches disk or network before one is used.

`reading` and `writing` are the border: every driver error leaves them as a StoreError
(store/connection/errors.py).
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from monitor.config.values.urls import with_hosts_as_options
from monitor.errors import ConfigError
from monitor.store.connection.codecs import is_storable
from monitor.store.connection.errors import translated
from monitor.store.connection.file_change import require_same_file, require_written, watch
from monitor.store.connection.keeping.gate import pass_gate
from monitor.store.connection.open_file import FileConnection, FilePool, enter, is_writable, leave

__all__ = [
    "BUSY_AFTER_S",
    "Engine",
    "file_mode_of",
    "is_leaving_wal",
    "is_read_only",
    "is_sqlite",
    "one_moment",
    "open_alone",
    "open_engine",
    "reading",
    "sqlite_path",
    "unhurried",
    "writing",
    "writing_unchecked",
]

BUSY_AFTER_S = 10.0  # longer than the transaction of a sweep takes
_POOL_TIMEOUT_S = 10
# Sweeps write the same pages again and again, a checkpoint copies each once: SQLite's 4 MB are two sweeps.
_LOG_BYTES = 64 * 1024 * 1024
_WRITES = "monitor_writes"
_FILE_MODE = "monitor_file_mode"
_READ_ONLY = "monitor_read_only"
_LEAVES_WAL = "monitor_leaves_wal"
_moment: ContextVar[Connection | None] = ContextVar("moment", default=None)
_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
_SQLITE = {"sqlite", "sqlite+pysqlite"}


def open_engine(
    url: str | URL,
    *,
    file_mode: int = 0o600,
    read_only: bool = False,
    leaves_wal: bool = False,
    answers_within_s: float | None = None,
    busy_after_s: float = BUSY_AFTER_S,
) -> Engine:
    """Return an engine for `sqlite:///path` or `postgresql://user@host/db`; nothing is opened or created yet.

    `file_mode` is that of a SQLite file and what belongs to it. A reader that `leaves_wal` never puts the
    content of a -wal into the file, also where it closes last. SQLite is busy when another process writes for
    `busy_after_s`; of Postgres each statement must be answered `answers_within_s` (None: however long it
    takes). Raises ConfigError for any other address.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        kinds = {_FILE_MODE: file_mode, _READ_ONLY: read_only, _LEAVES_WAL: leaves_wal}
        return _sqlite(address, kinds, busy_after_s)
    return _postgres(address, read_only=read_only, answers_within_s=answers_within_s)


def open_alone(path: Path) -> Engine:
    """Return an engine that reads a SQLite file as it is without its -wal, takes no lock and changes nothing.

    What another process writes meanwhile may make it look damaged.
    """
    address = f"{path.as_uri()}?immutable=1"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose statements all see the same moment of the database."""
    if (shared := _moment.get()) is not None and shared.engine is engine:
        with translated(engine):
            yield shared
        return
    require_same_file(engine)
    with translated(engine), engine.connect() as connection:
        if is_sqlite(engine):
            connection.execution_options(**{_WRITES: False})
        else:
            # READ COMMITTED would see another moment with each statement
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def one_moment(engine: Engine) -> Iterator[None]:
    """Let all that this thread reads in the block see one moment, by one transaction. Write nothing in it."""
    with reading(engine) as connection:
        token = _moment.set(connection)
        try:
            yield
        finally:
            _moment.reset(token)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in one write transaction: committed at the end, rolled back by an exception.

    Raises FileReplaced, a StoreUnavailable, where the SQLite file is no longer the one at its path.
    """
    pass_gate(engine)
    require_same_file(engine)
    with translated(engine), engine.connect() as connection:
        if is_sqlite(engine):
            connection.execution_options(**{_WRITES: True})
        else:
            # whatever the server's default is: who waited for a row sees it as it is then, and goes on;
            # the server refuses to write where this program only reads
            connection.execution_options(
                isolation_level="READ COMMITTED", postgresql_readonly=is_read_only(engine)
            )
        with connection.begin():
            yield connection
    require_written(engine)


@contextmanager
def writing_unchecked(engine: Engine) -> Iterator[Connection]:
    """As `writing`, without SQLite's search for what points to a deleted row: it would read every table."""
    if not is_sqlite(engine):
        with writing(engine) as connection:
            yield connection
        return
    pass_gate(engine)
    require_same_file(engine)
    with translated(engine), engine.connect() as connection:
        plain = connection.connection.cursor()  # no effect inside a transaction: so before `begin`
        plain.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
        finally:
            plain.execute("PRAGMA foreign_keys = ON")  # the connection goes back to the pool
    require_written(engine)


def is_sqlite(engine: Engine) -> bool:
    """Return whether the database is a SQLite file."""
    return engine.dialect.name == "sqlite"


def sqlite_path(engine: Engine) -> Path:
    """Return the absolute path of the SQLite file, as it was when the engine was opened."""
    return Path(str(engine.url.database))


def is_read_only(engine: Engine) -> bool:
    """Return whether the engine was opened for reading alone."""
    answer: bool = engine.get_execution_options()[_READ_ONLY]
    return answer


def is_leaving_wal(engine: Engine) -> bool:
    """Return whether a SQLite engine must not put the content of a -wal into the file."""
    answer: bool = engine.get_execution_options()[_LEAVES_WAL]
    return answer


def file_mode_of(engine: Engine) -> int:
    """Return the permission bits that the SQLite file and its companions are to have."""
    mode: int = engine.get_execution_options()[_FILE_MODE]
    return mode


def _address(url: str | URL) -> URL:
    try:
        address = make_url(with_hosts_as_options(url) if isinstance(url, str) else url)
    except (ArgumentError, ValueError):
        # not repeated: any part of such a text may be a password
        raise ConfigError(
            "this is not a database URL; write sqlite:///path or postgresql://user@host/db"
        ) from None
    if address.drivername in _POSTGRES:
        # written out: without a driver SQLAlchemy 2.0 takes psycopg2, 2.1 psycopg 3
        return _with_password_in_place(address.set(drivername="postgresql+psycopg"))
    if address.drivername not in _SQLITE:
        raise ConfigError(
            f"database url: '{address.drivername}' is not supported: "
            "write sqlite:///path or postgresql://user@host/db"
        )
    # in memory each connection would have its own database
    if not address.database or address.database == ":memory:" or address.database.startswith("file:"):
        raise ConfigError("database url: a SQLite history needs a file, as in sqlite:///data/monitor.db")
    if not is_storable(address.database):
        raise ConfigError("database url: the name of the file has characters that are no UTF-8")
    return address.set(  # no option of the address reaches SQLite
        drivername="sqlite+pysqlite", database=str(Path(address.database).absolute()), query={}
    )


def _with_password_in_place(address: URL) -> URL:
    """Take a password out of the address's options, where it would be shown."""
    given = address.query.get("password")  # several where it is given twice
    if not isinstance(given, str):
        return address
    return address.difference_update_query(["password"]).set(password=address.password or given)


def _sqlite(address: URL, kinds: Mapping[str, int | bool], busy_after_s: float) -> Engine:
    path, read_only = Path(str(address.database)), kinds[_READ_ONLY]

    def connect() -> sqlite3.Connection:
        # A reader's connection can write, too: the last to close must put the log's content into the file.
        # mode=rw never creates: only `prepare` and `upgrade` create a file, with its mode set.
        mode = "ro" if read_only and (kinds[_LEAVES_WAL] or not is_writable(path)) else "rw"
        file = enter(path)
        try:
            connection = sqlite3.connect(
                f"{path.as_uri()}?mode={mode}",
                uri=True,
                timeout=busy_after_s,  # writers wait for one another
                isolation_level=None,  # by itself pysqlite begins none before DDL
                check_same_thread=False,  # reading happens in a pool of threads
                factory=FileConnection,
            )
        except sqlite3.Error:
            if file is not None:
                leave(file)
            raise
        connection.file = file
        return connection

    engine = create_engine(
        address,
        creator=connect,
        poolclass=FilePool,
        pool_timeout=_POOL_TIMEOUT_S,
        execution_options=kinds,
    )
    event.listen(engine, "connect", _set_pragmas)
    if read_only:
        event.listen(engine, "connect", _refuse_writes)
    event.listen(engine, "begin", _begin)
    watch(engine, path, writes=not read_only)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")  # a crash loses the last commits at most
    connection.execute("PRAGMA foreign_keys = ON")  # off by default in SQLite, for each connection
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_BYTES // page_bytes}")


def _refuse_writes(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns into a writing one fails at once when another has written meanwhile.
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Give the statements of the block more time: they go through a whole history."""
    if connection.dialect.name == "sqlite":
        yield
        return
    from monitor.store.connection.patience import longer  # noqa: PLC0415 - see there

    with longer(connection):
        yield


def _postgres(address: URL, *, read_only: bool, answers_within_s: float | None) -> Engine:
    from monitor.store.connection.patience import connection_arguments, connector  # noqa: PLC0415 - see there

    engine = create_engine(
        address,
        connect_args=connection_arguments(address, answers_within_s),
        pool_pre_ping=True,  # a server that restarted has closed the pool's connections
        pool_timeout=_POOL_TIMEOUT_S,
        pool_recycle=1800,  # seconds; firewalls forget a silent connection after an hour or less
        execution_options={_READ_ONLY: read_only},
    )
    event.listen(engine, "do_connect", connector(address, answers_within_s))
    return engine
