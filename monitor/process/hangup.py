"""SIGHUP, from the first moment of a daemon on: it asks for the configuration to be read again."""

import signal
from collections.abc import Callable


class Hangup:
    """Keeps a SIGHUP that came before anything could act on it."""

    def __init__(self) -> None:
        self._came = False
        self._act: Callable[[], None] | None = None

    def catch(self) -> None:
        """Take SIGHUP from now on, which would end the process; only in the main thread."""
        signal.signal(signal.SIGHUP, self._take)

    def call(self, act: Callable[[], None]) -> None:
        """Have `act` called at each SIGHUP, from a handler; at once if one came already."""
        self._act = act
        if self._came:
            act()

    def ignore(self) -> None:
        """Do nothing at a SIGHUP any more: the process ends."""
        if signal.getsignal(signal.SIGHUP) == self._take:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _take(self, *_: object) -> None:
        self._came = True
        if self._act is not None:
            self._act()


HANGUP = Hangup()
