"""Locks that vanish with the process holding them: flock beside a SQLite file, advisory locks on Postgres.

The leader's lock admits one daemon to a database, a sweep's lock one running sweep of a provider and vantage.
"""

from typing import Protocol

from sqlalchemy import Engine

from monitor.clock import Clock, utc_now
from monitor.store.connection.advisory_lock import AdvisoryLock
from monitor.store.connection.engine import is_sqlite
from monitor.store.connection.file_lock import FileLock


class Lock(Protocol):
    """One holder at a time, of all processes."""

    def try_acquire(self) -> bool:
        """Take the lock unless another has it; True if this object holds it now. Raises StoreUnavailable."""

    def holder(self) -> str:
        """Return who holds it, for people; `no process` if it is free."""

    def is_held(self) -> bool:
        """Return whether this object still holds it; on Postgres also the heartbeat, every few seconds."""

    def release(self) -> None:
        """Give it up; does nothing if it is not held."""


def leader_lock(engine: Engine, *, clock: Clock = utc_now) -> Lock:
    """Return the lock of the daemon that leads."""
    if is_sqlite(engine):
        return FileLock(engine, "lock", clock=clock)
    return AdvisoryLock(engine, "leader", dies_silent=True)


def sweep_lock(engine: Engine, provider: str, vantage: str, *, clock: Clock = utc_now) -> Lock:
    """Return the lock of a running sweep of a provider and vantage (rules.md 32, 36)."""
    if is_sqlite(engine):
        return FileLock(engine, f"sweep-{_file_word(provider)}-{_file_word(vantage)}.lock", clock=clock)
    return AdvisoryLock(engine, f"sweep {provider!r} {vantage!r}", dies_silent=False)


def _file_word(name: str) -> str:
    """Return a name as part of a file name, different for different names."""
    # a slash would name a directory
    return "".join(c if c.isascii() and c.isalnum() else f"%{ord(c):x}." for c in name)
