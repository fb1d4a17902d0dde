"""Days of time zones as spans of time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.history.calendar import begin_of, day_of, days_until, moment_of, span_of

DAY = timedelta(days=1)
ZONES = sorted(available_timezones())
DATES = st.dates(date(1980, 1, 1), date(2079, 12, 31))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 3, 29), 24),
        ("Europe/Berlin", date(2026, 3, 28), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Havana", date(2026, 3, 8), 23),
        ("America/Havana", date(2026, 11, 1), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Africa/Cairo", date(2026, 10, 29), 25),
        ("America/Santiago", date(2026, 4, 4), 25),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_has_the_hours_that_its_clocks_give_it(zone: str, day: date, hours: float) -> None:
    span = span_of(day, day, ZoneInfo(zone))
    assert (span.ends_at - span.begins_at) / timedelta(hours=1) == hours
    assert span.days == 1


@pytest.mark.parametrize(
    ("zone", "day", "begin"),
    [
        # Midnight comes twice: the first one counts.
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        # There is no midnight: the day begins when the clocks have jumped over it.
        ("America/Havana", date(2026, 3, 8), datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        ("America/Santiago", date(2026, 9, 6), datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ],
)
def test_a_day_begins_once_whatever_its_midnight_does(zone: str, day: date, begin: datetime) -> None:
    assert begin_of(day, ZoneInfo(zone)) == begin
    assert day_of(begin, ZoneInfo(zone)) == day
    assert day_of(begin - timedelta(milliseconds=1), ZoneInfo(zone)) == day - DAY


@given(zone=st.sampled_from(ZONES), day=DATES, days=st.integers(1, 400))
def test_days_in_a_row_tile_time_without_gap_or_overlap(zone: str, day: date, days: int) -> None:
    place = ZoneInfo(zone)
    span = days_until(day, days, place)
    assert (span.days, span.last, span.timezone) == (days, day, zone)
    edges = [begin_of(span.first + number * DAY, place) for number in range(days + 1)]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (span.begins_at, span.ends_at)
    assert span.ends_at == span_of(day + DAY, day + DAY, place).begins_at


@given(zone=st.sampled_from(ZONES), moment=st.datetimes(datetime(1980, 1, 1), datetime(2079, 12, 31)))  # noqa: DTZ001
def test_a_moment_falls_on_the_day_whose_span_it_is_in(zone: str, moment: datetime) -> None:
    place, at = ZoneInfo(zone), moment.replace(tzinfo=UTC)
    day = day_of(at, place)
    span = span_of(day, day, place)
    assert span.begins_at <= at < span.ends_at


def test_an_hour_that_the_clocks_skip_comes_as_much_later() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert moment_of(date(2026, 3, 29), time(2, 30), berlin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert moment_of(date(2026, 10, 25), time(2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_days_that_run_backwards_are_no_span() -> None:
    with pytest.raises(ValueError, match="2026-04-05 comes before 2026-04-06"):
        span_of(date(2026, 4, 6), date(2026, 4, 5), UTC)
