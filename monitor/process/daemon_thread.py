"""Run a call that may hang in a daemon thread, so that nothing waits for it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def run_in_daemon_thread(act: Callable[[], T]) -> "asyncio.Future[T]":
    """Call `act` in a new thread; where its future is given up, the thread ends by itself or never.

    Not `asyncio.to_thread`: a hung call would hold a worker that sweeps need, and delay the process's end.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        outcome: Callable[[], None]
        try:
            outcome = partial(future.set_result, act())
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
            outcome = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: nothing waits any more
            loop.call_soon_threadsafe(_settle, future, outcome)  # futures belong to the loop's thread

    threading.Thread(target=run, name="aside", daemon=True).start()
    return future


def _settle(future: "asyncio.Future[T]", outcome: Callable[[], None]) -> None:
    if not future.done():  # the caller may have given up meanwhile
        outcome()
