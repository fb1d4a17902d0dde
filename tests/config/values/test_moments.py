"""Moments as they are typed in commands and addresses."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.values.duration import duration_text
from monitor.config.values.moments import parse_moment

NOW = datetime(2026, 4, 6, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("today", datetime(2026, 4, 6, tzinfo=UTC)),
        ("yesterday", datetime(2026, 4, 5, tzinfo=UTC)),
        ("2026-04-01", datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-04-01T02:00", datetime(2026, 4, 1, 2, tzinfo=UTC)),
        ("2026-04-01T02:00+02:00", datetime(2026, 4, 1, tzinfo=UTC)),
        ("12h", datetime(2026, 4, 6, 11, 30, tzinfo=UTC)),
        ("7d", datetime(2026, 3, 30, 23, 30, tzinfo=UTC)),
    ],
)
def test_a_day_is_its_first_moment_in_utc_and_an_age_counts_back(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment
    assert parse_moment(text, NOW.astimezone(timezone(timedelta(hours=9)))) == moment


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_as_text_is_itself(moment: datetime) -> None:
    assert parse_moment(moment.isoformat(), NOW) == moment


@given(st.timedeltas(timedelta(), timedelta(days=36_525)))
def test_every_age_as_text_lies_so_long_before_now(age: timedelta) -> None:
    whole = age - age % timedelta(milliseconds=1)
    assert parse_moment(duration_text(whole), NOW) == NOW - whole


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a time; write 2026-04-06"),
        ("Today", "is not a time; write"),
        ("tomorrow", "is not a time; write"),
        ("0001-01-01T00:00+02:00", "is outside the calendar in UTC"),
        ("99999999d", "is not a time"),
    ],
)
def test_another_text_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_moment(text, NOW)
