"""What one process of the daemon holds; another one may begin where it ended, on the same files."""

import asyncio
from asyncio import to_thread
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from random import Random

import httpx
from sqlalchemy import event

from monitor.app.daemon.clock_steps import ClockSteps
from monitor.app.daemon.file_watch import FileWatch
from monitor.app.daemon.pruner import Pruner
from monitor.app.daemon.spooling import waiting_notices
from monitor.app.notifications.announcer import Announcer, day_entries
from monitor.app.wiring.application import App
from monitor.app.wiring.spool import spool_of
from monitor.app.wiring.targets import target_of
from monitor.clock import SteadyClock, to_datetime
from monitor.config import Settings
from monitor.probe.gap import Gap
from monitor.probe.pacer import Pacer
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine
from monitor.store.derived.rebuild import settle_all
from monitor.store.write.record import close_dead
from monitor.sweep import ProgressListener, Recorder, Replayer, Swept, Target, sweep_provider
from monitor.web.app import create_app
from monitor.web.notices import Notice
from monitor.web.server.replaceable import forget_routes
from tests.soak.simulated import InProcess, Provider

PAGES = ("/", "/readyz", "/changes", "/api/v1/models", "/v1/models", "/feed.atom", "/summaries.atom")
_BUSY_MS = 100  # the daemon waits ten seconds for a lock: time is accelerated here


class Process:
    """The parts that the daemon wires, with a clock and a provider of this process."""

    def __init__(
        self, settings: Settings, provider: Provider, clock: SteadyClock, *, interval: timedelta
    ) -> None:
        """Wire them; nothing is opened yet."""

        def now() -> datetime:
            return to_datetime(clock.now_ms())

        self.app = App(settings, {})
        self.engine, readers = self._open(), self._open(read_only=True)
        self.spool = spool_of(self.app.settings, self.engine)
        self.recorder = Recorder(engine=self.engine, spool=self.spool, now=now)
        self.target = _target(self.app, provider)
        self.replayer = Replayer(self.recorder, {self.target.provider: self.target.outbox}, now=now)
        self.announcer = Announcer(settings, {}, self.engine, readers=readers, now=now)
        self.pruner = Pruner(self.engine, settings.retention.observations, now=now)
        self.files = FileWatch(self.engine)
        self._now, self._clock_steps = now, ClockSteps(clock)
        web = create_app(
            readers,
            watched={self.target.provider: interval},
            now=now,
            notices=self._notices,
            summary_of=day_entries(self.announcer.summaries),
        )
        self._reader = httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://127.0.0.1:8080")

    def _open(self, *, read_only: bool = False) -> Engine:
        engine = self.app.open_store(read_only=read_only)
        event.listen(
            engine, "connect", lambda connection, _: connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        )
        return engine

    def _notices(self) -> Sequence[Notice]:
        return [*waiting_notices(self.recorder), *self.files.notices(), *self._clock_steps.notices()]

    async def start(self) -> None:
        """Begin as the daemon does: with the schema, and with what the process before left half done."""
        await to_thread(self._prepare)

    def _prepare(self) -> None:
        prepare(self.engine)
        settle_all(self.engine)
        self.replayer.replay(self.spool)
        close_dead(self.engine, self.target.provider, self.target.vantage)

    async def sweep(self, slot: datetime, progress: ProgressListener) -> Swept | None:
        """Make the sweep of a slot."""
        swept = await sweep_provider(
            self.target, self.engine, now=self._now, slot=slot, progress=progress, recorder=self.recorder
        )
        if swept is not None:
            await to_thread(self._clock_steps.record, self.engine, swept)
        return swept

    async def read(self, chance: Random) -> int:
        """Read a page or a feed; returns its status."""
        return (await self._reader.get(chance.choice(PAGES))).status_code

    async def prune(self) -> None:
        """Make one round of the pruner."""
        await self.pruner._prune(asyncio.Event())

    async def stop(self) -> None:
        """Close everything, as a clean end does."""
        await self._reader.aclose()
        self.spool.leave()
        await to_thread(self.app.close)
        forget_routes()  # as the end of a process does


def _target(app: App, provider: Provider) -> Target:
    real = target_of(app, app.settings.providers[0])
    values = {field.name: getattr(real, field.name) for field in fields(Target)}
    fast = Pacer(None, start_rate_per_s=1e9)
    return InProcess(**{**values, "pacer": fast, "gap": Gap()}, there=provider)
