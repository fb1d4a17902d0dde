"""A lock file beside the SQLite file. It says who holds it, so that a standby can say so too."""

import json
import os
import socket
from contextlib import suppress

from sqlalchemy import Engine

from monitor.clock import Clock
from monitor.errors import StoreUnavailable
from monitor.process import flock
from monitor.store.connection.engine import file_mode_of, sqlite_path
from monitor.store.connection.errors import database_name
from monitor.store.connection.file_change import require_same_file
from monitor.store.connection.keeping.lock import LockState
from monitor.store.connection.keeping.process_state import process_state


class FileLock:
    """`flock` on `<database>.<suffix>`; the kernel lets go of it when the process ends, however it ends.

    A frozen process keeps it for as long as it is frozen.
    """

    precedence_s = 0.0  # a lock that is free has no holder that wants it back

    def __init__(self, engine: Engine, suffix: str, *, clock: Clock) -> None:
        path = sqlite_path(engine)
        self._engine = engine
        self._path = path.with_name(f"{path.name}.{suffix}")
        self._mode = file_mode_of(engine)
        self._database = database_name(engine)
        self._clock = clock
        self._descriptor: int | None = None
        self.terms = 0

    def __repr__(self) -> str:
        return f"FileLock({str(self._path)!r})"

    def try_acquire(self) -> bool:
        """Take the lock unless another has it."""
        if self._descriptor is not None:
            return True
        require_same_file(self._engine)
        try:
            descriptor = self._open()
        except OSError as error:
            raise StoreUnavailable(
                f"database {self._database}: its lock file cannot be written: {error.strerror}: {self._path}"
            ) from error
        # a standby goes on and looks again; closed, or every attempt would leave a descriptor open
        if not flock.take(descriptor) or not self._is_at_path(descriptor):
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        self.terms += 1
        self._sign(descriptor)  # once it is taken: only the holder writes into it
        return True

    def keep(self) -> LockState:
        """Keep it; where its file was deleted, which would let another process in, lock a new one."""
        return LockState.HELD if self.is_held() or self.try_acquire() else LockState.LOST

    def fileno(self) -> int | None:
        """Return None: nothing shows that a file was deleted."""
        return None

    def holder(self) -> str:
        """Say who holds the lock, by what is written in it, and what that process does."""
        if self.is_free():
            return "no process"
        try:
            holder = json.loads(self._path.read_text(encoding="utf-8"))
            state = process_state(holder["pid"]) if holder["host"] == socket.gethostname() else ""
            words = f" ({state})" if state else ""
            return f"process {holder['pid']} on {holder['host']}{words} since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):  # the holder may be writing its name
            return "another process"

    def is_held(self) -> bool:
        """Return whether this object holds the lock.

        A lock file that was deleted or replaced excludes no other: its holder takes the one at the path,
        unless another process has it. While the database itself is away, no process can lead it.
        """
        if self._descriptor is None or not sqlite_path(self._engine).exists():
            return self._descriptor is not None
        if self._is_at_path(self._descriptor):
            return True
        self.release()
        return self.try_acquire()

    def release(self) -> None:
        """Give the lock up. The file stays: removing it would let two processes lock two files."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _is_at_path(self, descriptor: int) -> bool:
        with suppress(OSError):
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        return False

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, self._mode)
        if os.fstat(descriptor).st_uid == os.geteuid():  # only the owner may change the mode
            os.fchmod(descriptor, self._mode)
        return descriptor

    def _sign(self, descriptor: int) -> None:
        since = self._clock().isoformat(sep=" ", timespec="seconds")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        os.ftruncate(descriptor, 0)  # an older, longer name would leave its end behind
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)

    def is_free(self) -> bool:
        """Return whether no process holds it, without taking it."""
        if self._descriptor is not None:
            return False
        return flock.is_free(self._path)
