"""A lock that is kept alive beside what runs under it, and whether this process may go on.

A thread of its own does it, so that neither a busy loop nor threads that wait for a database make it late. It
sleeps on the lock's socket: a cut connection is noticed, and the lock taken again, before others look.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from select import POLLIN, poll
from typing import Self

from monitor.clock import boot_s
from monitor.errors import Fenced, StoreError, StoreUnavailable
from monitor.store.connection.keeping.lock import Lock, LockState

_HEARTBEAT_S = 5.0  # a sixth of the silence after which a server lets go of the lock
_RETRY_S = 0.2  # five times as often as a process that stands by
_TICK_S = 1.0
_FROZEN_S = 10.0  # with a heartbeat before and one after it still less than the silence
_LOOK_S = 0.05
_DECIDED_WITHIN_S = 30.0

OnState = Callable[[LockState, str], None]
"""Called in the loop with a new state and, where the database does not answer, why."""


class Lease:
    """Keeps a lock while it is entered: `async with Lease(lock) as lease`. It is not given up at the end.

    A process that was frozen (SIGSTOP, a suspended machine) for ten seconds is in doubt when it wakes up:
    until the lock was checked it may not go on. `still_ours` is asked where another process may have held
    the lock meanwhile. While the database does not answer, a process that was never frozen goes on.
    """

    def __init__(
        self,
        lock: Lock,
        *,
        on_state: OnState = lambda _state, _why: None,
        now: Callable[[], float] = boot_s,
    ) -> None:
        """`now` are seconds that go on while the machine sleeps."""
        self.still_ours: Callable[[], bool] = lambda: True
        self.state = LockState.HELD
        self._lock, self._on_state, self._now = lock, on_state, now
        self._mutex = threading.Lock()
        self._rounds = self._needed = self._confirmed = 0
        self._terms = lock.terms
        self._alive_at = now()
        self._is_over, self._ended = False, asyncio.Event()
        self._sleep, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._keep, name=f"lease of {lock!r}", daemon=True)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._ticking = asyncio.create_task(self._tick())
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ticking.cancel()
        self._is_over = True
        self._end_rest()
        with suppress(TimeoutError):  # a database that hangs ends it later
            async with asyncio.timeout(_TICK_S):
                await self._ended.wait()

    async def require(self) -> None:
        """Wait until this process may go on; raises Fenced where another one holds the lock."""
        while not self._may_go_on():  # noqa: ASYNC110 - a thread decides, and it is rarely waited for
            await asyncio.sleep(_LOOK_S)

    def require_now(self) -> None:
        """As `require`, in a thread; raises StoreUnavailable where it stays undecided."""
        give_up_at = self._now() + _DECIDED_WITHIN_S
        while not self._may_go_on():
            if self._now() > give_up_at:
                raise StoreUnavailable("this process was frozen, and the database does not say who leads now")
            time.sleep(_LOOK_S)

    def _may_go_on(self) -> bool:
        with self._mutex:
            if self._now() - self._alive_at > _FROZEN_S:
                self._doubt()
            if self.state is LockState.LOST:
                raise Fenced(f"another process took over while this one was away ({self._lock!r})")
            return self._confirmed >= self._needed

    async def _tick(self) -> None:
        while True:
            with self._mutex:
                if self._now() - self._alive_at > _FROZEN_S:
                    self._doubt()
                self._alive_at = self._now()
            await asyncio.sleep(_TICK_S)

    def _doubt(self) -> None:
        """Require a check that begins after this moment."""
        self._needed, self._alive_at = self._rounds + 1, self._now()
        self._end_rest()

    def _end_rest(self) -> None:
        with suppress(OSError):  # the thread has ended, or is awake and was called often
            self._wake.send(b"x", socket.MSG_DONTWAIT)

    def _keep(self) -> None:
        with self._sleep, self._wake:
            self._keep_alive()
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._ended.set)

    def _keep_alive(self) -> None:
        while not self._is_over:
            with self._mutex:
                self._rounds += 1
                number, is_doubtful = self._rounds, self._confirmed < self._needed
            state, why = self._check(is_doubtful=is_doubtful)
            with self._mutex:
                if state is LockState.HELD:
                    self._confirmed = number
                has_changed, self.state = state is not self.state, state
            if has_changed and not self._is_over:
                with suppress(RuntimeError):  # the loop has ended
                    self._loop.call_soon_threadsafe(self._on_state, state, why)
            if state is LockState.LOST:
                return
            self._rest(_HEARTBEAT_S if state is LockState.HELD else _RETRY_S)

    def _check(self, *, is_doubtful: bool) -> tuple[LockState, str]:
        try:
            state = self._lock.keep()
            is_new = self._lock.terms != self._terms
            if state is LockState.HELD and (is_new or is_doubtful) and not self.still_ours():
                return LockState.LOST, ""
            if state is LockState.HELD:
                self._terms = self._lock.terms
        except StoreError as error:
            return LockState.UNKNOWN, str(error)
        except Exception as error:  # noqa: BLE001 - whatever one round meets, the next one must be made
            return LockState.UNKNOWN, type(error).__name__
        return state, ""

    def _rest(self, seconds: float) -> None:
        """Sleep, until the lock's connection ends or a check is wanted."""
        events = poll()  # not select, which knows no descriptor above 1023
        events.register(self._sleep, POLLIN)
        if (number := self._lock.fileno()) is not None:
            events.register(number, POLLIN)
        if self._sleep.fileno() in dict(events.poll(seconds * 1000)):
            self._sleep.recv(4096)
