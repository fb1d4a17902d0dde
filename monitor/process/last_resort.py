"""Ends a process that was asked to stop and does not, from a thread of its own.

A handler of Python runs in the main thread, which may hang itself; the interpreter then waits for every
thread. What is watched here is the byte that the signal's handler in C writes (`signal.set_wakeup_fd`).
"""

import asyncio
import logging
import os
import select
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Final

from monitor.process.end import when_left
from monitor.process.hanging import others_than
from monitor.process.loop import say_what_is_left, tasks_of

CUT_SHORT: Final = 3  # the exit code where the end could not be waited for

AFTER_GRACE_S: Final = 9.0
AFTER_HURRY_S: Final = 1.5
LAST_LINE_S: Final = 0.5  # for the log, whose reader may hang, too
_ASKED = frozenset({signal.SIGTERM, signal.SIGINT})


class LastResort:
    """Ends the process when it has been asked to stop and its time is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, grace: Callable[[], timedelta]) -> None:
        self._loop, self._grace = loop, grace
        self._before = threading.enumerate()
        self._bytes, self._signals = socket.socketpair()
        self._ends_at = float("inf")

    def watch(self) -> None:
        """Begin to watch; only in the main thread."""
        self._signals.settimeout(0)
        signal.set_wakeup_fd(self._signals.fileno(), warn_on_full_buffer=False)
        self._watching = threading.Thread(target=self._run, name="last resort", daemon=True)
        self._watching.start()
        when_left(self._disarm)

    def _disarm(self) -> None:
        signal.set_wakeup_fd(-1)
        self._signals.close()  # wakes the thread, which ends
        self._watching.join()
        self._bytes.close()

    def _run(self) -> None:
        asked = 0
        while (left_s := self._ends_at - monotonic()) > 0:
            ready, _, _ = select.select([self._bytes], [], [], None if asked == 0 else left_s)
            if not ready:
                break
            if not (numbers := self._bytes.recv(64)):
                return
            for _ in range(sum(number in _ASKED for number in numbers)):
                asked += 1
                rest = self._grace().total_seconds() + AFTER_GRACE_S if asked == 1 else AFTER_HURRY_S
                self._ends_at = min(self._ends_at, monotonic() + rest)
        telling = threading.Thread(target=self._tell, daemon=True)
        telling.start()
        telling.join(LAST_LINE_S)
        os._exit(CUT_SHORT)

    def _tell(self) -> None:
        say_what_is_left(tasks_of(self._loop), others_than(self._before))
        logging.shutdown()
