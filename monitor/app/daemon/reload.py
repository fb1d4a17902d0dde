"""Reading the configuration again while the daemon runs: what is taken over, and what needs a restart."""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from monitor.app.wiring.application import App
from monitor.config import Settings
from monitor.errors import MonitorError
from monitor.logs import event
from monitor.process.hangup import HANGUP
from monitor.process.stop import Stop

log = logging.getLogger(__name__)

# What a running daemon keeps: it is open, bound, or part of what is recorded. None: the whole table.
_KEPT: Final = {"database": None, "spool": None, "web": "listen", "schedule": "vantage"}


class Reload:
    """Reads the configuration at each SIGHUP, and hands on what can be used of it."""

    def __init__(
        self, reread: Callable[[], App], settings: Settings, take: Callable[[App], Awaitable[None]]
    ) -> None:
        """Begin with `settings`; `reread` raises MonitorError where it reads nothing that can be used."""
        self._reread, self._settings, self._take = reread, settings, take
        self._asked = asyncio.Event()

    async def run(self, stop: Stop) -> None:
        """Listen until asked to stop."""
        loop = asyncio.get_running_loop()

        def ask() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._asked.set)

        HANGUP.call(ask)
        while not stop.asked.is_set():
            await self._asked.wait()
            self._asked.clear()  # before it is read: a change meanwhile asks again
            await self._read()

    async def _read(self) -> None:
        """Take a new configuration over; where it cannot be used, say why and keep the old one."""
        try:
            app = await to_thread(self._reread)
            ignored = [*ignored_keys(self._settings, app.settings)]
            app.settings = with_kept(self._settings, app.settings)
            await self._take(app)
        except MonitorError as error:
            event(log, logging.ERROR, "reload_failed", error="; ".join(str(error).splitlines()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the daemon goes on as it was
            event(log, logging.ERROR, "reload_failed", error=f"internal error ({type(error).__name__})")
        else:
            before, self._settings = self._settings, app.settings
            _log_taken(before, app.settings)
            if ignored:
                event(log, logging.WARNING, "restart_needed", keys=",".join(ignored))


async def run_until_replaced(
    run: Callable[[asyncio.Event], Awaitable[None]], replaced: asyncio.Event, stop: asyncio.Event
) -> None:
    """Run what ends when the event it is given is set: when it is replaced, or at `stop`."""
    end = asyncio.Event()
    running = asyncio.ensure_future(run(end))
    ending = {asyncio.create_task(each.wait()) for each in (replaced, stop)}
    try:
        await asyncio.wait({running, *ending}, return_when=asyncio.FIRST_COMPLETED)
        end.set()
        await running
    finally:
        for task in (running, *ending):
            task.cancel()


def ignored_keys(before: Settings, now: Settings) -> Iterator[str]:
    """Name the keys whose new value a running daemon does not take over."""
    for table, key in _KEPT.items():
        old, new = getattr(before, table, None), getattr(now, table, None)
        keys = [key] if key else type(new).model_fields if new is not None else ()
        yield from (f"{table}.{each}" for each in keys if getattr(old, each) != getattr(new, each))


def with_kept(before: Settings, now: Settings) -> Settings:
    """Return the new settings with the old values of what a running daemon keeps."""
    kept = {table: getattr(before, table) for table, key in _KEPT.items() if not key and hasattr(now, table)}
    parts = {
        table: getattr(now, table).model_copy(update={key: getattr(getattr(before, table), key)})
        for table, key in _KEPT.items()
        if key
    }
    return now.model_copy(update={**kept, **parts})


def _log_taken(before: Settings, now: Settings) -> None:
    old = {provider.name: provider for provider in before.providers}
    new = {provider.name: provider for provider in now.providers}
    event(
        log,
        logging.INFO,
        "reloaded",
        providers=",".join(new),
        added=",".join(name for name in new if name not in old),
        removed=",".join(name for name in old if name not in new),
        changed=",".join(name for name in new if name in old and old[name] != new[name]),
    )
