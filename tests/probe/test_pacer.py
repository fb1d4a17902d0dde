"""The two bounds of the pacer, in simulated time: never too many a minute, never much too slow."""

import asyncio
import itertools
from bisect import bisect_left
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.probe.pacer import (
    CATCH_UP_S,
    JITTER_SHARE,
    MOST_JITTER_S,
    RECOVERY,
    SAFETY,
    SLOWEST_INTERVAL_S,
    Pacer,
)


class Simulated:
    """A clock that only sleeping moves, each time a little longer than asked."""

    def __init__(self, delays: list[float]) -> None:
        self.time_s = 1000.0
        self.delays = delays
        self.slept = 0

    def now(self) -> float:
        return self.time_s

    async def sleep(self, seconds: float) -> None:
        late = self.delays[self.slept % len(self.delays)] if self.delays else 0.0
        self.slept += 1
        self.time_s += seconds + late
        await asyncio.sleep(0)


def starts(pacer: Pacer, clock: Simulated, count: int) -> list[float]:
    """Let many workers ask at once, and note when each may start."""
    begun: list[float] = []

    async def work() -> None:
        await pacer.acquire()
        begun.append(clock.now())

    async def run() -> None:
        await asyncio.gather(*(work() for _ in range(count)))

    asyncio.run(run())
    return begun


def most_in_a_minute(moments: list[float]) -> int:
    in_order = sorted(moments)
    return max(bisect_left(in_order, first + 60) - index for index, first in enumerate(in_order))


def jitter_of(shares: list[float]) -> Callable[[], float]:
    """Return what gives these numbers in turn, again and again."""
    drawn = itertools.cycle(shares)
    return lambda: next(drawn)


LATE = st.lists(st.floats(0, 0.5), max_size=6)
WAYS = st.lists(st.floats(0, 0.9), min_size=1, max_size=7)
JITTER = st.lists(st.floats(0, 1), min_size=1, max_size=5)


@settings(max_examples=100)
@given(rate=st.integers(1, 200), count=st.integers(1, 250), delays=LATE, ways=WAYS, shares=JITTER)
def test_no_minute_ever_holds_more_than_the_rate(
    rate: int, count: int, delays: list[float], ways: list[float], shares: list[float]
) -> None:
    """At our door and at the server's, although requests take up to 0.9 s more or less on their way."""
    clock = Simulated(delays)
    pacer = Pacer(rate, jitter=jitter_of(shares), now=clock.now, sleep=clock.sleep)
    begun = starts(pacer, clock, count)
    assert most_in_a_minute(begun) <= rate
    assert most_in_a_minute([moment + ways[i % len(ways)] for i, moment in enumerate(begun)]) <= rate


@pytest.mark.parametrize("rate", [1, 7, 40, 120, 200])
@pytest.mark.parametrize("shares", [[0.0], [1.0], [1.0, *[0.0] * 200]], ids=["none", "full", "at first"])
def test_the_worst_jitter_and_the_worst_ways_leave_the_minute_its_rate(
    rate: int, shares: list[float]
) -> None:
    """The first one starts late and travels long, those after it neither."""
    clock = Simulated([])
    pacer = Pacer(rate, jitter=jitter_of(shares), now=clock.now, sleep=clock.sleep)
    begun = starts(pacer, clock, 3 * rate + 5)
    for late in range(rate):
        assert most_in_a_minute([at + 0.9 * (index <= late) for index, at in enumerate(begun)]) <= rate


@settings(max_examples=100)
@given(
    rate=st.integers(1, 200),
    count=st.integers(1, 250),
    late=st.floats(0, CATCH_UP_S * 0.9),
    shares=JITTER,
)
def test_a_paced_round_ends_within_a_fiftieth_of_its_ideal_time(
    rate: int, count: int, late: float, shares: list[float]
) -> None:
    """Wake-ups that are late by less than the tolerance, and jitter, cost nothing but the last one's own."""
    clock = Simulated([late])
    pacer = Pacer(rate, jitter=jitter_of(shares), now=clock.now, sleep=clock.sleep)
    began_s = clock.now()
    begun = starts(pacer, clock, count)
    assert begun[-1] - began_s <= SAFETY * 60 * count / rate + MOST_JITTER_S + late


@settings(max_examples=60)
@given(rate=st.integers(1, 200), shares=JITTER)
def test_jitter_delays_a_start_by_a_tenth_of_the_interval_at_most(rate: int, shares: list[float]) -> None:
    clock = Simulated([])
    pacer = Pacer(rate, jitter=jitter_of(shares), now=clock.now, sleep=clock.sleep)
    begun = starts(pacer, clock, 30)
    most_s = min(JITTER_SHARE * pacer.interval_s, MOST_JITTER_S)
    for number, moment in enumerate(begun[1:], start=1):
        early_s = begun[0] + number * pacer.interval_s - moment
        assert -most_s - 1e-6 <= early_s <= most_s + CATCH_UP_S * number + 1e-6


def test_without_a_rate_starts_are_ten_milliseconds_apart() -> None:
    clock = Simulated([])
    begun = starts(Pacer(now=clock.now, sleep=clock.sleep), clock, 201)
    assert begun[-1] - begun[0] == pytest.approx(2.0, abs=2 * CATCH_UP_S)


def test_the_first_start_waits_for_nobody() -> None:
    clock = Simulated([])
    assert starts(Pacer(1, now=clock.now, sleep=clock.sleep), clock, 1) == [1000.0]


def test_a_penalty_holds_everybody_who_has_not_started() -> None:
    clock = Simulated([])
    pacer = Pacer(60, now=clock.now, sleep=clock.sleep)
    starts(pacer, clock, 1)
    pacer.penalise(30)
    pacer.penalise(5)
    begun = starts(pacer, clock, 3)
    assert begun[0] == pytest.approx(1030.0)
    assert begun[2] - begun[0] == pytest.approx(2 * SAFETY, abs=CATCH_UP_S)


def test_a_worker_that_gives_up_takes_no_turn() -> None:
    async def run() -> float:
        pacer = Pacer(60_000)
        waiting = [asyncio.create_task(pacer.acquire()) for _ in range(3)]
        pacer.penalise(0.05)
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        began = asyncio.get_running_loop().time()
        await pacer.acquire()
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(run()) < 1


# ---- Slower and faster -----------------------------------------------------------------


def test_slowed_down_starts_are_twice_as_far_apart_at_once() -> None:
    clock = Simulated([])
    pacer = Pacer(60, now=clock.now, sleep=clock.sleep)
    starts(pacer, clock, 1)
    pacer.slow_down(0.0)
    begun = starts(pacer, clock, 3)
    assert begun[0] >= 1000.0 + 2 * SAFETY
    assert begun[2] - begun[1] == pytest.approx(2 * SAFETY, abs=CATCH_UP_S)


def test_the_pace_that_is_slowed_down_is_the_one_that_was_kept() -> None:
    """Where answers are slower than the starts allow, the next interval doubles theirs."""
    pacer = Pacer(now=lambda: 0.0)
    pacer.slow_down(1.5)
    assert pacer.interval_s == pytest.approx(3.0)


@settings(max_examples=60)
@given(
    rate=st.one_of(st.none(), st.floats(0.5, 600.0)),
    turns=st.lists(st.one_of(st.none(), st.floats(0.0, 1e6)), max_size=30),
)
def test_no_turn_makes_it_faster_than_configured_or_slower_than_the_slowest(
    rate: float | None, turns: list[float | None]
) -> None:
    pacer = Pacer(rate, now=lambda: 0.0)
    least_s = pacer.interval_s
    for turn in turns:
        if turn is None:
            pacer.speed_up()
        else:
            pacer.slow_down(turn)
        assert least_s <= pacer.interval_s <= max(SLOWEST_INTERVAL_S, least_s)


def test_it_speeds_up_by_parts_until_it_is_as_it_was() -> None:
    pacer = Pacer(60, now=lambda: 0.0)
    pacer.slow_down(2.0)
    intervals = []
    for _ in range(10):
        pacer.speed_up()
        intervals.append(pacer.interval_s)
    assert intervals[0] == pytest.approx(4.0 * RECOVERY)
    assert intervals[-1] == pytest.approx(SAFETY)


# ---- Other processes, other loops ------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds_ago", "starts_after_s"),
    [(0.0, 3.0 * SAFETY), (2.0, 3.0 * SAFETY - 2.0), (60.0, 0.0), (-5.0, 3.06)],
)
def test_the_first_start_follows_the_last_of_another_process(
    seconds_ago: float, starts_after_s: float
) -> None:
    clock = Simulated([])
    pacer = Pacer(20, now=clock.now, sleep=clock.sleep)
    pacer.follow(seconds_ago)
    assert starts(pacer, clock, 1)[0] == pytest.approx(1000.0 + starts_after_s)


def test_several_loops_one_after_another_keep_one_pace() -> None:
    """Each is left with workers still waiting for their turn."""
    clock = Simulated([])
    pacer = Pacer(60, now=clock.now, sleep=clock.sleep)
    begun: list[float] = []

    async def crowd() -> None:
        waiting = [asyncio.create_task(pacer.acquire()) for _ in range(3)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        begun.append(clock.now())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    for _ in range(5):
        asyncio.run(crowd())
    assert all(later - sooner >= SAFETY - CATCH_UP_S - 1e-6 for sooner, later in itertools.pairwise(begun))


def test_of_many_that_wait_the_first_to_come_is_the_first_to_start() -> None:
    clock = Simulated([])
    pacer = Pacer(60, now=clock.now, sleep=clock.sleep)
    order: list[int] = []

    async def work(number: int) -> None:
        await pacer.acquire()
        order.append(number)

    async def run() -> None:
        await asyncio.gather(*(work(number) for number in range(20)))

    asyncio.run(run())
    assert order == list(range(20))
