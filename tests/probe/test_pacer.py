"""The two bounds of the pacer, in simulated time: never too many a minute, never much too slow."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.probe.pacer import CATCH_UP_S, SAFETY, Pacer


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


def most_in_a_minute(begun: list[float]) -> int:
    return max(sum(first <= moment < first + 60 for moment in begun) for first in begun)


LATE = st.lists(st.floats(0, 0.5), max_size=6)
WAYS = st.lists(st.floats(0, 1), min_size=1, max_size=7)


@settings(deadline=None, max_examples=60)
@given(rate=st.integers(1, 200), count=st.integers(1, 250), delays=LATE, ways=WAYS)
def test_no_minute_ever_holds_more_than_the_rate(
    rate: int, count: int, delays: list[float], ways: list[float]
) -> None:
    """At our door and at the server's, although requests take up to a second more or less on their way."""
    clock = Simulated(delays)
    begun = starts(Pacer(rate, now=clock.now, sleep=clock.sleep), clock, count)
    assert most_in_a_minute(begun) <= rate
    assert most_in_a_minute([moment + ways[i % len(ways)] for i, moment in enumerate(begun)]) <= rate


@settings(deadline=None, max_examples=60)
@given(rate=st.integers(1, 200), count=st.integers(1, 250), late=st.floats(0, CATCH_UP_S * 0.9))
def test_a_paced_round_ends_within_a_tenth_of_its_ideal_time(rate: int, count: int, late: float) -> None:
    """Wake-ups that are late by less than the tolerance cost nothing."""
    clock = Simulated([late])
    begun = starts(Pacer(rate, now=clock.now, sleep=clock.sleep), clock, count)
    assert begun[-1] - begun[0] <= 1.1 * 60 * count / rate + late


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
