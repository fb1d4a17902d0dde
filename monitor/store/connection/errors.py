"""Turns what a driver reports into a StoreError that names the database, what is wrong and what to do.

Foreign exceptions are translated here, once, and nowhere else.
"""

import os
import re
import socket
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from monitor.errors import SchemaOutdated, StoreError, StoreUnavailable
from monitor.masking import masked
from monitor.process.file_writer import process_words, writer_of

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

_BUSY: Final = "is busy: another process is writing to it; try again when it is done"

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
    ("locked", _BUSY),
    ("busy", _BUSY),
)

_REFUSES: Final = "refuses this user: check user name and password in the database url, and pg_hba.conf"
_POOLER: Final = (
    "is reached through a pooler that refuses this: name the server itself, or a pool with pool_mode=session"
)
_NO_DATABASE: Final = "does not exist: create it with `createdb`, or correct the name in the database url"

# Postgres error class or code (SQLSTATE, the longest match counts) -> what it means.
POSTGRES_TROUBLE: Final[tuple[tuple[str, str], ...]] = (
    ("08P01", _POOLER),  # PgBouncer's, of a transaction in its statement mode
    ("28", _REFUSES),
    ("3D000", _NO_DATABASE),
    ("42501", "does not let this user do that: grant it the rights on the schema"),
    ("25006", "is read-only: connect to the primary server"),
    ("25", "ended a transaction: see its idle_in_transaction_session_timeout and transaction_timeout"),
    ("53100", "cannot be written: the disk of the server is full"),
    ("53", "has no connection or memory left: try again, or raise its limits"),
    ("57014", "did not finish a statement in time: it is busy, or another process holds what it needs"),
    ("57P01", "ended the connection: it shuts down, or an administrator did it; try again in a moment"),
    ("57P05", "ended a silent connection: try again, or raise its idle_session_timeout"),
    ("57", "is shutting down or starting up: try again in a moment"),
    ("58", "cannot use its files: the log of the server says why"),
    ("XX", "reports damage or a fault of its own: the log of the server says which"),
    ("55P03", "is busy: another process holds a lock on it; try again when it is done"),
    ("40", "was changed by another process at the same moment: try again"),
    (
        "08",
        "cannot be reached: check that the server runs and that host and port in the database url are right",
    ),
)

_NOT_UP: Final = "is shutting down or starting up: try again in a moment"
_FULL: Final = "has no connection left: try again, or raise its max_connections or the limit of this user"
_UNVERIFIED: Final = (
    "shows a certificate that cannot be verified: it has expired, or it is not from an authority in the file "
    "of sslrootcert; renew it, or name that authority's file in the database url"
)
_EXPIRED: Final = "shows a certificate that has expired: renew it at the server"
_NOT_YET: Final = "shows a certificate that is not valid yet: check the clocks here and where it was issued"
_UNTRUSTED: Final = (
    "shows a certificate that is not from an authority in the file of sslrootcert: name that authority's "
    "file in the database url"
)
# OpenSSL's numbers of what is wrong with a certificate (openssl-verification-options(1)); libpq hides them.
_CERTIFICATES: Final = MappingProxyType(
    {9: _NOT_YET, 10: _EXPIRED, **dict.fromkeys((18, 19, 20, 21), _UNTRUSTED)}
)
_REFUSED_AT: Final = re.compile(
    r'server at "([^"]+)".*?port (\d+) failed: SSL error: certificate verify failed'
)
_WANTS_TLS: Final = struct.pack("!II", 8, 80877103)  # Postgres' SSLRequest: its length, its code
_LOOK_S: Final = 3.0
_NO_AUTHORITY: Final = (
    "cannot be verified: the file of sslrootcert cannot be read; name that of the server's authority in the "
    "database url"
)
_NO_TLS: Final = (
    "speaks no TLS, which sslmode in the database url demands: set ssl = on at the server, or write another "
    "sslmode"
)
_OTHER_HOST: Final = (
    "shows a certificate of another host: write the name that it is for into the database url, or have one "
    "issued for this host"
)
_TLS_ALONE: Final = (
    "refuses this user without TLS: write sslmode=require or stricter into the database url, "
    "or see pg_hba.conf"
)

# What is said of a connection that never came to be (a piece of it, the first that fits) -> what it means.
# libpq has no SQLSTATE before there is a connection: it hands over only the words of the server, or its own.
REFUSED_CONNECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("unsupported startup parameter", _POOLER),
    ("certificate verify failed", _UNVERIFIED),
    ("does not match host name", _OTHER_HOST),
    ("root certificate file", _NO_AUTHORITY),
    ("does not support SSL", _NO_TLS),
    ("SSL encryption", _REFUSES),  # of two tries, with and without
    ("no encryption", _TLS_ALONE),
    ("valid client certificate", "wants a certificate of this client: name sslcert and sslkey in its url"),
    ("not permitted to log in", "lets this user not log in: ALTER ROLE ... LOGIN, or name another one"),
    ("permission denied for database", "lets this user not connect: GRANT CONNECT ON DATABASE to it"),
    ("not currently accepting", "takes no connections: ALTER DATABASE ... ALLOW_CONNECTIONS true"),
    ("connection slots", _FULL),
    ("too many", _FULL),
    ("read-only", "is read-only: connect to the primary server"),  # target_session_attrs
    ("password", _REFUSES),
    ("authentication failed", _REFUSES),
    ("pg_hba.conf", _REFUSES),
    ('role "', _REFUSES),
    ("does not exist", _NO_DATABASE),
    ("starting up", _NOT_UP),
    ("shutting down", _NOT_UP),
    ("recovery", _NOT_UP),  # after a crash, or a standby that is not consistent yet
    ("accepting connections", _NOT_UP),
    ("FATAL:", "refuses the connection: see what it says"),
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
        meaning = next((meaning for piece, meaning in SQLITE_TROUBLE if piece in said), None)
        return f"{meaning}{_writer_words(engine)}" if meaning == _BUSY else meaning
    return None


def _writer_words(engine: Engine) -> str:
    writer = writer_of(Path(str(engine.url.database)))
    return "" if writer in {None, os.getpid()} else f" ({process_words(writer or 0)})"


def _is_postgres_error(engine: Engine, origin: BaseException, name: str = "Error") -> bool:
    """Return whether this is psycopg's Error, or another class of it; a SQLite file never loads psycopg."""
    driver = engine.dialect.loaded_dbapi
    return engine.dialect.name == "postgresql" and isinstance(origin, getattr(driver, name))


def _sqlstate(origin: BaseException) -> str | None:
    state: str | None = getattr(origin, "sqlstate", None)
    return state


def _postgres_trouble(engine: Engine, origin: BaseException) -> str | None:
    state = _sqlstate(origin)
    if state is None:
        said = str(origin)
        if meaning := next((words for piece, words in REFUSED_CONNECTIONS if piece in said), None):
            return _unverified_words(engine, said) if meaning == _UNVERIFIED else meaning
        state = "08006" if _is_postgres_error(engine, origin, "OperationalError") else ""
    matches = [(len(code), meaning) for code, meaning in POSTGRES_TROUBLE if state.startswith(code)]
    return max(matches)[1] if matches else None


def _unverified_words(engine: Engine, said: str) -> str:
    """Say what is wrong with a server's certificate, which libpq does not: it is looked at once more."""
    import ssl  # noqa: PLC0415 - for this alone, and it takes a moment

    refused = _REFUSED_AT.search(said)
    if refused is None:
        return _UNVERIFIED
    own = str(Path.home() / ".postgresql/root.crt")  # libpq's default
    defaults = engine.dialect.loaded_dbapi.pq.Conninfo.get_defaults()  # with PGSSLROOTCERT
    usual = {option.keyword: option.val for option in defaults}.get(b"sslrootcert")
    authority = engine.url.query.get("sslrootcert") or (usual or own.encode()).decode()
    try:
        context = ssl.create_default_context(cafile=None if authority == "system" else str(authority))
        context.check_hostname = False
        place = (refused[1], int(refused[2]))
        with socket.create_connection(place, timeout=_LOOK_S) as connection:
            connection.sendall(_WANTS_TLS)
            connection.recv(1)
            context.wrap_socket(connection).close()
    except ssl.SSLCertVerificationError as error:
        return _CERTIFICATES.get(error.verify_code, _UNVERIFIED)
    except OSError:  # also ssl's own: away by now, or it wants more of this client
        return _UNVERIFIED
    return _UNVERIFIED


def _first_line(engine: Engine, origin: BaseException) -> str:
    line = (str(origin).strip() or type(origin).__name__).splitlines()[0]
    return masked(line, _passwords(engine))[:300]  # libpq may quote the address


def _passwords(engine: Engine) -> tuple[str, ...]:
    options = engine.url.query
    given = (engine.url.password, *(options.get(name) for name in _PASSWORD_OPTIONS))
    return tuple(str(value) for value in given if value)
