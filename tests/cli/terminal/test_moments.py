"""Times and durations as they are typed: dates, moments, ages."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from monitor.cli.terminal.moments import as_duration, parse_when
from monitor.clock import utc_now
from monitor.errors import UsageError

OPTION = click.Option(["--max-age"])


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-04-06", datetime(2026, 4, 6, tzinfo=UTC)),
        ("2026-04-06T12:00", datetime(2026, 4, 6, 12, tzinfo=UTC)),
        ("2026-04-06T12:00Z", datetime(2026, 4, 6, 12, tzinfo=UTC)),
        ("2026-04-06T12:00+02:00", datetime(2026, 4, 6, 10, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_in_utc_and_any_other_becomes_it(text: str, moment: datetime) -> None:
    assert parse_when(text) == moment
    assert parse_when(text).tzinfo is UTC


def test_an_age_is_counted_back_from_now() -> None:
    before = utc_now()
    moment = parse_when("7d")
    assert before <= moment + timedelta(days=7) <= utc_now()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soon", '"soon" is not a time; write 2026-04-06'),
        ("99999999d", '"99999999d" is not a time; write 2026-04-06'),
        ("0001-01-01T00:00+02:00", '"0001-01-01T00:00+02:00" is outside the calendar in UTC'),
    ],
)
def test_what_is_no_time_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_when(text)
    assert str(refusal.value).startswith(words)


def test_an_option_that_is_not_given_has_no_duration() -> None:
    context = click.Context(click.Command("status"))
    assert as_duration(context, OPTION, None) is None
    assert as_duration(context, OPTION, "15m") == timedelta(minutes=15)
    with pytest.raises(click.BadParameter, match='"soon" '):
        as_duration(context, OPTION, "soon")
