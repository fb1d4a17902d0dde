"""Scheduling: slots, runs, drain. It runs coroutines and knows nothing of probes or SQL.

Slots are aligned scheduled UTC times, which APScheduler's triggers give. When to run, for which slot, and
which were missed is decided here: its own loop reads the wall clock, which steps, and its timers stand still
while a machine sleeps.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor.clock import EPOCH, Clock
from monitor.errors import ConfigError, MonitorError, NoVerdict
from monitor.logs import event
from monitor.process.stop import Stop

log = logging.getLogger(__name__)

_TICK = timedelta(microseconds=1)  # APScheduler gives times >= its argument
_MOST_REPEATED = 240  # minutes; no zone sets its clock back by as much
_MOST_MISSED = 100_000  # bounds what is recorded after years of downtime at short intervals
_LOOK_SECONDS = 5.0
_CANCEL_SECONDS = 4.0  # a cancelled sweep still closes itself in the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do on every slot.

    `run` gets the slot (None for a run outside the schedule) and the earlier slots that were missed.
    `after` is the last slot known to be served; None asks for a first run at once, and so does `at_once`.
    """

    name: str
    cadence: timedelta | str
    run: Callable[[datetime | None, Sequence[datetime]], Awaitable[None]]
    after: datetime | None = None
    at_once: bool = False


def trigger_of(cadence: timedelta | str, timezone: tzinfo = UTC) -> BaseTrigger:
    """Return the trigger of an interval (aligned to 1970: restarts keep the grid) or of a zone's cron line.

    Raises ConfigError for a cron line that APScheduler does not understand.
    """
    if isinstance(cadence, timedelta):
        return IntervalTrigger(seconds=cadence.total_seconds(), start_date=EPOCH, timezone=UTC)
    try:
        # it reads weekday 0 as Monday, so config/values/cron.py writes weekdays as names
        return CronTrigger.from_crontab(cadence, timezone=timezone)
    except ValueError as error:
        raise ConfigError(f'cron = "{cadence}" is not a cron line: {error}') from None


def period(cadence: timedelta | str, now: datetime) -> timedelta:
    """Return the time between the next two slots of a cadence. Raises ConfigError as `trigger_of`."""
    trigger = trigger_of(cadence)
    first = trigger.get_next_fire_time(None, now)
    second = first and trigger.get_next_fire_time(first, first + _TICK)
    if not (first and second):
        raise ConfigError(f'cron = "{cadence}" never comes twice')  # such as 30 February
    return timedelta(seconds=(second - first).total_seconds())


def slots_between(trigger: BaseTrigger, after: datetime, until: datetime) -> list[datetime]:
    """Return the scheduled times after one moment up to and including another, at most the last 100,000."""
    slots: list[datetime] = []
    slot = _next(trigger, after)
    while slot is not None and slot <= until:
        slots.append(slot)
        slot = _next(trigger, slot)
    return slots[-_MOST_MISSED:]


def _next(trigger: BaseTrigger, after: datetime) -> datetime | None:
    """Return the first scheduled time after a moment, in UTC."""
    moment = after.astimezone(UTC)  # the history knows UTC only
    for _ in range(_MOST_REPEATED):  # in the hour that comes twice, a trigger may give a time that is past
        moment += _TICK
        given = trigger.get_next_fire_time(None, moment)
        if given is None:
            return None
        slot: datetime = given.astimezone(UTC)
        if slot > after and not _is_repeated(trigger, slot):
            return slot
        moment = max(moment + timedelta(minutes=1), slot)
    return None


def _is_repeated(trigger: BaseTrigger, slot: datetime) -> bool:
    """Return whether a cron line has named this hour and minute an hour before, as cron(8) counts them.

    A line for every hour is one of elapsed time: it comes in both hours.
    """
    if not isinstance(trigger, CronTrigger) or not slot.astimezone(trigger.timezone).fold:
        return False
    return any(field.name == "hour" and str(field) != "*" for field in trigger.fields)


def has_slot(trigger: BaseTrigger, after: datetime, until: datetime) -> bool:
    """Return whether a scheduled time lies after one moment and not after another."""
    slot = _next(trigger, after)
    return slot is not None and slot <= until


class Schedule:
    """Runs each job on its slots, never twice at once; the jobs may be replaced while it runs."""

    def __init__(self, now: Clock, follows: Callable[[], int] = lambda: 0) -> None:
        """Read the present moment from `now`; `follows` counts how often that has stepped."""
        self._now, self._follows = now, follows
        self._runners: dict[str, _JobRunner] = {}
        self._leaving: dict[str, _JobRunner] = {}  # of jobs that were taken out while they ran
        self._changed = asyncio.Event()
        self._followed = follows()
        self.is_running = False

    def replace(self, jobs: Iterable[Job]) -> None:
        """Serve these jobs from now on; a run under way ends as it began.

        A job whose name and cadence stay keeps its place in the schedule, whatever else of it is new.
        """
        before, self._runners = {**self._leaving, **self._runners}, {}
        for job in jobs:
            runner = before.pop(job.name, None) or _JobRunner(job, self._now)
            self._runners[job.name] = runner
            runner.become(job)
        self._leaving = {name: runner for name, runner in before.items() if runner.is_running}
        self._changed.set()

    async def run(self, stop: Stop) -> None:
        """Serve the jobs until asked to stop, then let what runs end within its grace and cancel the rest."""
        stopping = asyncio.create_task(stop.asked.wait())
        self.is_running = True
        try:
            while not stop.asked.is_set():
                self._changed.clear()
                self._follow_clock()
                for runner in self._runners.values():
                    runner.start_if_due()
                changing = asyncio.create_task(self._changed.wait())
                await asyncio.wait(
                    {stopping, changing}, timeout=self._idle_s(), return_when=asyncio.FIRST_COMPLETED
                )
                changing.cancel()
        finally:
            self.is_running = False
            stopping.cancel()
            await _drain([*self._runners.values(), *self._leaving.values()], stop)

    def _follow_clock(self) -> None:
        """Begin again after a step of the clock: no time passed between the two moments, so no slot did."""
        now, follows = self._now(), self._follows()
        if follows != self._followed:
            self._followed = follows
            for runner in self._runners.values():
                runner.begin_at(now)

    def _idle_s(self) -> float:
        """Seconds until the next slot; a few at most, as timers stand still while a machine sleeps."""
        now = self._now()
        slots = [runner.next_slot for runner in self._runners.values() if runner.next_slot]
        waits = [(slot - now).total_seconds() for slot in slots]
        return max(0.0, min([*waits, _LOOK_SECONDS]))


class _JobRunner:
    """One job's place in the schedule: never two runs at once."""

    def __init__(self, job: Job, now: Clock) -> None:
        self.job, self._now = job, now
        self.trigger = trigger_of(job.cadence)
        self.task: asyncio.Task[None] | None = None
        self._taken_until = job.after  # a clock that was ahead may have served slots that come again
        self._after = job.after and min(job.after, now())
        self._unserved: list[datetime] = []  # reported as missed by the next run
        # at once without a history, and where the last run was cut
        self.next_slot = self._slot_after(self._after) if self._after and not job.at_once else now()

    @property
    def is_running(self) -> bool:
        return self.task is not None and not self.task.done()

    def become(self, job: Job) -> None:
        """Take another job of the same name; slots of a new cadence count from now on."""
        is_other_cadence = job.cadence != self.job.cadence
        self.job = job
        if is_other_cadence:
            self.trigger = trigger_of(job.cadence)
            self.begin_at(self._now())

    def begin_at(self, now: datetime) -> None:
        """Serve the slots from now on, this very moment's too, none of them twice."""
        self._taken_until = max(filter(None, (self._taken_until, self._after)), default=None)
        self._after = now - _TICK
        self.next_slot = self._slot_after(self._after)

    def start_if_due(self) -> None:
        if self.next_slot and self._now() >= self.next_slot:
            self.start()

    def start(self) -> None:
        """Start a run for the latest slot; earlier ones are missed, since no sweep observes the past."""
        now = self._now()
        self.next_slot = self._slot_after(now)
        if self.is_running:
            event(log, logging.WARNING, "run_skipped", chore=self.job.name, why="the last one still runs")
            return
        due = slots_between(self.trigger, self._after or now - _TICK, now)
        slot = due[-1] if due else None
        self._after = slot or self._after or now  # before the run: no slot is started twice
        missed, self._unserved = [*self._unserved, *filter(self._is_free, due[:-1])], []
        slot = slot if slot and self._is_free(slot) else None
        self.task = asyncio.create_task(self._run(slot, missed), name=f"run of {self.job.name}")

    async def _run(self, slot: datetime | None, missed: Sequence[datetime]) -> None:
        try:
            await self.job.run(slot, missed)
        except Exception as error:  # noqa: BLE001 - whatever one run meets, the next one must still be made
            self._unserved = [*missed, *([slot] if slot else [])]  # recorded as missed with the next run
            self._log_failure(error)

    def _log_failure(self, error: Exception) -> None:
        words = str(error) or type(error).__name__
        if isinstance(error, NoVerdict):  # another sweep was in the way: the next run may find it gone
            event(log, logging.WARNING, "run_failed", chore=self.job.name, error=words)
        elif isinstance(error, MonitorError):
            event(log, logging.ERROR, "run_failed", chore=self.job.name, error=words)
        else:
            event(log, logging.ERROR, "run_crashed", chore=self.job.name, error=words)

    def _is_free(self, slot: datetime) -> bool:
        return self._taken_until is None or slot > self._taken_until

    def _slot_after(self, moment: datetime) -> datetime | None:
        slot: datetime | None = self.trigger.get_next_fire_time(None, moment + _TICK)
        return slot


async def _drain(runners: Iterable[_JobRunner], stop: Stop) -> None:
    """Wait for running jobs; after the grace, or when hurried, cancel them and wait for their end."""
    running = {runner.task for runner in runners if runner.task is not None and runner.is_running}
    if not running:
        return
    grace_s = stop.grace.total_seconds()
    event(log, logging.INFO, "draining", running=len(running), grace_s=grace_s)
    hurry = asyncio.create_task(stop.hurried.wait())
    # one task to wait on: the first of "all ended" and "hurried"
    waiting: set[asyncio.Task[object]] = {hurry, asyncio.create_task(asyncio.wait(running))}
    await asyncio.wait(waiting, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting | running:
        task.cancel()
    await stop.ended(waiting | running, _CANCEL_SECONDS)  # else one task keeps the process alive
