"""Whether this process leads: it waits for the lock, keeps it alive, and notices when another one has it."""

import logging
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from monitor.errors import StoreUnavailable
from monitor.logs import event
from monitor.process.stop import Stop
from monitor.store.connection.keeping.candidate import Candidate
from monitor.store.connection.keeping.lease import Lease
from monitor.store.connection.keeping.lock import Lock, LockState

log = logging.getLogger(__name__)


class Leadership:
    """The leader's lock over the life of a daemon: term after term, and on standby between them.

    `announce` takes a line for people, `on_database` an error where the database stops answering during a
    term, and None where it answers again.
    """

    def __init__(
        self,
        lock: Lock,
        announce: Callable[[str], None],
        on_database: Callable[[StoreUnavailable | None], None],
    ) -> None:
        self.lock, self._announce, self._on_database = lock, announce, on_database
        self._candidate = Candidate(lock)
        self._lease: Lease | None = None
        self._holder = ""

    async def try_acquire(self, *, at_once: bool = False) -> bool:
        """Take the lock if this process may have it now; `at_once` for the one that led until now.

        Raises StoreUnavailable.
        """
        taker = self.lock if at_once else self._candidate
        return await to_thread(taker.try_acquire)  # in a thread: the lock's server may not answer

    async def stand_by(self) -> None:
        """Say who leads, once for each holder and what it does."""
        holder = await to_thread(self.lock.holder)
        if holder not in {self._holder, "no process"}:  # a free one is left to its old holder for a moment
            event(log, logging.INFO, "standby", holder=holder)
            self._announce(f"standby: {holder} leads this database; taking over when it ends")
            self._holder = holder

    @asynccontextmanager
    async def term(self, until: Stop) -> AsyncIterator[None]:
        """Keep the lock alive; where another process has it, ask `until` to stop at once."""

        def note(state: LockState, why: str) -> None:
            if state is LockState.UNKNOWN:
                self._on_database(StoreUnavailable(why))
            elif state is LockState.HELD:
                self._on_database(None)
            else:
                event(log, logging.WARNING, "leadership_lost")
                until.ask()  # twice: drain and cut short in one
                until.ask()

        self._holder = ""
        async with Lease(self.lock, on_state=note) as self._lease:
            yield
        if self._lease.state is not LockState.LOST:  # one that is lost stops whatever still runs
            self._lease = None

    async def require(self) -> None:
        """Wait until this process is known to lead; raises Fenced where another one does."""
        if self._lease is not None:
            await self._lease.require()

    def require_now(self) -> None:
        """As `require`, in a thread."""
        if (lease := self._lease) is not None:
            lease.require_now()
