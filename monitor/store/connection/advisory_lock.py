"""Session advisory locks, each on a connection of its own. PgBouncer's transaction mode cannot carry them."""

import threading
from contextlib import closing, suppress
from hashlib import blake2b

from sqlalchemy import Connection, Engine, Row, text

from monitor.errors import StoreError, StoreUnavailable
from monitor.store.connection.errors import database_name, translated
from monitor.store.connection.keeping.abandoned import Session, abandon, is_abandoned
from monitor.store.connection.keeping.lock import LockState
from monitor.store.connection.keeping.pooler import require_session

SILENCE_S = 30  # seconds; five heartbeats may fail

# a key of 64 bits is shown in two halves, objsubid 1 says so
_HOLDER = text("""
SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'local') AS address, a.backend_start
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = (:key >> 32) & 4294967295 AND l.objid::bigint = :key & 4294967295
""")
_SESSION = text("""
SELECT a.pid, a.backend_start, pg_is_in_recovery() AS is_standby
FROM pg_stat_activity a
WHERE a.pid = pg_backend_pid()
""")
_TAKE = text("SELECT pg_try_advisory_lock(:key)")


class AdvisoryLock:
    """One key in this database. The server lets go of it when the connection ends, however it ends.

    A holder without a heartbeat for `silence_s` loses it: a frozen process must neither lead nor sweep.
    """

    precedence_s = 1.0  # the holder whose connection was cut takes it again in less

    def __init__(self, engine: Engine, name: str, *, silence_s: int = SILENCE_S) -> None:
        self._engine, self._silence_s = engine, silence_s
        self._name = name
        # signed: the server's key is a bigint
        self._key = int.from_bytes(blake2b(f"monitor {name}".encode(), digest_size=8).digest(), signed=True)
        self._connection: Connection | None = None
        self._session: Session | None = None  # of that connection
        self._releases = 0
        self._change = threading.Lock()  # of the connection, together with the number of releases
        self.terms = 0

    def __repr__(self) -> str:
        return f"AdvisoryLock({self._name!r})"

    def try_acquire(self) -> bool:
        """Take the lock unless another has it."""
        if self._connection is not None:
            return self.is_held()
        if self._take():
            return True
        # a connection that the network swallowed lives on at the server, for half a minute
        return self._end_abandoned_session() and self._take()

    def keep(self) -> LockState:
        """Keep the lock alive; where its connection was cut, take it again at once."""
        return LockState.HELD if self.is_held() or self.try_acquire() else LockState.LOST

    def fileno(self) -> int | None:
        """Return the socket that can be read from once the connection ends."""
        if self._connection is None:
            return None
        try:
            number: int = self._connection.connection.dbapi_connection.fileno()  # type: ignore[union-attr]
        except Exception:  # noqa: BLE001 - the driver's own for a closed connection; `keep` finds out
            return None
        return number

    def holder(self) -> str:
        """Say who holds the lock, by what the server knows of its connection."""
        row = self._holder()
        if row is None:
            return "no process"
        since = row.backend_start.isoformat(sep=" ", timespec="seconds")
        return f"{row.application_name or 'a client'} at {row.address} (backend {row.pid}) since {since}"

    def is_free(self) -> bool:
        """Return whether no process holds it, without taking it."""
        return self._holder() is None

    def is_held(self) -> bool:
        """Return whether the connection that holds the lock still lives; keeps it alive."""
        if self._connection is None:
            return False
        try:
            with translated(self._engine):
                self._connection.execute(text("SELECT 1"))
        except StoreError:
            self._drop()  # without the heartbeat's answer the lock may be another's by now
            return False
        return True

    def release(self) -> None:
        """Give the lock up, then close its connection, which alone would free the lock only after a while."""
        with self._change:
            self._releases += 1  # a try that still waits for the server must not take it afterwards
            connection = self._let_go()
        if connection is not None:
            with suppress(StoreError), translated(self._engine), closing(connection):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})

    def _drop(self) -> None:
        if (connection := self._let_go()) is not None:
            with suppress(StoreError), translated(self._engine):
                connection.close()

    def _let_go(self) -> Connection | None:
        connection, self._connection = self._connection, None
        if self._session is not None:
            abandon(self._session)
        return connection

    def _holder(self) -> Row[tuple[object, ...]] | None:
        with translated(self._engine), self._engine.connect() as connection:
            return connection.execute(_HOLDER, {"key": self._key}).first()

    def _take(self) -> bool:
        releases, session = self._releases, None
        with translated(self._engine):
            connection = self._engine.connect()
            connection.execution_options(isolation_level="AUTOCOMMIT")  # an open one holds vacuum back
            connection.detach()  # out of the pool: closing it ends the session
            try:
                session = self._prepare(connection)
                is_taken = releases == self._releases and self._lock(connection)
            except BaseException:  # not only errors: a cancellation must not leave a session with a lock
                if session is not None:
                    abandon(session)
                connection.close()
                raise
        with self._change:
            is_taken = is_taken and releases == self._releases
            if is_taken:
                self._connection, self._session = connection, session
                self.terms += 1
        if not is_taken:
            connection.close()  # and with it the lock, where it was given up meanwhile
        return is_taken

    def _prepare(self, connection: Connection) -> Session:
        """Let a session end with a frozen process; returns its identity at the server."""
        require_session(self._engine, connection)
        pid, began_at, is_standby = connection.execute(_SESSION).one()
        if is_standby:
            raise StoreUnavailable(
                f"database {database_name(self._engine)} is a read-only standby: name the primary server, or "
                "several servers with target_session_attrs=read-write"
            )
        for setting in ("idle = 30", "interval = 10", "count = 3"):  # a dead host is noticed within a minute
            connection.execute(text(f"SET tcp_keepalives_{setting}"))
        # ends a session that says nothing: the server lets go of a frozen holder's lock
        connection.execute(text(f"SET idle_session_timeout = '{self._silence_s}s'"))
        return pid, began_at

    def _lock(self, connection: Connection) -> bool:
        is_taken: bool = connection.execute(_TAKE, {"key": self._key}).scalar_one()
        return is_taken

    def _end_abandoned_session(self) -> bool:
        """End a session that this process has let go of, if that one is in the way."""
        row = self._holder()
        if row is None or not is_abandoned((row.pid, row.backend_start)):
            return False
        with translated(self._engine), self._engine.connect() as connection:
            # waits until it is gone, as the lock is only free then
            ended: bool = connection.execute(
                text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": row.pid}
            ).scalar_one()
        return ended
