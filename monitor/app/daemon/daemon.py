"""The daemon: wait to lead the database, then sweep on schedule and serve the web app until stopped.

One process at a time leads a database. The others wait as standby: they bind no port and write nothing.
"""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from fastapi import FastAPI

from monitor.app.daemon.file_watch import FileWatch
from monitor.app.daemon.pruner import Pruner
from monitor.app.notifications.announcer import Announcer, day_entries
from monitor.app.notifications.heartbeats import heartbeats_of, recorded_health
from monitor.app.notifications.maintenance import running_windows
from monitor.app.notifications.summaries import summaries_of
from monitor.app.periodic import every
from monitor.app.wiring.application import App
from monitor.app.wiring.targets import target_of
from monitor.clock import utc_now
from monitor.config import ProviderSettings
from monitor.errors import StoreError, StoreUnavailable
from monitor.logs import event
from monitor.process.stop import Stop
from monitor.report.formats.sweep_documents import sweep_words
from monitor.report.words.times import iso_millis
from monitor.scheduler import Job, run_schedule
from monitor.store.admin.migrate import prepare
from monitor.store.connection.locks import Lock, leader_lock
from monitor.store.write import record
from monitor.sweep import Swept, Target, sweep_provider
from monitor.web.app import create_app
from monitor.web.liveness import Liveness
from monitor.web.notices import Notice, NoticesNow
from monitor.web.server.server import serve

log = logging.getLogger(__name__)

_STANDBY_SECONDS = 1.0  # seconds between tries to lead
_HEARTBEAT_SECONDS = 5.0  # a sixth of the 30 s after which a silent holder loses its lock
_LAST_WORDS_SECONDS = 10.0
_WEB_SECONDS = 8.0  # more than the server takes to end
_RELEASE_SECONDS = 3.0
_ANSWER_SECONDS = 10.0  # of Postgres; many times what any statement of a sweep takes
_PAGE_SECONDS = 30.0  # of Postgres, for a page that counts over years


class Daemon:
    """One daemon process. `announce` takes lines for people: the page's address, and why it stands by."""

    def __init__(
        self,
        app: App,
        announce: Callable[[str], None],
        on_swept: Callable[[Swept], None] = lambda _swept: None,
        *,
        note: str = "",
    ) -> None:
        """Wire the daemon; each page begins with `note`. Raises ConfigError naming a missing key."""
        self._settings = app.settings
        # now: a missing key ends the start, not the first sweep
        self._targets = {provider.name: target_of(app, provider) for provider in app.settings.providers}
        self._engine = app.open_store(answers_within_s=_ANSWER_SECONDS)
        # a slow page takes no connection of a sweep
        self._readers = app.open_store(read_only=True, answers_within_s=_PAGE_SECONDS)
        self._announcer = Announcer(app.settings, app.environ, self._engine, readers=self._readers)
        self._pruner = Pruner(self._engine, app.settings.retention.observations)
        self._heartbeats = heartbeats_of(app.settings, app.environ)
        self._announce = announce
        self._on_swept, self._note = on_swept, note
        self._has_worked = False
        self._is_database_unreachable = False
        self._holder = ""
        self._file_watch = FileWatch(self._engine)
        # what each part has to say on the page and in /readyz
        self._notices_now: list[NoticesNow] = [self._file_watch.notices]

    async def run(self, stop: Stop) -> None:
        """Lead whenever possible until asked to stop.

        Raises StoreError where the database cannot be used at the start, ConfigError where the address is
        taken. A database that goes away later is waited for.
        """
        lock = leader_lock(self._engine)
        try:
            while not stop.asked.is_set():
                if await self._acquire(lock, stop):
                    await self._serve(lock, stop)
        finally:
            # a database that does not answer frees it when the connection ends
            releasing = asyncio.create_task(_release(lock), name="release of the lock")
            await stop.ended({releasing}, _RELEASE_SECONDS)
            self._engine.dispose()
            self._readers.dispose()

    async def _acquire(self, lock: Lock, stop: Stop, *, gives_way: bool = False) -> bool:
        """Wait for the lock, standing by while another process has it; with `gives_way` not waiting then."""
        while not stop.asked.is_set():
            try:
                # in a thread: the lock's server may not answer
                if await stop.unless_asked(to_thread(lock.try_acquire), otherwise=False):
                    return True
                if gives_way:
                    return False
                await stop.unless_asked(self._stand_by(lock), None)
            except StoreUnavailable as error:
                self._wait_for_database(error)
            await stop.within(_STANDBY_SECONDS)
        return False

    async def _stand_by(self, lock: Lock) -> None:
        self._is_database_unreachable, self._has_worked = False, True
        self._file_watch.remember()
        holder = await to_thread(lock.holder)
        if holder != self._holder:  # said once for each holder
            event(log, logging.INFO, "standby", holder=holder)
            self._announce(f"standby: {holder} leads this database; taking over when it ends")
        self._holder = holder

    def _wait_for_database(self, error: StoreUnavailable) -> None:
        """Log once that the database is unreachable; raise the error of one that never worked."""
        if not self._has_worked:  # at the start it is wrong configuration; later an outage
            raise error
        if not self._is_database_unreachable:
            event(log, logging.ERROR, "database_unreachable", error=str(error))
        self._is_database_unreachable = True

    async def _serve(self, lock: Lock, stop: Stop) -> None:
        """Serve the web app and sweep until asked to stop, or until another process leads.

        The app is up before the first sweep and until the last has ended, also while the database is
        unreachable: its pages say so.
        """
        is_up, down = asyncio.Event(), asyncio.Event()

        def announce_page(address: str) -> None:
            self._announce(f"status page: {address}")
            is_up.set()

        # before the port opens: /readyz must not see an old schema
        await stop.unless_asked(to_thread(self._prepare), None)
        web = self._settings.web
        liveness = Liveness()
        serving = asyncio.create_task(
            serve(
                self._web_app(liveness),
                host=web.host,
                port=web.port,
                ready=announce_page,
                stop=down,
                liveness=liveness,
            ),
            name="web server",
        )
        watching = asyncio.create_task(self._file_watch.run(down))
        try:
            await _first_of(serving, is_up)
            while not serving.done() and not stop.asked.is_set():
                await self._sweep_while_held(lock, stop)
                if not await self._acquire(lock, stop, gives_way=True):
                    break
        finally:
            down.set()  # after the sweeps: the page shows the last one
            watching.cancel()
            if await stop.ended({serving}, _WEB_SECONDS):
                serving.result()

    def _web_app(self, liveness: Liveness) -> FastAPI:
        """Return the web app; its reads never take the connections of the sweeps."""
        return create_app(
            self._readers,
            watched={name: target.interval for name, target in self._targets.items()},
            policies={name: target.policy for name, target in self._targets.items()},
            now=utc_now,
            zone=self._settings.schedule.timezone,
            public_url=self._settings.web.public_url,
            windows_at=running_windows(self._settings),
            notices=self._notices,
            summary_of=day_entries(summaries_of(self._settings, self._readers)),
            note=self._note,
            favourites=self._settings.summary.favourites,
            liveness=liveness,
        )

    def _notices(self) -> Sequence[Notice]:
        return [notice for notices_now in self._notices_now for notice in notices_now()]

    def _prepare(self) -> None:
        """Bring the database to this version, and close what a crash left running."""
        try:
            self._file_watch.require_remembered()
            prepare(self._engine)
            for target in self._targets.values():
                record.close_dead(self._engine, target.provider, target.vantage)
        except StoreUnavailable as error:
            self._wait_for_database(error)
        else:
            self._has_worked = True

    async def _sweep_while_held(self, lock: Lock, stop: Stop) -> None:
        """Serve the schedule until asked to stop or until the lock is lost."""
        self._is_database_unreachable, self._holder = False, ""
        until = stop.part()  # of this term: a lost lock must not stop the process
        announcing = asyncio.create_task(self._announcer.run(until.asked), name="messages")
        pruning = asyncio.create_task(self._pruner.run(until.asked), name="prune")
        tasks = {
            asyncio.create_task(_pass_on(stop, until)),
            asyncio.create_task(
                # until.hurried: also while the last sweep drains, the lock may be lost
                every(_HEARTBEAT_SECONDS, partial(self._check_lock, lock, until), until.hurried, "lock_check")
            ),
        }
        try:
            # in a thread: it reads the last slots, which the database may be too busy for
            jobs = await until.unless_asked(to_thread(self._jobs), [])
            event(log, logging.INFO, "leading", providers=",".join(self._targets))
            await run_schedule(jobs, until, now=utc_now)
            event(log, logging.INFO, "stopped")
        except StoreUnavailable as error:
            self._wait_for_database(error)
            await stop.within(_STANDBY_SECONDS)
        finally:
            until.ask()  # the announcer and the pruner finish what they do
            await until.ended({announcing, pruning}, _LAST_WORDS_SECONDS)
            for task in (announcing, pruning, *tasks):
                task.cancel()
            settling = asyncio.create_task(self._heartbeats.settle(), name="heartbeats")
            await until.ended({announcing, pruning, *tasks, settling}, _LAST_WORDS_SECONDS)

    async def _check_lock(self, lock: Lock, until: Stop) -> None:
        """Stop leading at once when the lock is lost: another daemon may lead by now."""
        try:
            is_held = await to_thread(lock.is_held)
        except StoreError:
            is_held = False
        if not is_held:
            event(log, logging.WARNING, "leadership_lost")  # another leads, or this one will again
            until.ask()  # twice: drain and cut short in one
            until.ask()

    def _jobs(self) -> list[Job]:
        self._heartbeats.health = recorded_health(self._settings, self._engine)
        return [self._job(provider) for provider in self._settings.providers]

    def _job(self, provider: ProviderSettings) -> Job:
        target = self._targets[provider.name]

        async def run(slot: datetime | None, missed: Sequence[datetime]) -> None:
            async with self._heartbeats.around(target.provider) as pulse:
                if missed:
                    _log_missed(target.provider, missed)
                    await to_thread(  # before the sweep: missed slots count even if it crashes
                        record.record_missed_slots, self._engine, target.provider, target.vantage, missed
                    )
                if swept := await sweep_provider(target, self._engine, now=utc_now, slot=slot):
                    pulse.report(sweep_words(swept.sweep, swept.decision), swept.sweep.cause)
                    self._on_swept(swept)

        return Job(
            name=provider.name,
            cadence=self._settings.cadence_of(provider),
            run=run,
            after=self._served_until(target),
        )

    def _served_until(self, target: Target) -> datetime | None:
        """Return up to when the schedule needs no catching up: the last slot, or a manual sweep after it."""
        slot = record.last_slot(self._engine, target.provider, target.vantage)
        made_at = record.last_made_at(self._engine, target.provider)
        return max((moment for moment in (slot, made_at) if moment), default=None)


def _log_missed(provider: str, slots: Sequence[datetime]) -> None:
    first, last = iso_millis(slots[0]), iso_millis(slots[-1])
    event(log, logging.WARNING, "slots_missed", provider=provider, slots=len(slots), first=first, last=last)


async def _release(lock: Lock) -> None:
    with suppress(StoreError):
        await to_thread(lock.release)


async def _pass_on(asked: Stop, until: Stop) -> None:
    await asked.asked.wait()
    until.ask()
    await asked.hurried.wait()
    until.ask()


async def _first_of(serving: asyncio.Task[None], is_up: asyncio.Event) -> None:
    up = asyncio.create_task(is_up.wait())
    await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
