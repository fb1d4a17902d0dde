"""Runs a service until it is asked to stop, and then to its end: within a bound, whatever hangs."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

from monitor.process.hangup import HANGUP
from monitor.process.last_resort import CUT_SHORT, LastResort
from monitor.process.loop import run
from monitor.process.stop import Stop

_CANCEL_S: Final = 0.3  # for a service whose time is over


def run_until_stopped(
    service: Callable[[Stop], Coroutine[Any, Any, None]], *, grace: timedelta = timedelta()
) -> int:
    """Run what ends when it is asked to; signals ask it, and are ignored afterwards until the process ends.

    Returns the exit code: 0 where it ended by itself, 3 where its time was over first (grace and some
    seconds; about one after a second signal).
    """
    try:
        return run(_run(service, Stop(grace)))
    finally:
        if signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:  # it did listen
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            HANGUP.ignore()


async def _run(service: Callable[[Stop], Coroutine[Any, Any, None]], stop: Stop) -> int:
    stop.listen()  # before the service: a signal while it starts must drain, too
    LastResort(asyncio.get_running_loop(), lambda: stop.grace).watch()
    serving, asking = asyncio.create_task(service(stop)), asyncio.create_task(stop.asked.wait())
    await asyncio.wait({serving, asking}, return_when=asyncio.FIRST_COMPLETED)
    asking.cancel()
    if await stop.ended({serving}, float("inf")):
        serving.result()
        return 0
    serving.cancel()
    await asyncio.wait({serving}, timeout=_CANCEL_S)
    return CUT_SHORT
