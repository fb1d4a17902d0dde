"""Tries that come less and less often, and end after a day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.notification.backoff import GIVE_UP_AFTER, next_try, pause_after

POSTED = datetime(2026, 4, 6, 12, tzinfo=UTC)
PATIENCE = st.none() | st.timedeltas(timedelta(), timedelta(days=30))


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 30), (1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (9, 3600), (10_000, 3600)],
)
def test_the_pause_doubles_from_half_a_minute_to_an_hour(attempts: int, seconds: int) -> None:
    assert pause_after(attempts) == timedelta(seconds=seconds)


def test_a_channel_that_asks_for_more_time_gets_it() -> None:
    def due(retry_after: timedelta | None) -> datetime | None:
        return next_try(created_at=POSTED, attempts=1, now=POSTED, retry_after=retry_after)

    assert due(None) == POSTED + timedelta(seconds=30)
    assert due(timedelta(seconds=5)) == POSTED + timedelta(seconds=30)
    assert due(timedelta(minutes=5)) == POSTED + timedelta(minutes=5)
    assert due(timedelta(days=9)) == POSTED + timedelta(days=1), "the last try is after a day"


def test_what_fails_when_it_is_a_day_old_is_not_tried_again() -> None:
    def due(age: timedelta) -> datetime | None:
        return next_try(created_at=POSTED, attempts=20, now=POSTED + age)

    assert due(timedelta(hours=23, minutes=59)) == POSTED + timedelta(days=1)
    assert due(timedelta(days=1)) is None
    assert due(timedelta(days=400)) is None


@given(st.lists(PATIENCE, min_size=60, max_size=60))
def test_every_message_is_tried_again_and_again_until_a_day_has_passed(asked: list[timedelta | None]) -> None:
    now, tries = POSTED, 0
    while now is not None:
        tries += 1
        before = now
        due = next_try(created_at=POSTED, attempts=tries, now=now, retry_after=asked[tries % 60])
        if due is None:
            break
        assert before < due <= POSTED + GIVE_UP_AFTER
        now = due
    assert now == POSTED + GIVE_UP_AFTER
    assert tries <= 33
