"""How long to wait, in every form providers say it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.moment import first_date_in, read_moment
from monitor.core.ratelimit import LONGEST_WAIT_S, retry_after_s

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({}, "", None),
        ({"retry-after": "7"}, "", 7.0),
        ({"retry-after": " 1.5 "}, "", 1.5),
        ({"retry-after": "0"}, "", 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 00:01:00 GMT"}, "", 60.0),
        ({"retry-after": "Fri, 20 Nov 2026 00:00:00 GMT"}, "", 0.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, "", 0.25),
        ({"retry-after": "999999999"}, "", LONGEST_WAIT_S),
        ({"retry-after": "9" * 400}, "", None),
        ({"retry-after": "-5"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "soon"}, "Please try again in 11.9s.", 11.9),
        ({}, "Rate limit reached. Please try again in 1m26.4s. Visit", 86.4),
        ({}, "try again in 6m0s", 360.0),
        ({}, "Please retry in 500ms", 0.5),
        ({}, "Please wait for 2 hours", 7200.0),
        ({}, "retry after 3 minutes", 180.0),
        ({}, "you may come back 20 seconds later", 20.0),
        ({}, "please try again later", None),
    ],
)
def test_a_wait_is_read(headers: dict[str, str], body: str, wait: float | None) -> None:
    assert retry_after_s(headers, body, NOW) == (None if wait is None else pytest.approx(wait))


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_a_wait_is_always_between_nothing_and_a_day(millis: str, header: str, body: str) -> None:
    wait = retry_after_s({"retry-after-ms": millis, "retry-after": header}, f"try again in {body}", NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("@0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-05-14T00:00:00Z", datetime(2026, 5, 14, tzinfo=UTC)),
        ("2026-05-14t02:00:00+02:00", datetime(2026, 5, 14, tzinfo=UTC)),
        ("2026-05-14T00:00:00.123456Z", datetime(2026, 5, 14, 0, 0, 0, 123000, tzinfo=UTC)),
        ("2026-05-14", datetime(2026, 5, 14, tzinfo=UTC)),
        ("Thu, 14 May 2026 00:00:00 GMT", datetime(2026, 5, 14, tzinfo=UTC)),
        ("Thu, 14 May 2026 00:00:00 -0000", datetime(2026, 5, 14, tzinfo=UTC)),
        ("0001-01-01T00:00:00+10:00", None),
        ("2026-02-30", None),
        ("true", None),
        ("", None),
        ("@-5", None),
    ],
)
def test_a_date_is_read(text: str, moment: datetime | None) -> None:
    assert read_moment(text) == moment


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    for moment in (read_moment(text), read_moment(f"@{text}"), first_date_in(f"on 2026-13-{text}")):
        assert moment is None or moment.tzinfo is UTC
