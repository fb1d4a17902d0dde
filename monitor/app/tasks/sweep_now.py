"""Manual sweeps and probes, wired as in the daemon."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final
from uuid import uuid4

from monitor.app.notifications.announcer import Announcer
from monitor.app.periodic import every
from monitor.app.wiring.application import App
from monitor.app.wiring.spool import recorder_of, replayer_of
from monitor.app.wiring.targets import target_of
from monitor.clock import utc_now
from monitor.config import ProviderSettings
from monitor.core.domain.state import ProviderState
from monitor.errors import ConfigError, Fenced, MonitorError, NoVerdict, StoreError
from monitor.logs import event
from monitor.store.connection.engine import Engine
from monitor.store.derived.states import load_state
from monitor.store.memory.acceptance import is_accepted
from monitor.store.memory.knowledge import load_knowledge
from monitor.sweep import (
    Checked,
    ProgressListener,
    Recorder,
    Replayer,
    SweepStart,
    Swept,
    check_now,
    sweep_provider,
)

log = logging.getLogger(__name__)

_REPLAY_SECONDS: Final = 1.0  # between two looks whether the database is back
_SENDING_SECONDS: Final = 60.0  # seconds; what is left waits in the outbox for the daemon


async def sweep_now(
    app: App, names: Collection[str], watch_of: Callable[[str], ProgressListener]
) -> tuple[list[Swept], list[MonitorError]]:
    """Sweep these providers or all at once, now; returns what was swept and what went wrong.

    Notifications are sent as by the daemon, once; undelivered ones wait in the outbox. The heartbeat is
    not sent: its absence shows that the daemon is gone.
    SIGTERM cuts the sweeps short as interrupted and raises NoVerdict.
    """
    targets = [target_of(app, provider) for provider in app.chosen(names)]
    engine = await asyncio.to_thread(app.prepared)
    recorder = recorder_of(app.settings, engine)
    replayer = replayer_of(recorder, targets)
    await replayer.look()  # first: what waits may be of a sweep that would be closed as cut
    sweeps = [
        asyncio.create_task(
            sweep_provider(target, engine, now=utc_now, progress=watch_of(target.provider), recorder=recorder)
        )
        for target in targets
    ]
    stop = asyncio.Event()
    # SIGTERM alone: SIGINT is Python's own KeyboardInterrupt
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _cancel, sweeps, stop)
    # one provider's error must not cancel the other sweeps
    async with _replaying(replayer, recorder):
        results = await asyncio.gather(*sweeps, return_exceptions=True)
    # a process whose sweep was taken over may not be the one that sends
    if not stop.is_set() and not any(isinstance(result, Fenced) for result in results):
        await _send_due(app, engine)
    engine.dispose()
    if stop.is_set():
        raise NoVerdict("stopped: observations so far are kept, the sweep counts as interrupted")
    if bugs := [  # a fault of the program goes first
        result
        for result in results
        if isinstance(result, BaseException) and not isinstance(result, MonitorError)
    ]:
        raise bugs[0]
    swept = [result for result in results if isinstance(result, Swept)]
    return swept, [result for result in results if isinstance(result, MonitorError)]


@asynccontextmanager
async def _replaying(replayer: Replayer, recorder: Recorder) -> AsyncIterator[None]:
    """Look every second whether a database that went away is back, and once more at the end."""
    ended = asyncio.Event()
    looking = asyncio.create_task(every(_REPLAY_SECONDS, replayer.look, ended, "replay"))
    try:
        yield
    finally:
        ended.set()
        await asyncio.wait({looking}, timeout=_SENDING_SECONDS)
    if recorder.is_away:
        await replayer.look()  # what ended since the last look
    if recorder.is_away and recorder.spool:
        event(log, logging.WARNING, "sweep_waits", directory=recorder.spool.directory)
    elif recorder.spool:
        recorder.spool.leave()


async def check_live(app: App, provider: ProviderSettings, model: str) -> Checked:
    """Ask one model now as a sweep would, without recording it."""
    target = target_of(app, provider)
    start = await asyncio.to_thread(_start, app, provider.name)
    return await check_now(target, model, start, utc_now())


def _start(app: App, provider: str) -> SweepStart:
    """Return what a sweep would begin with; nothing where there is no history to read."""
    nothing = SweepStart(slot=None, state=ProviderState(), knowledge={}, is_accepted=False, spent_today=0)
    try:
        engine = app.history()
        return replace(
            nothing,
            state=load_state(engine, provider),
            knowledge=load_knowledge(engine, provider),
            is_accepted=is_accepted(engine, provider),
        )
    except StoreError:
        return nothing


async def _send_due(app: App, engine: Engine) -> None:
    """Send what is due; a channel that cannot be spoken to from here is the daemon's matter."""
    try:
        # a name of its own: the daemon's claims are not released by it
        publisher = Announcer(app.settings, app.environ, engine, by=f"sweep {uuid4().hex}").publisher
    except ConfigError as error:
        event(log, logging.WARNING, "notification_skipped", error=str(error))
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(publisher.publish(), _SENDING_SECONDS)


def _cancel(sweeps: Iterable["asyncio.Task[Swept | None]"], stop: asyncio.Event) -> None:
    stop.set()
    for sweep in sweeps:
        sweep.cancel()
