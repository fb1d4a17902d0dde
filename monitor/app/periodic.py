"""What is done again and again beside the sweeps, until the process stops."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from monitor.errors import Fenced, MonitorError
from monitor.logs import event

log = logging.getLogger(__name__)


async def every(seconds: float, act: Callable[[], Awaitable[object]], stop: asyncio.Event, name: str) -> None:
    """Await `act` with `seconds` between two rounds until `stop` is set; a round that runs then is finished.

    A round's error is logged and ends nothing: a MonitorError as `<name>_failed` with its words, any other
    as `<name>_crashed` with its type alone, because its words may hold a secret.
    """
    while not stop.is_set():
        try:
            await act()
        except Fenced:  # another process does this now, and this one notices
            pass
        except MonitorError as error:
            event(log, logging.ERROR, f"{name}_failed", error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever one round meets, the next one must be made
            event(log, logging.ERROR, f"{name}_crashed", error=type(error).__name__)
        await stopped_within(seconds, stop)  # after the work: rounds never overlap, however long one takes


async def stopped_within(seconds: float, stop: asyncio.Event) -> bool:
    """Wait until `stop` is set, at most that long; True if it is."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
