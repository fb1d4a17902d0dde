"""The schedule: aligned slots, no overlap, nothing lost by lateness, a bounded end (issue of the daemon)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.clock import utc_now
from monitor.errors import ConfigError, NoVerdict
from monitor.process.stop import Stop
from monitor.scheduler import (
    Job,
    _JobRunner,
    _wake_overdue,
    period,
    run_schedule,
    slots_between,
    trigger_of,
)
from tests.support.process import wait_for

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
FAST = timedelta(milliseconds=200)
PATIENCE_S = 60.0  # who needs longer hangs
Run = Callable[[datetime | None, Sequence[datetime]], Awaitable[None]]


@pytest.mark.parametrize("cadence", [QUARTER, "*/15 * * * *"])
def test_slots_are_aligned_whatever_the_start(cadence: timedelta | str) -> None:
    slots = slots_between(trigger_of(cadence), NOON + timedelta(minutes=1), NOON + timedelta(minutes=46))
    assert slots == [NOON + QUARTER, NOON + 2 * QUARTER, NOON + 3 * QUARTER]


def test_a_slot_is_after_the_last_one_and_up_to_now() -> None:
    assert slots_between(trigger_of(QUARTER), NOON, NOON) == []
    assert slots_between(trigger_of(QUARTER), NOON, NOON + QUARTER) == [NOON + QUARTER]


def test_a_year_of_missed_slots_is_bounded() -> None:
    slots = slots_between(trigger_of(timedelta(minutes=1)), NOON, NOON + timedelta(days=100))
    assert len(slots) == 100_000
    assert slots[-1] == NOON + timedelta(days=100)


@pytest.mark.parametrize(("cadence", "expected"), [(QUARTER, QUARTER), ("0 6 * * *", timedelta(days=1))])
def test_the_period_is_the_time_between_two_slots(cadence: timedelta | str, expected: timedelta) -> None:
    assert period(cadence, NOON) == expected


@pytest.mark.parametrize("line", ["61 * * * *", "every quarter", "0 0 30 2 *"])
def test_a_cron_line_that_never_comes_is_refused_by_name(line: str) -> None:
    with pytest.raises(ConfigError, match="cron = "):
        period(line, NOON)


def serve(
    run: Run, *, until: Callable[[], object], after: datetime | None = None, grace: timedelta = FAST
) -> None:
    """Run a schedule of one fast job until something is so, and ask it to stop."""

    async def body() -> None:
        stop = Stop(grace)
        job = Job(name="job", cadence=FAST, run=run, after=after)
        schedule = asyncio.create_task(run_schedule([job], stop, now=utc_now))
        await asyncio.to_thread(wait_for, until)
        stop.ask()
        await asyncio.wait_for(schedule, PATIENCE_S)

    asyncio.run(body())


def test_without_a_history_the_first_run_is_at_once_and_has_no_slot() -> None:
    slots: list[datetime | None] = []

    async def run(slot: datetime | None, _missed: Sequence[datetime]) -> None:
        slots.append(slot)

    serve(run, until=lambda: slots)
    assert slots[0] is None


def test_a_start_catches_up_with_one_run_and_names_what_was_missed() -> None:
    calls: list[tuple[datetime | None, Sequence[datetime]]] = []

    async def run(slot: datetime | None, missed: Sequence[datetime]) -> None:
        calls.append((slot, missed))

    last = utc_now() - 10 * FAST
    serve(run, until=lambda: calls, after=last)
    slot, missed = calls[0]
    assert slot is not None
    assert [*missed, slot] == slots_between(trigger_of(FAST), last, slot)
    assert len(missed) >= 8


def test_two_runs_of_a_chore_never_overlap_and_skipped_slots_are_told_as_missed() -> None:
    running, most, told = 0, 0, list[int]()

    async def run(_slot: datetime | None, missed: Sequence[datetime]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        told.append(len(missed))
        await asyncio.sleep(0.45)
        running -= 1

    serve(run, until=lambda: sum(told) >= 2, grace=timedelta(seconds=PATIENCE_S))
    assert most == 1
    assert sum(told) >= 2


@pytest.mark.parametrize("error", [NoVerdict("no"), ValueError("bug")])
def test_a_run_that_fails_does_not_end_the_schedule(error: Exception) -> None:
    runs = 0

    async def run(_slot: datetime | None, _missed: Sequence[datetime]) -> None:
        nonlocal runs
        runs += 1
        raise error

    serve(run, until=lambda: runs >= 3)


def test_stopping_lets_a_run_end_within_the_grace_time() -> None:
    words = list[str]()

    async def run(_slot: datetime | None, _missed: Sequence[datetime]) -> None:
        words.append("begun")
        await asyncio.sleep(0.3)
        words.append("ended")

    serve(run, until=lambda: words, grace=timedelta(seconds=PATIENCE_S))
    assert words == ["begun", "ended"]


def test_after_the_grace_time_a_run_is_cancelled_and_may_still_write() -> None:
    words = list[str]()

    async def run(_slot: datetime | None, _missed: Sequence[datetime]) -> None:
        words.append("begun")
        try:
            await asyncio.sleep(2 * PATIENCE_S)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            words.append("closed")
            raise

    serve(run, until=lambda: words, grace=timedelta(milliseconds=50))
    assert words == ["begun", "closed"]


def test_asked_twice_it_does_not_wait_for_the_grace_time() -> None:
    stop = Stop(grace=timedelta(seconds=2 * PATIENCE_S))

    async def body() -> None:
        begun = asyncio.Event()

        async def run(_slot: datetime | None, _missed: Sequence[datetime]) -> None:
            begun.set()
            await asyncio.sleep(2 * PATIENCE_S)

        job = Job(name="job", cadence=FAST, run=run)
        schedule = asyncio.create_task(run_schedule([job], stop, now=utc_now))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        stop.ask()
        stop.ask()
        await asyncio.wait_for(schedule, PATIENCE_S)

    asyncio.run(body())


def test_a_schedule_that_stays_silent_for_two_periods_is_woken_by_the_monotonic_clock() -> None:
    """A wall clock set back silences APScheduler for as long as the step; the runner notices by itself."""
    slots: list[datetime | None] = []

    async def run(slot: datetime | None, _missed: Sequence[datetime]) -> None:
        slots.append(slot)

    async def body() -> None:
        set_back = timedelta(days=365)
        runner = _JobRunner(
            Job(name="job", cadence=FAST, run=run, after=utc_now()), lambda: utc_now() - set_back
        )
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.start(paused=True)
        runner.catch_up()
        assert not runner.is_overdue
        await asyncio.sleep(3 * FAST.total_seconds() + 1)
        assert runner.is_overdue
        _wake_overdue(scheduler, [runner])
        assert runner.task is not None
        await runner.task
        scheduler.shutdown(wait=False)

    asyncio.run(body())
    assert slots == [None]
