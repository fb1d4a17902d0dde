"""What every lock can do, whatever holds it."""

from enum import StrEnum
from typing import Protocol


class LockState(StrEnum):
    """What is known of a lock that this process took."""

    HELD = "held"
    UNKNOWN = "unknown"  # the database does not answer: no other process can take it there either
    LOST = "lost"  # another process holds it


class Lock(Protocol):
    """One holder at a time, of all processes.

    `terms` counts how often this object took it. A process that waits for it leaves a free lock alone for
    `precedence_s`: the holder may only have lost its connection.
    """

    precedence_s: float
    terms: int

    def try_acquire(self) -> bool:
        """Take the lock unless another has it; True if this object holds it now. Raises StoreUnavailable."""

    def keep(self) -> LockState:
        """Keep it alive, which a lock on a server needs every few seconds, and take it again if it was cut.

        Raises StoreError where nothing is known of it.
        """

    def fileno(self) -> int | None:
        """Return a file descriptor that can be read from once the lock is cut; None where there is none."""

    def holder(self) -> str:
        """Return who holds it, for people; `no process` if it is free. Raises StoreUnavailable."""

    def is_free(self) -> bool:
        """Return whether no process holds it, without taking it. Raises StoreUnavailable."""

    def is_held(self) -> bool:
        """Return whether this object still holds it; on Postgres also the heartbeat, every few seconds."""

    def release(self) -> None:
        """Give it up; does nothing if it is not held."""
