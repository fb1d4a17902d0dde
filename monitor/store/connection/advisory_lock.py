"""Session advisory locks, each on a connection of its own. PgBouncer's transaction mode cannot carry them."""

from contextlib import closing, suppress
from hashlib import blake2b

from sqlalchemy import Connection, Engine, text

from monitor.errors import StoreError
from monitor.store.connection.errors import translated

_SILENCE_S = 30  # seconds; six heartbeats may fail

# a key of 64 bits is shown in two halves, objsubid 1 says so
_HOLDER = text("""
SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'local') AS address, a.backend_start
FROM pg_locks l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = (:key >> 32) & 4294967295 AND l.objid::bigint = :key & 4294967295
""")


class AdvisoryLock:
    """One key in this database. The server lets go of it when the connection ends, however it ends.

    With `dies_silent` a holder without a heartbeat for 30 seconds loses it: a frozen leader must not lead.
    """

    def __init__(self, engine: Engine, name: str, *, dies_silent: bool) -> None:
        self._engine = engine
        self._name = name
        # signed: the server's key is a bigint
        self._key = int.from_bytes(blake2b(f"monitor {name}".encode(), digest_size=8).digest(), signed=True)
        self._dies_silent = dies_silent
        self._connection: Connection | None = None

    def __repr__(self) -> str:
        return f"AdvisoryLock({self._name!r})"

    def try_acquire(self) -> bool:
        """Take the lock unless another has it."""
        if self._connection is not None:
            return self.is_held()
        with translated(self._engine):
            connection = self._engine.connect()
            connection.execution_options(isolation_level="AUTOCOMMIT")  # an open one holds vacuum back
            connection.detach()  # out of the pool: closing it ends the session
            try:
                taken = self._take(connection)
            except BaseException:  # not only errors: a cancellation must not leave a session with a lock
                connection.close()
                raise
        if taken:
            self._connection = connection
        else:
            connection.close()
        return taken

    def holder(self) -> str:
        """Say who holds the lock, by what the server knows of its connection."""
        with translated(self._engine), self._engine.connect() as connection:
            row = connection.execute(_HOLDER, {"key": self._key}).first()
        if row is None:
            return "no process"
        since = row.backend_start.isoformat(sep=" ", timespec="seconds")
        return f"{row.application_name or 'a client'} at {row.address} (backend {row.pid}) since {since}"

    def is_held(self) -> bool:
        """Return whether the connection that holds the lock still lives; keeps it alive."""
        if self._connection is None:
            return False
        try:
            with translated(self._engine):
                self._connection.execute(text("SELECT 1"))
        except StoreError:
            self.release()  # without the heartbeat's answer the lock may be another's by now
            return False
        return True

    def release(self) -> None:
        """Give the lock up, then close its connection, which alone would free the lock only after a while."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(StoreError), translated(self._engine), closing(connection):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})

    def _take(self, connection: Connection) -> bool:
        for setting in ("idle = 30", "interval = 10", "count = 3"):  # a dead host is noticed within a minute
            connection.execute(text(f"SET tcp_keepalives_{setting}"))
        if self._dies_silent:
            # ends a session that says nothing: the server lets go of a frozen holder's lock
            connection.execute(text(f"SET idle_session_timeout = '{_SILENCE_S}s'"))
        taken: bool = connection.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}
        ).scalar_one()
        return taken
