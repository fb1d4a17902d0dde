"""Whether the daemon's own loop still turns: the web server has another, and would not notice."""

import asyncio
from typing import Final

_BEAT_SECONDS: Final = 1.0
_MOST_SILENT_TICKS: Final = 30  # a busy machine may keep the loop for some seconds


class Liveness:
    """Counts the seconds of the web server's loop since the daemon's last showed itself.

    Seconds are counted, not measured: of a process that was stopped for an hour both loops stood still.
    """

    def __init__(self) -> None:
        self._silent_ticks = 0

    @property
    def is_stuck(self) -> bool:
        """Whether the daemon's loop has stood still for half a minute."""
        return self._silent_ticks > _MOST_SILENT_TICKS

    def tick(self) -> None:
        """Count a second of the web server's loop."""
        self._silent_ticks += 1

    async def beat(self) -> None:
        """Show every second that this loop turns, until cancelled."""
        while True:
            self._silent_ticks = 0
            await asyncio.sleep(_BEAT_SECONDS)
