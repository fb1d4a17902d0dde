"""A few threads for what takes long: bounded in number, and never waited for at the process's end."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from fastapi import HTTPException

from monitor.process.daemon_thread import run_in_daemon_thread

T = TypeVar("T")

_MOST_WAITING: Final = 100  # calls; a connection has one at most
_IDLE_SECONDS: Final = 10.0  # then a thread ends


class Workers:
    """Threads for the calls of one server's loop.

    Not the loop's own executor: its threads are waited for when the process ends, also where they hang.
    """

    def __init__(self, name: str, most: int) -> None:
        """Have `most` threads at a time, none while there is nothing to do."""
        self._name, self._most = name, most
        self._calls = SimpleQueue[tuple["Future[Any]", Callable[[], Any]]]()
        self._lock = threading.Condition()
        self._threads = 0
        self._unfinished = 0

    def run(self, act: Callable[[], T]) -> "asyncio.Future[T]":
        """Call `act` in one of the threads; a future given up before that is not called.

        Raises HTTPException where too many wait already.
        """
        if self._calls.qsize() >= _MOST_WAITING:
            words = "too many readers wait for an answer: try again in some seconds"
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, words, {"Retry-After": "5"})
        future = Future[T]()
        self._calls.put((future, act))
        with self._lock:
            self._unfinished += 1
            if self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return asyncio.wrap_future(future)

    async def settle(self, within_s: float) -> None:
        """Wait until nothing is under way, at most that long: the history is closed after it."""
        if self._unfinished:
            await run_in_daemon_thread(lambda: self._wait(within_s))

    def _wait(self, within_s: float) -> None:
        with self._lock:
            self._lock.wait_for(lambda: not self._unfinished, within_s)

    def _work(self) -> None:
        while (call := self._next()) is not None:
            future, act = call
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(act())
                except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
                    future.set_exception(error)
            with self._lock:
                self._unfinished -= 1
                self._lock.notify_all()

    def _next(self) -> "tuple[Future[Any], Callable[[], Any]] | None":
        """Return the next call, or None where this thread is not needed any more."""
        while True:
            try:
                return self._calls.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._calls.empty():  # else one was put in between, and no new thread started for it
                        self._threads -= 1
                        return None
