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

from monitor.app.daemon.beginning import Beginning
from monitor.app.daemon.clock_steps import ClockSteps, log_step
from monitor.app.daemon.database_state import DatabaseState
from monitor.app.daemon.file_watch import FileWatch
from monitor.app.daemon.leadership import Leadership
from monitor.app.daemon.page import ServedPage
from monitor.app.daemon.parts import Parts, parts_of
from monitor.app.daemon.pruner import Pruner
from monitor.app.daemon.reload import Reload, run_until_replaced
from monitor.app.daemon.slots import record_missed, served_until
from monitor.app.daemon.spooling import waiting_notices
from monitor.app.daemon.waits import first_of, pass_on, release
from monitor.app.notifications.announcer import Announcer
from monitor.app.notifications.heartbeats import recorded_health
from monitor.app.periodic import every
from monitor.app.wiring.application import App
from monitor.app.wiring.spool import recorder_of
from monitor.clock import SteadyClock, keep, utc_now
from monitor.config import ProviderSettings
from monitor.errors import Fenced, NotSpooled, StoreUnavailable
from monitor.logs import event
from monitor.process.stop import Stop
from monitor.report.formats.sweep_documents import sweep_words
from monitor.scheduler import Job, Schedule
from monitor.store.connection.keeping.frozen import end_frozen_transactions
from monitor.store.connection.locks import leader_lock
from monitor.sweep import Swept, Target, recall, sweep_provider

log = logging.getLogger(__name__)

_STANDBY_SECONDS = 0.5  # seconds between tries to lead
_REPLAY_SECONDS = 1.0  # seconds between two looks whether the database is back
_LAST_WORDS_SECONDS = 10.0
_WEB_SECONDS = 8.0  # more than the server takes to end
_RELEASE_SECONDS = 3.0
_ANSWER_SECONDS = 10.0  # of Postgres; many times what any statement of a sweep takes
_BUSY_SECONDS = 2.0  # of SQLite, while another process writes: then the spool takes what is seen
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
        reread: Callable[[], App] | None = None,
    ) -> None:
        """Wire the daemon; each page begins with `note`. Raises ConfigError naming a missing key.

        At SIGHUP the configuration that `reread` gives takes the place of `app`'s.
        """
        self._engine = app.open_store(answers_within_s=_ANSWER_SECONDS, busy_after_s=_BUSY_SECONDS)
        end_frozen_transactions(self._engine)
        # a slow page takes no connection of a sweep
        self._readers = app.open_store(read_only=True, answers_within_s=_PAGE_SECONDS)
        self._recorder = recorder_of(app.settings, self._engine)
        self._recorder.insists = True
        self._database = DatabaseState(self._recorder)
        self._leadership = Leadership(leader_lock(self._engine), announce, self._database.note)
        self._parts = self._parts_of(app)  # now: a missing key ends the start, not the first sweep
        self._announcing = self._parts.announcer
        self._clock = SteadyClock(on_step=log_step)
        self._clock_steps = ClockSteps(self._clock)
        self._replaced, self._schedule = asyncio.Event(), self._new_schedule()
        self._stop = Stop(app.settings.daemon.grace)
        self._reload = Reload(reread, app.settings, self._take) if reread else None
        self._announce = announce
        self._on_swept = on_swept
        self._file_watch = FileWatch(self._engine)
        self._beginning = Beginning(self._recorder, self._database, self._file_watch)
        waiting = partial(waiting_notices, self._recorder)
        notices = (self._file_watch.notices, self._clock_steps.notices, waiting)
        self._page = ServedPage(self._readers, notices, note=note, swept_at=self._recorder.swept_at)

    def _parts_of(self, app: App) -> Parts:
        return parts_of(app, self._engine, self._readers, self._recorder, self._leadership)

    def _new_schedule(self) -> Schedule:
        return Schedule(utc_now, follows=lambda: self._clock.follows)

    async def _take(self, app: App) -> None:
        """Go on with another configuration: sweeps under way end with the old one."""
        parts = await to_thread(self._parts_of, app)
        self._parts = parts.following(self._parts)
        if self._schedule.is_running:
            self._schedule.replace(await to_thread(self._next_jobs))
        self._stop.grace = self._parts.settings.daemon.grace
        self._replaced.set()
        self._replaced = asyncio.Event()
        self._page.show(self._parts.settings, self._parts.targets)

    async def run(self, stop: Stop) -> None:
        """Lead whenever possible until asked to stop.

        Raises StoreError where the database cannot be used at the start, ConfigError where the address is
        taken. A database that goes away later is waited for.
        """
        self._stop = stop
        keep(self._clock)  # from here on no step of the wall clock reaches a slot, a rest or a window
        reloading = asyncio.create_task(self._reload_until(stop))
        ended = asyncio.Event()  # also a standby, and a leader that drains, replay what they kept
        replaying = asyncio.create_task(every(_REPLAY_SECONDS, self._replay, ended, "replay"), name="replay")
        try:
            while not stop.asked.is_set():
                if await self._acquire(stop):
                    await self._serve(stop)
        finally:
            reloading.cancel()
            ended.set()
            # a database that does not answer frees it when the connection ends
            releasing = asyncio.create_task(release(self._leadership.lock), name="release of the lock")
            await stop.ended({releasing, replaying}, _RELEASE_SECONDS)
            if self._recorder.spool:
                self._recorder.spool.leave()
            self._engine.dispose()
            self._readers.dispose()

    async def _acquire(self, stop: Stop, *, gives_way: bool = False) -> bool:
        """Wait for the lock, standing by while another process has it; with `gives_way` not waiting then."""
        while not stop.asked.is_set():
            try:
                if await stop.unless_asked(self._leadership.try_acquire(at_once=gives_way), otherwise=False):
                    return True
                if gives_way:
                    return False
                await stop.unless_asked(self._stand_by(), None)
            except StoreUnavailable as error:
                self._database.wait_for(error)
            await stop.within(_STANDBY_SECONDS)
        return False

    async def _stand_by(self) -> None:
        self._database.reached(has_worked=True)
        self._file_watch.remember()
        await self._leadership.stand_by()

    async def _serve(self, stop: Stop) -> None:
        """Serve the web app and sweep until asked to stop, or until another process leads.

        The app is up before the first sweep and until the last has ended, also while the database is
        unreachable: its pages say so.
        """
        is_up, down = asyncio.Event(), asyncio.Event()

        def announce_page(address: str) -> None:
            self._announce(f"status page: {address}")
            is_up.set()

        is_ready = await self._get_ready(stop)  # before the port opens: /readyz must not see an old schema
        self._page.show(self._parts.settings, self._parts.targets)
        serving = asyncio.create_task(
            self._page.serve(self._parts.settings, ready=announce_page, stop=down), name="web server"
        )
        watching = asyncio.create_task(self._file_watch.run(down))
        try:
            await first_of(serving, is_up)
            while not serving.done() and not stop.asked.is_set():
                is_ready = is_ready or await self._get_ready(stop)
                await (self._sweep_while_held(stop) if is_ready else stop.within(_STANDBY_SECONDS))
                if not await self._acquire(stop, gives_way=True):
                    break
        finally:
            down.set()  # after the sweeps: the page shows the last one
            watching.cancel()
            if await stop.ended({serving}, _WEB_SECONDS):
                serving.result()

    async def _get_ready(self, stop: Stop) -> bool:
        """Prepare the database, keeping the lock meanwhile; returns whether it could be."""
        async with self._leadership.term(stop.part()):
            return await stop.unless_asked(to_thread(self._beginning.prepare, self._parts), otherwise=False)

    async def _sweep_while_held(self, stop: Stop) -> None:
        """Serve the schedule until asked to stop or until another process leads."""
        self._database.reached()
        until = stop.part()  # of this term: a lost lock must not stop the process
        announcing = asyncio.create_task(self._run_latest(self._next_announcer, until.asked), name="messages")
        pruning = asyncio.create_task(self._run_latest(lambda: self._parts.pruner, until.asked), name="prune")
        passing_on = asyncio.create_task(pass_on(stop, until))
        try:
            async with self._leadership.term(until):
                # in a thread: it reads the last slots, which the database may be too busy for
                jobs = await until.unless_asked(to_thread(self._jobs), [])
                event(log, logging.INFO, "leading", providers=",".join(self._parts.targets))
                self._schedule = self._new_schedule()
                self._schedule.replace(jobs)
                await self._schedule.run(until)
            event(log, logging.INFO, "stopped")
        except StoreUnavailable as error:
            self._database.wait_for(error)
            await stop.within(_STANDBY_SECONDS)
        finally:
            until.ask()  # the announcer and the pruner finish what they do
            await until.ended({announcing, pruning}, _LAST_WORDS_SECONDS)
            for task in (announcing, pruning, passing_on):
                task.cancel()
            settling = asyncio.create_task(self._parts.heartbeats.settle(), name="heartbeats")
            await until.ended({announcing, pruning, passing_on, settling}, _LAST_WORDS_SECONDS)

    async def _replay(self) -> None:
        await self._parts.replayer.look_often()  # the latest: a reload may have changed the channels
        if self._beginning.is_late:
            await to_thread(self._beginning.finish)

    async def _reload_until(self, stop: Stop) -> None:
        if self._reload:
            await self._reload.run(stop)

    async def _run_latest(self, latest: Callable[[], Announcer | Pruner], stop: asyncio.Event) -> None:
        """Run a part until `stop` is set; one that takes its place begins when it has ended."""
        while not stop.is_set():
            await run_until_replaced(latest().run, self._replaced, stop)

    def _next_announcer(self) -> Announcer:
        if self._parts.announcer is not self._announcing:
            self._parts.announcer.publisher.go_on_from(self._announcing.publisher)
        self._announcing = self._parts.announcer
        return self._parts.announcer

    def _jobs(self) -> list[Job]:
        for target in self._parts.targets.values():
            recall(self._recorder, target)
        with suppress(StoreUnavailable):
            self._parts.heartbeats.health = recorded_health(self._parts.settings, self._engine)
        return [self._job(provider) for provider in self._parts.settings.providers]

    def _next_jobs(self) -> list[Job]:
        """Return the jobs of a new configuration: the schedule goes on also while the database is away."""
        try:
            return self._jobs()
        except StoreUnavailable:
            return [self._job(provider, after=utc_now()) for provider in self._parts.settings.providers]

    def _job(self, provider: ProviderSettings, *, after: datetime | None = None) -> Job:
        target = self._parts.targets[provider.name]

        async def run(slot: datetime | None, missed: Sequence[datetime]) -> None:
            try:
                await self._leadership.require()  # before anything: this process may have been frozen
                await self._sweep(target, slot, missed)
            except Fenced as error:
                event(log, logging.WARNING, "sweep_fenced", provider=target.provider, error=str(error))
            except NotSpooled:  # said once, and its slot is noted as missed
                return

        is_cut = target.provider in self._beginning.cut
        self._beginning.cut.discard(target.provider)
        return Job(
            name=provider.name,
            cadence=self._parts.settings.cadence_of(provider),
            run=run,
            after=after or served_until(self._recorder, target),
            at_once=is_cut,
        )

    async def _sweep(self, target: Target, slot: datetime | None, missed: Sequence[datetime]) -> None:
        async with self._parts.heartbeats.around(target.provider) as pulse:
            if missed:  # before the sweep: missed slots count even if it crashes
                await to_thread(record_missed, self._recorder, target, missed)
            if swept := await sweep_provider(
                target,
                self._engine,
                now=utc_now,
                slot=slot,
                recorder=self._recorder,
                may_go_on=self._leadership.require,
            ):
                pulse.report(sweep_words(swept.sweep, swept.decision), swept.sweep.cause)
                await to_thread(self._clock_steps.record, self._engine, swept)
                self._on_swept(swept)
