"""Turns what a driver reports into a StoreError that names the database, what is wrong and what to do.

Foreign exceptions are translated here, once, and nowhere else.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from monitor.errors import SchemaOutdated, StoreError, StoreUnavailable
from monitor.masking import masked

_UPGRADE = "its tables are not this version's: run `monitor db upgrade`"


# In WAL mode even a reader writes: it makes -wal and -shm, unless someone else has them open.
_COMPANIONS_CLOSED: Final = frozenset(
    {"SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY_CANTINIT", "SQLITE_READONLY_RECOVERY"}
)
_NEEDS_COMPANIONS: Final = (
    "cannot be opened by this user without the right to write its directory: "
    "read it while the daemon has it open, or as the daemon's user"
)

_PASSWORD_OPTIONS: Final = ("password", "sslpassword")  # libpq takes passwords as options, too

# What SQLite says (a piece of its message) -> what it means.
SQLITE_TROUBLE: Final[tuple[tuple[str, str], ...]] = (
    (
        "unable to open database file",
        "cannot be opened: the file must exist, and this user may read and write it and its directory",
    ),
    ("file is not a database", "is not a SQLite database: name another file, or move this one away"),
    ("malformed", "is damaged: restore a backup, or move it away and import an export"),
    ("disk i/o error", "cannot be read or written: the disk reports an error"),
    ("database or disk is full", "cannot be written: the disk is full"),
    (
        "readonly database",
        "cannot be written: the file, its directory or the disk is read-only for this user",
    ),
    (
        "locked",
        "is busy: another process has been writing to it for over 10 seconds; try again when it is done",
    ),
    (
        "busy",
        "is busy: another process has been writing to it for over 10 seconds; try again when it is done",
    ),
)

# Postgres error class or code (SQLSTATE, the longest match counts) -> what it means.
POSTGRES_TROUBLE: Final[tuple[tuple[str, str], ...]] = (
    ("08004", "refuses the connection: see what it says"),
    ("28", "refuses this user: check user name and password in the database url, and pg_hba.conf"),
    ("3D000", "does not exist: create it with `createdb`, or correct the name in the database url"),
    ("42501", "does not let this user do that: grant it the rights on the schema"),
    ("25006", "is read-only: connect to the primary server"),
    ("53100", "cannot be written: the disk of the server is full"),
    ("53", "has no connection or memory left: try again, or raise its limits"),
    ("57014", "did not finish a statement in time: it is busy, or another process holds what it needs"),
    ("57", "is shutting down or starting up: try again in a moment"),
    ("55P03", "is busy: another process holds a lock on it; try again when it is done"),
    ("40", "was changed by another process at the same moment: try again"),
    (
        "08",
        "cannot be reached: check that the server runs and that host and port in the database url are right",
    ),
)


def database_name(engine: Engine) -> str:
    """Return how messages call the database: its address without password and options."""
    given = engine.url
    # from its parts: the whole address would keep its options, where a password may stand
    bare = URL.create(given.get_backend_name(), given.username, None, given.host, given.port, given.database)
    return bare.render_as_string()


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn every driver error in the block into a StoreError."""
    try:
        yield
    # UnicodeEncodeError: the driver encodes a parameter before it reaches the database
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error, UnicodeEncodeError) as error:
        raise _translate(engine, error) from error


def _translate(engine: Engine, error: Exception) -> StoreError:
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    where = f"database {database_name(engine)}"
    if isinstance(error, PoolTimeout):  # before DBAPIError: it is SQLAlchemy's own and has no origin
        return StoreUnavailable(f"{where} is busy: no connection became free within 10 seconds")
    if _is_other_schema(origin):
        return SchemaOutdated(f"{where}: {_UPGRADE}")
    trouble = _known_trouble(engine, origin)
    if trouble is not None:
        never_connected = _is_postgres_error(engine, origin, "OperationalError") and _sqlstate(origin) is None
        words = f" ({_first_line(engine, origin)})" if never_connected else ""
        return StoreUnavailable(f"{where} {trouble}{words}")
    return StoreError(f"{where}: {_first_line(engine, origin)}")


def _is_other_schema(origin: BaseException) -> bool:
    if isinstance(origin, sqlite3.OperationalError):
        return str(origin).startswith(("no such table", "no such column"))  # it has one code for both
    return _sqlstate(origin) in {"42P01", "42703"}


def _known_trouble(engine: Engine, origin: BaseException) -> str | None:
    if _is_postgres_error(engine, origin):
        return _postgres_trouble(engine, origin)
    if isinstance(origin, sqlite3.Error):
        if getattr(origin, "sqlite_errorname", None) in _COMPANIONS_CLOSED:
            return _NEEDS_COMPANIONS
        said = str(origin).lower()
        return next((meaning for piece, meaning in SQLITE_TROUBLE if piece in said), None)
    return None


def _is_postgres_error(engine: Engine, origin: BaseException, name: str = "Error") -> bool:
    """Return whether this is psycopg's Error, or another class of it; a SQLite file never loads psycopg."""
    driver = engine.dialect.loaded_dbapi
    return engine.dialect.name == "postgresql" and isinstance(origin, getattr(driver, name))


def _sqlstate(origin: BaseException) -> str | None:
    state: str | None = getattr(origin, "sqlstate", None)
    return state


def _postgres_trouble(engine: Engine, origin: BaseException) -> str | None:
    state = _sqlstate(origin) or _state_of_failed_connection(engine, origin)
    matches = [(len(code), meaning) for code, meaning in POSTGRES_TROUBLE if state.startswith(code)]
    return max(matches)[1] if matches else None


def _state_of_failed_connection(engine: Engine, origin: BaseException) -> str:
    """Return the SQLSTATE of a connection that never came to be: libpq hands over only the server's words."""
    said = str(origin)  # libpq has no code before there is a connection
    if "password" in said or "authentication failed" in said or "pg_hba.conf" in said:
        return "28000"
    if "does not exist" in said:
        return "28000" if 'role "' in said else "3D000"
    if "too many" in said:
        return "53300"
    if "starting up" in said or "shutting down" in said:
        return "57P03"
    if "FATAL:" in said:
        return "08004"
    return "08006" if _is_postgres_error(engine, origin, "OperationalError") else ""


def _first_line(engine: Engine, origin: BaseException) -> str:
    line = (str(origin).strip() or type(origin).__name__).splitlines()[0]
    return masked(line, _passwords(engine))[:300]  # libpq may quote the address


def _passwords(engine: Engine) -> tuple[str, ...]:
    options = engine.url.query
    given = (engine.url.password, *(options.get(name) for name in _PASSWORD_OPTIONS))
    return tuple(str(value) for value in given if value)
