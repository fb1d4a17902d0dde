"""Refuses a connection pooler that shares one session of the server among several clients.

PgBouncer in transaction mode does: a lock of a session, and the settings that let it die with a frozen
process, would then belong to whichever client comes next.
"""

from sqlalchemy import Connection, Engine, text

from monitor.errors import StoreError
from monitor.store.connection.errors import database_name

_TRIES = 3  # a pooler may rotate the few sessions that it has
_PID = text("SELECT pg_backend_pid()")
_RESET = text("RESET idle_in_transaction_session_timeout")


def require_session(engine: Engine, connection: Connection) -> None:
    """Make sure that a connection has a session of the server for itself.

    The connection must be in autocommit mode, the database Postgres. Raises StoreError for a pooler in
    transaction or statement mode.
    """
    pid = connection.execute(_PID).scalar_one()
    # a pooler gives its clients numbers of its own to cancel by
    if _promised_pid(connection) == pid or not _is_shared(engine, connection):
        return
    connection.execute(_RESET)  # what `end_frozen_transactions` set would be another client's
    raise StoreError(
        f"database {database_name(engine)} is reached through a pooler in transaction mode, such as "
        "PgBouncer, which cannot carry the locks of a session: name the server itself, or a pool with "
        "pool_mode=session"
    )


def _promised_pid(connection: Connection) -> int:
    pid: int = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    return pid


def _is_shared(engine: Engine, connection: Connection) -> bool:
    """Return whether another client gets the session that this connection uses."""
    for _ in range(_TRIES):
        pid = connection.execute(_PID).scalar_one()
        with engine.connect() as other, other.begin():
            if other.execute(_PID).scalar_one() == pid:
                return True
            if connection.execute(_PID).scalar_one() != pid:  # it was given another session meanwhile
                return True
    return False
