"""The time of a daemon goes on evenly whatever the wall clock is set to, and follows what stands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import SteadyClock, to_datetime, to_millis

NOON = to_millis(datetime(2026, 4, 6, 12, tzinfo=UTC))
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STEPS = [HOUR, -HOUR, DAY, -DAY, -NOON]  # the last one: to 1970


class Machine:
    """A machine whose wall clock a test sets: all in milliseconds."""

    def __init__(self, wall: int = NOON) -> None:
        self.boot, self.ahead, self.told = 5_000_000, wall - 5_000_000, list[int]()
        self.clock = SteadyClock(self.wall, lambda: self.boot, self.told.append)

    def wall(self) -> int:
        return self.boot + self.ahead

    def go_on(self, ms: int, looks: int = 10) -> int:
        for _ in range(looks):
            self.boot += ms // looks
            self.clock.now_ms()
        return self.clock.now_ms()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_mended_leaves_no_trace_and_both_are_told_once(step: int) -> None:
    machine = Machine()
    machine.ahead += step
    assert machine.go_on(5 * MINUTE) == NOON + 5 * MINUTE
    assert machine.clock.ahead_ms == step
    machine.ahead -= step
    assert machine.go_on(30 * MINUTE) == NOON + 35 * MINUTE == machine.wall()
    assert machine.told == [step, -step]
    assert machine.clock.follows == 0


@pytest.mark.parametrize("step", STEPS[:-1])
def test_where_the_wall_clock_stands_for_ten_minutes_is_followed_once(step: int) -> None:
    machine = Machine()
    machine.ahead += step
    machine.go_on(9 * MINUTE)
    assert machine.clock.follows == 0
    assert machine.go_on(2 * MINUTE) == machine.wall() == NOON + 11 * MINUTE + step
    assert (machine.clock.follows, machine.clock.ahead_ms, machine.told) == (1, 0, [step])


@pytest.mark.parametrize("step", [HOUR, DAY])
def test_what_waits_is_no_older_for_a_step_that_is_followed(step: int) -> None:
    machine = Machine()
    posted = to_datetime(machine.go_on(MINUTE))
    machine.ahead += step
    machine.go_on(20 * MINUTE)
    now, skipped = to_datetime(machine.clock.now_ms()), machine.clock.skipped_since(posted)
    assert now - posted - skipped == timedelta(minutes=20)
    assert machine.clock.skipped_since(now) == timedelta()


def test_a_step_back_makes_nothing_older() -> None:
    machine = Machine()
    posted = to_datetime(machine.go_on(MINUTE))
    machine.ahead -= DAY
    machine.go_on(20 * MINUTE)
    assert machine.clock.skipped_since(posted) == timedelta()


def test_a_time_before_2020_is_never_followed_and_left_at_once() -> None:
    machine = Machine()
    machine.ahead -= NOON
    assert machine.go_on(DAY) == NOON + DAY
    late = Machine(wall=HOUR)
    assert late.clock.now_ms() == HOUR
    late.ahead += NOON
    assert late.clock.now_ms() == NOON + HOUR
    assert late.clock.follows == 1


def test_corrections_below_a_second_are_followed_silently() -> None:
    machine = Machine()
    for _ in range(50):
        machine.ahead += 300
        machine.go_on(MINUTE)
    assert machine.clock.now_ms() == machine.wall()
    assert (machine.told, machine.clock.follows) == ([], 0)


def test_a_machine_that_slept_has_lived_through_that_time() -> None:
    machine = Machine()
    machine.boot += 3 * HOUR  # and the wall clock with it
    assert machine.clock.now_ms() == NOON + 3 * HOUR
    assert machine.told == []


@given(st.lists(st.tuples(st.integers(-2 * DAY, 2 * DAY), st.integers(1, 500)), max_size=20))
def test_between_two_follows_the_time_goes_on_as_the_boot_clock(steps: list[tuple[int, int]]) -> None:
    machine = Machine()
    for step, seconds in steps:
        machine.ahead += step if abs(step) > 1000 else 0
        before, booted, follows = machine.clock.now_ms(), machine.boot, machine.clock.follows
        after = machine.go_on(seconds * 1000)
        if machine.clock.follows == follows:
            assert after - before == machine.boot - booted, to_datetime(after)
