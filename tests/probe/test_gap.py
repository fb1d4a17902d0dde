"""The least time between two requests to one model, in simulated time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.probe.gap import Gap
from tests.probe.loops import leaping

GAP_S = 20.0


def seconds_of(work: Callable[[], Awaitable[object]]) -> float:
    """Return how long something takes in simulated time."""

    async def run() -> float:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        await work()
        return loop.time() - begun_s

    return leaping(run())


def test_a_model_that_was_never_asked_need_not_wait() -> None:
    assert seconds_of(lambda: Gap(GAP_S).wait("m")) == 0


def test_without_a_gap_nobody_waits() -> None:
    async def work() -> None:
        gap = Gap()
        gap.note_request("m")
        await gap.wait("m")

    assert seconds_of(work) == 0


@pytest.mark.parametrize(("ago_s", "waits_s"), [(0.0, 20.0), (5.0, 15.0), (20.0, 0.0), (3600.0, 0.0)])
def test_the_gap_runs_from_the_end_of_the_last_request(ago_s: float, waits_s: float) -> None:
    async def work() -> None:
        gap = Gap(GAP_S)
        gap.note_request("m", ago_s)
        await gap.wait("m")

    assert seconds_of(work) == pytest.approx(waits_s)


def test_every_model_has_a_gap_of_its_own() -> None:
    async def work() -> None:
        gap = Gap(GAP_S)
        gap.note_request("m")
        await gap.wait("other")

    assert seconds_of(work) == 0


def test_an_earlier_request_shortens_no_gap() -> None:
    """What the history remembers may be older than what this process did."""

    async def work() -> None:
        gap = Gap(GAP_S)
        gap.note_request("m")
        gap.note_request("m", 19.0)
        await gap.wait("m")

    assert seconds_of(work) == pytest.approx(GAP_S)


def test_a_request_that_ends_while_another_waits_prolongs_the_wait() -> None:
    async def work() -> None:
        gap = Gap(GAP_S)
        gap.note_request("m")
        waiting = asyncio.create_task(gap.wait("m"))
        await asyncio.sleep(10)
        gap.note_request("m")
        await waiting

    assert seconds_of(work) == pytest.approx(30.0)


@settings(max_examples=60)
@given(gap_s=st.floats(0.001, 1e6), ago_s=st.floats(0.0, 2e6))
def test_a_wait_ends_and_never_lasts_longer_than_the_gap(gap_s: float, ago_s: float) -> None:
    async def work() -> None:
        gap = Gap(gap_s)
        gap.note_request("m", ago_s)
        await gap.wait("m")

    assert max(gap_s - ago_s, 0.0) - 1e-6 <= seconds_of(work) <= gap_s + 1e-6


def test_a_gap_outlives_the_loop_it_was_begun_in() -> None:
    """A daemon sweeps one provider from one loop after another; the clock is one."""
    now_s = 50.0

    async def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds
        await asyncio.sleep(0)

    gap = Gap(GAP_S, now=lambda: now_s, sleep=sleep)
    for _ in range(3):
        asyncio.run(gap.wait("m"))
        gap.note_request("m")
    assert now_s == pytest.approx(50.0 + 2 * GAP_S)
