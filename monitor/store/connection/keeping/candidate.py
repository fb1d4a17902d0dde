"""A process that waits for a lock, and leaves it alone while its holder may only have lost its connection."""

from collections.abc import Callable

from monitor.clock import boot_s
from monitor.errors import StoreUnavailable
from monitor.store.connection.keeping.lock import Lock

_AFTER_OUTAGE_S = 5.0  # seconds; the holder tries five times a second


class Candidate:
    """Tries for a lock. One that it never saw held is taken at once.

    Of one that was held, and of one behind a database that was away, the old holder has the precedence: it
    goes on with its sweep if it gets the lock again.
    """

    def __init__(self, lock: Lock, *, now: Callable[[], float] = boot_s) -> None:
        self._lock, self._now = lock, now
        self._precedence_s = 0.0
        self._free_since: float | None = None

    def try_acquire(self) -> bool:
        """Take the lock unless another has it or may want it back. Raises StoreUnavailable."""
        try:
            if self._precedence_s and not self._has_been_free():
                return False
            if self._lock.try_acquire():
                return True
        except StoreUnavailable:
            self._free_since = None
            self._precedence_s = _AFTER_OUTAGE_S if self._lock.precedence_s else 0.0
            raise
        self._note_holder()
        return False

    def _has_been_free(self) -> bool:
        if not self._lock.is_free():
            self._note_holder()
            return False
        now = self._now()
        if self._free_since is None:
            self._free_since = now
        return now - self._free_since >= self._precedence_s

    def _note_holder(self) -> None:
        self._free_since, self._precedence_s = None, self._lock.precedence_s
