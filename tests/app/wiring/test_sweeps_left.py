"""How many sweeps a UTC day has left is known without looking at each slot of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.app.wiring.sweeps_left import sweeps_left
from monitor.scheduler import slots_between, trigger_of

MIDNIGHT = datetime(2026, 4, 6, tzinfo=UTC)
DAY = timedelta(days=1)
NOON = MIDNIGHT + DAY / 2


def counted(cadence: timedelta | str, now: datetime) -> int:
    last = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY - timedelta(microseconds=1)
    return 1 + len(slots_between(trigger_of(cadence), now, last))


@given(st.timedeltas(timedelta(minutes=11), timedelta(days=9)), st.timedeltas(timedelta(0), 40 * DAY))
def test_an_interval_counts_as_its_slots_do(interval: timedelta, later: timedelta) -> None:
    cadence = timedelta(seconds=int(interval.total_seconds()))
    assert sweeps_left(cadence, MIDNIGHT + later) == counted(cadence, MIDNIGHT + later)


@pytest.mark.parametrize("cron", ["*/15 * * * *", "7 9-17 * * *", "0 0 * * *", "30 12 29 2 *"])
@pytest.mark.parametrize("minutes", [0, 7, 12 * 60, 12 * 60 + 7.5, 23 * 60 + 59])
def test_a_cron_line_counts_as_its_slots_do(cron: str, minutes: float) -> None:
    now = MIDNIGHT + timedelta(minutes=minutes)
    assert sweeps_left(cron, now) == counted(cron, now)


def test_a_second_sweep_of_the_same_slot_has_one_slot_less_to_share_with() -> None:
    assert sweeps_left(timedelta(hours=1), NOON) == 12
    assert sweeps_left("0 * * * *", NOON) == 12
    assert sweeps_left("0 * * * *", NOON - timedelta(seconds=1)) == 13


def test_the_next_day_has_slots_of_its_own() -> None:
    assert [sweeps_left("0 6 * * mon", MIDNIGHT + day * DAY) for day in range(3)] == [2, 1, 1]
