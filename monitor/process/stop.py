"""How a running process is asked to stop: by signals, once to drain, twice to hurry."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress


class Stop:
    """How a running daemon is asked to stop: once to drain, twice to hurry."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()

    def ask(self) -> None:
        """Ask to drain; asked again, to cut short what still runs."""
        (self.hurried if self.asked.is_set() else self.asked).set()  # a second Ctrl-C hurries

    def listen(self) -> None:
        """Let SIGTERM and SIGINT ask, until the loop is closed; from then on they do nothing.

        The loop's own handlers would be gone with it, and a signal would kill the process while it closes
        the database.
        """
        loop = asyncio.get_running_loop()

        def ask(*_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.ask)  # not at once: a handler interrupts any task

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ask)

    async def within(self, seconds: float) -> bool:
        """Wait until asked, at most that long; return whether it was."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.asked.wait(), seconds)
        return self.asked.is_set()


def run_until_stopped(task: Coroutine[object, object, None]) -> None:
    """Run what listens to signals to its end; later ones are ignored, until the process has ended."""
    try:
        asyncio.run(task)
    finally:
        if signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:  # it did listen
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
