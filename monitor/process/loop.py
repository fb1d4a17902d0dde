"""An event loop that can always be ended: no thread and no task that hangs holds it up."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, Final, TypeVar

from monitor.logs import event
from monitor.process.daemon_thread import run_in_daemon_thread
from monitor.process.hanging import names_of, others_than
from monitor.process.late_timers import LateTimer
from monitor.process.standstill import Standstill

log = logging.getLogger(__name__)
T = TypeVar("T")

_THREADS: Final = 64  # a database that does not answer would use up the usual handful
_MOST_LOOKUPS: Final = 64  # of names, at once
_CANCEL_S: Final = 0.4  # for tasks that are cancelled at the end
_THREADS_END_S: Final = 0.3

_said = threading.Lock()  # taken by who says what is left behind
_left_behind: list[asyncio.Task[Any]] = []  # kept: asyncio would complain of each when it is collected


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end as `asyncio.run` does, but do not wait for what hangs beside it.

    What is left behind is logged; `monitor.process.end.leave` then ends the process.
    """
    before = threading.enumerate()
    if _said.locked():
        _said.release()
    runner = asyncio.Runner(loop_factory=Loop)
    try:
        return runner.run(main)
    finally:
        tasks = _close(runner)
        threads = others_than(before, _THREADS_END_S)
        if tasks or threads:
            _left_behind.extend(tasks)
            say_what_is_left(tasks, threads)


def say_what_is_left(tasks: Iterable[asyncio.Task[Any]], threads: Iterable[threading.Thread]) -> None:
    """Log it once for each run, as the end of the loop and the last resort may come to it together."""
    if _said.acquire(blocking=False):
        event(log, logging.WARNING, "stopped_with_work_left", work=names_of(tasks, threads))


def tasks_of(loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[Any]]:
    """Return the tasks that have not ended, also to another thread than the loop's."""
    with suppress(RuntimeError):  # the set changed again and again while it was copied
        return asyncio.all_tasks(loop)
    return set()


def _close(runner: asyncio.Runner) -> set[asyncio.Task[Any]]:
    """Close the loop; where tasks do not end, they are returned and the loop is left as it is."""
    loop = runner.get_loop()
    if tasks := tasks_of(loop):
        loop.run_until_complete(_cancel(tasks))
    if hanging := tasks_of(loop):
        loop.run_until_complete(loop.shutdown_default_executor())
        return hanging
    runner.close()
    return set()


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_CANCEL_S)


class Loop(asyncio.SelectorEventLoop):
    """The usual loop, but for threads: it has more of them, and does not wait for their end.

    Its time stands still while the process does: what is in flight has its time-out still before it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._standstill = Standstill(clock)
        super().__init__(self._standstill)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="work")
        self.set_default_executor(self._threads)
        self._lookups = 0

    def time(self) -> float:
        """Return seconds without those in which the process was frozen."""
        return self._standstill.now()

    def call_at(  # type: ignore[override]  # the stub ties the arguments to the callback
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,  # noqa: ANN401 - the callback's
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a moment, or as soon as what arrived before then was read."""
        timer = LateTimer(partial(callback, *args), self._standstill.is_settled)
        timer.handle = super().call_at(when, timer, context=context)
        return timer.handle

    async def getaddrinfo(  # type: ignore[override]  # the stub spells out what is not passed here
        self,
        host: str | None,
        port: str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Look a name up in a thread of its own: a resolver that hangs takes none that the database needs."""
        if self._lookups >= _MOST_LOOKUPS:
            raise socket.gaierror(socket.EAI_AGAIN, "earlier lookups of names are still without an answer")
        self._lookups += 1
        return await run_in_daemon_thread(
            partial(self._look_up, partial(socket.getaddrinfo, host, port, family, type, proto, flags))
        )

    def _look_up(self, look_up: "partial[list[Any]]") -> list[Any]:
        try:
            return look_up()
        finally:
            self.call_soon_threadsafe(self._count_back)

    def _count_back(self) -> None:
        self._lookups -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Let threads end as soon as they have nothing to do, without waiting for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)
