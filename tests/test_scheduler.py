"""The schedule: aligned slots, no overlap, nothing lost by lateness, a bounded end (issue of the daemon)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.clock import SteadyClock, to_datetime, to_millis, utc_now
from monitor.errors import ConfigError, NoVerdict
from monitor.process.stop import Stop
from monitor.scheduler import Job, Schedule, period, slots_between, trigger_of
from tests.support.process import wait_for

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
FAST = timedelta(milliseconds=200)
PATIENCE_S = 60.0  # who needs longer hangs
Run = Callable[[datetime | None, Sequence[datetime]], Awaitable[None]]
Act = Callable[[], None]


@pytest.mark.parametrize("cadence", [QUARTER, "*/15 * * * *"])
def test_slots_are_aligned_whatever_the_start(cadence: timedelta | str) -> None:
    slots = slots_between(trigger_of(cadence), NOON + timedelta(minutes=1), NOON + timedelta(minutes=46))
    assert slots == [NOON + QUARTER, NOON + 2 * QUARTER, NOON + 3 * QUARTER]


def test_a_slot_is_after_the_last_one_and_up_to_now() -> None:
    assert slots_between(trigger_of(QUARTER), NOON, NOON) == []
    assert slots_between(trigger_of(QUARTER), NOON, NOON + QUARTER) == [NOON + QUARTER]


@pytest.mark.parametrize(
    "changes_on", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
)
def test_a_cron_line_of_a_zone_goes_on_through_both_changes_of_summer_time(changes_on: datetime) -> None:
    day, hours = changes_on - timedelta(hours=12), 48
    zone = ZoneInfo("Europe/Berlin")
    slots = slots_between(trigger_of("*/30 * * * *", zone), day, day + timedelta(hours=hours))
    assert slots == [day + half * timedelta(minutes=30) for half in range(1, 2 * hours + 1)]
    at_night = slots_between(trigger_of("30 2 * * *", zone), day, day + timedelta(hours=hours))
    assert [slot.astimezone(zone).date().day - changes_on.day for slot in at_night] == [0, 1]
    both = slots_between(trigger_of("* 2 * * *", zone), day, day + timedelta(hours=24))
    assert len(both) == {3: 1, 10: 60}[changes_on.month]


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


async def scheduled(job: Job, stop: Stop) -> None:
    schedule = Schedule(utc_now)
    schedule.replace([job])
    await schedule.run(stop)


def serve(
    run: Run, *, until: Callable[[], object], after: datetime | None = None, grace: timedelta = FAST
) -> None:
    """Run a schedule of one fast job until something is so, and ask it to stop."""

    async def body() -> None:
        stop = Stop(grace)
        job = Job(name="job", cadence=FAST, run=run, after=after)
        schedule = asyncio.create_task(scheduled(job, stop))
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
        schedule = asyncio.create_task(scheduled(job, stop))
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        stop.ask()
        stop.ask()
        await asyncio.wait_for(schedule, PATIENCE_S)

    asyncio.run(body())


class Clock:
    """A clock that a test sets; each reading is one millisecond later."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


def quarterly(run: Run, name: str = "job", cadence: timedelta | str = QUARTER) -> Job:
    return Job(name=name, cadence=cadence, run=run, after=NOON)


def replacing(steps: Callable[[Schedule, Clock, Callable[[str], Run]], Awaitable[None]]) -> list[str]:
    """Run a schedule by a clock of the test's own; returns `name minute` of each run."""
    runs, clock = list[str](), Clock()

    def noting(name: str) -> Run:
        async def run(slot: datetime | None, missed: Sequence[datetime]) -> None:
            assert not missed
            runs.append(f"{name} {slot.minute if slot else 'now'}")

        return run

    async def body() -> None:
        schedule, stop = Schedule(clock), Stop()
        schedule.replace([quarterly(noting("old"))])
        running = asyncio.create_task(schedule.run(stop))
        await settle()
        await steps(schedule, clock, noting)
        await settle()
        stop.ask()
        await asyncio.wait_for(running, PATIENCE_S)

    asyncio.run(body())
    return runs


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_job_that_is_replaced_keeps_its_place_in_the_schedule() -> None:
    async def steps(schedule: Schedule, clock: Clock, noting: Callable[[str], Run]) -> None:
        for minute, name in ((15, "b"), (30, "c"), (31, "d"), (45, "e")):
            clock.at = NOON + timedelta(minutes=minute)
            schedule.replace([quarterly(noting(name))])
            await settle()

    assert replacing(steps) == ["b 15", "c 30", "e 45"]


def test_a_job_of_another_cadence_begins_with_its_next_slot() -> None:
    async def steps(schedule: Schedule, clock: Clock, noting: Callable[[str], Run]) -> None:
        clock.at = NOON + timedelta(minutes=14)
        for minute in (14, 15, 20, 25):
            clock.at = NOON + timedelta(minutes=minute)
            schedule.replace([quarterly(noting("new"), cadence=timedelta(minutes=10))])
            await settle()

    assert replacing(steps) == ["new 20"]


def test_a_job_is_added_and_another_one_is_taken_out() -> None:
    async def steps(schedule: Schedule, clock: Clock, noting: Callable[[str], Run]) -> None:
        first = Job(name="added", cadence=QUARTER, run=noting("added"))
        for minute in (1, 15):
            clock.at = NOON + timedelta(minutes=minute)
            schedule.replace([first])
            await settle()

    assert replacing(steps) == ["added now", "added 15"]


def test_a_run_under_way_ends_though_its_job_is_taken_out() -> None:
    words = list[str]()

    async def body() -> None:
        clock, stop, going = Clock(), Stop(timedelta(seconds=PATIENCE_S)), asyncio.Event()

        async def run(_slot: datetime | None, _missed: Sequence[datetime]) -> None:
            words.append("begun")
            await going.wait()
            words.append("ended")

        schedule = Schedule(clock)
        schedule.replace([Job(name="job", cadence=QUARTER, run=run)])
        running = asyncio.create_task(schedule.run(stop))
        await settle()
        schedule.replace([])
        await settle()
        stop.ask()
        await settle()
        going.set()
        await asyncio.wait_for(running, PATIENCE_S)

    asyncio.run(body())
    assert words == ["begun", "ended"]


def slots_served(
    clock: Callable[[], datetime],
    follows: Callable[[], int],
    times: Sequence[Callable[[], None]],
    after: datetime,
) -> tuple[list[datetime | None], list[datetime]]:
    """Run a quarterly job through these times; returns the slots of its runs, and those it missed."""
    served, told = list[datetime | None](), list[datetime]()

    async def run(slot: datetime | None, missed: Sequence[datetime]) -> None:
        served.append(slot)
        told.extend(missed)

    async def body() -> None:
        schedule, stop = Schedule(clock, follows), Stop()
        job = Job(name="job", cadence=QUARTER, run=run, after=after)
        schedule.replace([job])
        running = asyncio.create_task(schedule.run(stop))
        await settle()
        for act in times:
            act()
            schedule.replace([job])  # wakes it
            await settle()
        stop.ask()
        await asyncio.wait_for(running, PATIENCE_S)

    asyncio.run(body())
    return served, told


class Machine:
    """A steady clock on a machine whose wall clock a test sets."""

    def __init__(self) -> None:
        self.boot, self.ahead = 1_000_000, to_millis(NOON) - 1_000_000
        self.clock = SteadyClock(lambda: self.boot + self.ahead, lambda: self.boot)

    def now(self) -> datetime:
        return to_datetime(self.clock.now_ms())

    def go_on(self, step: timedelta = timedelta(0), by: timedelta = timedelta(minutes=1)) -> None:
        self.ahead += step // timedelta(milliseconds=1)
        self.boot += by // timedelta(milliseconds=1)


@given(st.lists(st.integers(-2 * 86_400, 2 * 86_400), min_size=1, max_size=8), st.integers(1, 9))
@example([0, 0, 1, 1], 1)  # a step back of two seconds is followed in the moment of a slot
def test_slots_are_those_of_real_time_whatever_the_clock_is_set_to(steps: list[int], minutes: int) -> None:
    """Each step is mended before it is followed: the hour has its four slots, none missed and none twice."""
    machine = Machine()
    times: list[Act] = [partial(machine.go_on, timedelta(seconds=step)) for step in steps]
    times += [machine.go_on] * (minutes - 1)
    times += [partial(machine.go_on, -timedelta(seconds=sum(steps)))]
    times += [machine.go_on] * (61 - len(times))
    served, missed = slots_served(machine.now, lambda: machine.clock.follows, times, NOON)
    assert served == [NOON + part * QUARTER for part in (1, 2, 3, 4)]
    assert missed == []


@given(st.integers(-2 * 86_400, 2 * 86_400).filter(lambda step: abs(step) > 1))
def test_a_step_that_is_followed_makes_no_slot_missed_and_none_twice(step: int) -> None:
    machine = Machine()
    times: list[Act] = [partial(machine.go_on, timedelta(seconds=step)), *[machine.go_on] * 119]
    served, missed = slots_served(machine.now, lambda: machine.clock.follows, times, NOON)
    slots = [slot for slot in served if slot]
    assert len(set(slots)) == len(slots)
    assert missed == []
    assert 7 <= len(served) <= 9, "a run each quarter of an hour, but for the one that the step moves"


def test_a_machine_that_slept_for_three_hours_missed_their_slots_but_the_last() -> None:
    machine = Machine()
    asleep = partial(machine.go_on, by=timedelta(hours=3, minutes=2))
    served, missed = slots_served(machine.now, lambda: 0, [asleep], NOON)
    assert served == [NOON + 12 * QUARTER]
    assert missed == [NOON + part * QUARTER for part in range(1, 12)]


def test_a_history_of_the_future_stops_no_schedule_and_its_slots_are_not_taken_again() -> None:
    machine = Machine()
    times = [machine.go_on] * 61
    served, missed = slots_served(machine.now, lambda: 0, times, NOON + 2 * QUARTER)
    assert served == [None, None, NOON + 3 * QUARTER, NOON + 4 * QUARTER]
    assert missed == []
