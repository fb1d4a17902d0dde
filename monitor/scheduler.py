"""Scheduling: APScheduler, slots, drain. It runs coroutines and knows nothing of probes or SQL.

Slots are aligned scheduled UTC times. APScheduler only fires; what that means (which slot, which were missed,
what still runs) is decided here, because a late, coalesced or skipped run must be recorded as such.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor.clock import EPOCH, Clock
from monitor.errors import ConfigError, MonitorError, NoVerdict
from monitor.logs import event
from monitor.process.stop import Stop

log = logging.getLogger(__name__)

_TICK = timedelta(microseconds=1)  # APScheduler gives times >= its argument
_MOST_MISSED = 100_000  # bounds what is recorded after years of downtime at short intervals
_WATCH_SECONDS = 30.0  # between checks whether the wall clock stepped back
_CANCEL_SECONDS = 4.0  # a cancelled sweep still closes itself in the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do on every slot.

    `run` gets the slot (None for a run outside the schedule) and the earlier slots that were missed.
    `after` is the last slot known to be served; None asks for a first run at once.
    """

    name: str
    cadence: timedelta | str
    run: Callable[[datetime | None, Sequence[datetime]], Awaitable[None]]
    after: datetime | None = None


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
    slot = trigger.get_next_fire_time(None, after + _TICK)
    while slot is not None and slot <= until:
        slots.append(slot.astimezone(UTC))  # the history knows UTC only
        slot = trigger.get_next_fire_time(slot, slot + _TICK)
    return slots[-_MOST_MISSED:]


def has_slot(trigger: BaseTrigger, after: datetime, until: datetime) -> bool:
    """Return whether a scheduled time lies after one moment and not after another."""
    slot = trigger.get_next_fire_time(None, after + _TICK)
    return slot is not None and slot <= until


class _JobRunner:
    """One job's place in the schedule: never two runs at once."""

    def __init__(self, job: Job, now: Clock) -> None:
        self.job = job
        self.trigger = trigger_of(job.cadence)
        self.task: asyncio.Task[None] | None = None
        self._now = now
        self._after = job.after
        self._unserved: list[datetime] = []  # reported as missed by the next run
        self._overdue_at = float("inf")

    @property
    def is_running(self) -> bool:
        return self.task is not None and not self.task.done()

    @property
    def is_overdue(self) -> bool:
        """Whether two periods of the monotonic clock went by without a run, whatever the wall clock did."""
        return not self.is_running and asyncio.get_running_loop().time() > self._overdue_at

    async def fire(self) -> None:
        """Start what is due; the scheduler calls this."""
        self.start()

    def catch_up(self) -> None:
        """Start at once if a slot passed while nothing ran."""
        self._watch_from_now()  # its first slot may be the one that a clock step skips
        if self._after is None or slots_between(self.trigger, self._after, self._now()):
            self.start()

    def start(self) -> None:
        if self.is_running:  # max_instances would count the short call of `fire`
            event(log, logging.WARNING, "run_skipped", chore=self.job.name, why="the last one still runs")
            return
        now = self._now()
        due = slots_between(self.trigger, self._after or now - _TICK, now)
        slot = due[-1] if due else None  # earlier ones are missed: no sweep observes the past
        self._after = slot or self._after or now  # before the run: no slot is started twice
        self._watch_from_now()
        missed, self._unserved = [*self._unserved, *due[:-1]], []
        # a task of ours: APScheduler would cancel its own coroutine at shutdown, whatever `wait` says
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

    def _watch_from_now(self) -> None:
        now = self._now()
        upcoming = self.trigger.get_next_fire_time(None, now + _TICK)
        following = upcoming and self.trigger.get_next_fire_time(upcoming, upcoming + _TICK)
        if upcoming and following:
            period = max(following - upcoming, timedelta(seconds=1))
            margin = (upcoming - now + period).total_seconds()
            self._overdue_at = asyncio.get_running_loop().time() + margin


async def run_schedule(jobs: Iterable[Job], stop: Stop, *, now: Clock) -> None:
    """Serve the jobs until asked to stop, then let what runs end within its grace and cancel the rest."""
    runners = [_JobRunner(job, now) for job in jobs]
    # measured: with the default grace of 1 s a run is lost whenever the loop is blocked for longer
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    for runner in runners:
        scheduler.add_job(runner.fire, runner.trigger, id=runner.job.name)
    scheduler.start()
    for runner in runners:
        runner.catch_up()
    try:
        while not await stop.within(_WATCH_SECONDS):
            _wake_overdue(scheduler, runners)
    finally:
        scheduler.pause()  # no new run may start while the drain waits for the last one
        await _drain(runners, stop)
        scheduler.shutdown(wait=False)  # `wait` is ignored: it cancels its own coroutines


def _wake_overdue(scheduler: AsyncIOScheduler, runners: Iterable[_JobRunner]) -> None:
    """Fire overdue jobs ourselves: after the wall clock steps back, APScheduler is silent for that long."""
    for runner in runners:
        if runner.is_overdue:
            event(log, logging.WARNING, "schedule_overdue", chore=runner.job.name)
            scheduler.wakeup()  # without it APScheduler keeps sleeping until the wall clock has caught up
            runner.start()


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
