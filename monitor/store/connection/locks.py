"""Locks that vanish with the process holding them: flock beside a SQLite file, advisory locks on Postgres.

The leader's lock admits one daemon to a database, a sweep's lock one running sweep of a provider and vantage.
"""

from sqlalchemy import Engine

from monitor.clock import Clock, utc_now
from monitor.store.connection.advisory_lock import SILENCE_S, AdvisoryLock
from monitor.store.connection.engine import is_sqlite
from monitor.store.connection.file_lock import FileLock
from monitor.store.connection.keeping.lock import Lock

__all__ = ["Lock", "leader_lock", "sweep_lock"]

# A frozen process loses its sweep before its lead, also where the sweep had the later heartbeat: who takes
# over finds the sweep cut, and makes it again at once.
SWEEP_SILENCE_S = SILENCE_S - 6


def leader_lock(engine: Engine, *, clock: Clock = utc_now) -> Lock:
    """Return the lock of the daemon that leads."""
    if is_sqlite(engine):
        return FileLock(engine, "lock", clock=clock)
    return AdvisoryLock(engine, "leader")


def sweep_lock(engine: Engine, provider: str, vantage: str, *, clock: Clock = utc_now) -> Lock:
    """Return the lock of a running sweep of a provider and vantage (rules.md 32, 36)."""
    if is_sqlite(engine):
        return FileLock(engine, f"sweep-{_file_word(provider)}-{_file_word(vantage)}.lock", clock=clock)
    return AdvisoryLock(engine, f"sweep {provider!r} {vantage!r}", silence_s=SWEEP_SILENCE_S)


def _file_word(name: str) -> str:
    """Return a name as part of a file name, different for different names."""
    # a slash would name a directory
    return "".join(c if c.isascii() and c.isalnum() else f"%{ord(c):x}." for c in name)
