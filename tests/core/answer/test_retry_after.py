"""How long to wait, in every form providers say it."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.core.answer.dates import first_date_in, read_moment
from monitor.core.answer.retry_after import LONGEST_WAIT_S, retry_after_s, used_up_for_s

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AT = int(NOW.timestamp())


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
        ({}, "Please retry in 38.5s.", 38.5),
        ({}, "Please try again in 1h2m3s.", 3723.0),
        ({}, "try again in 250ms", 0.25),
        ({}, "Try again in 2 hours 5 minutes", 7500.0),
        ({}, "Please wait 52220 seconds before retrying.", 52220.0),
        ({}, "please try again after 1 seconds", 1.0),
        ({}, "Please try again in 5 hours", 18000.0),
        ({}, "It resets in 1 day", 86400.0),
        ({}, "Your limit resets at 2026-11-21T01:00:00Z. Please wait", 3600.0),
        ({}, '{"error": "m is currently loading", "estimated_time": 20.0}', 20.0),
        ({}, '{"details": [{"@type": "RetryInfo", "retryDelay": "29s"}]}', 29.0),
        ({}, '{"retry_after": 12}', 12.0),
        ({}, '{"retry_after_ms": 1500}', 1.5),
        ({}, "x" * 4001 + "try again in 5s", None),
    ],
)
def test_a_wait_is_read(headers: dict[str, str], body: str, wait: float | None) -> None:
    assert retry_after_s(headers, body, NOW) == (None if wait is None else pytest.approx(wait))


# ---- The families of headers -----------------------------------------------------------


def openrouter(reset: object) -> str:
    """Refuse as OpenRouter does, with the headers of the answer inside its body."""
    headers = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    error = {
        "message": "Rate limit exceeded: free-models-per-day",
        "code": 429,
        "metadata": {"headers": headers},
    }
    return json.dumps({"error": error, "user_id": "u"})


@pytest.mark.parametrize(
    ("reset", "wait"),
    [
        # OpenAI and Groq: Go durations
        ("6m0s", 360.0),
        ("12s", 12.0),
        ("59.9s", 59.9),
        ("250ms", 0.25),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723.0),
        ("1h2m3s4ms", 3723.004),
        ("0s", 0.0),
        # Cerebras writes seconds
        ("33011.38", 33011.38),
        ("0.5", 0.5),
        ("999999999", LONGEST_WAIT_S),
        # since 1970, in seconds and milliseconds
        (str(AT + 90), 90.0),
        (f"{AT + 90}.5", 90.5),
        (str((AT + 90) * 1000), 90.0),
        (str((AT + 90_000) * 1000), LONGEST_WAIT_S),
        (str(AT - 90), 0.0),
        # Anthropic: RFC 3339; HTTP dates
        ("2026-11-21T00:01:00Z", 60.0),
        ("2026-11-21T01:01:00+01:00", 60.0),
        ("2026-11-20T23:59:00Z", 0.0),
        ("2026-12-21T00:00:00Z", LONGEST_WAIT_S),
        ("Sat, 21 Nov 2026 00:01:00 GMT", 60.0),
        # nothing that can be read
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1h2m3s4ms5h", None),
        ("12 parsecs", None),
        ("712.5µs", None),
        ("9" * 400, None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
    ],
)
def test_a_limit_that_is_used_up_is_waited_for_until_its_reset(reset: str, wait: float | None) -> None:
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": reset}
    expected = None if wait is None else pytest.approx(wait)
    assert used_up_for_s(headers, NOW) == expected
    assert retry_after_s(headers, "", NOW) == expected


@pytest.mark.parametrize(
    ("family", "wait"),
    [
        ("x-ratelimit-{}-requests", 7.0),
        ("x-ratelimit-{}-tokens", 7.0),
        ("x-ratelimit-{}-requests-day", 7.0),
        ("x-ratelimit-{}-tokens-minute", 7.0),
        ("x-ratelimit-{}", 7.0),
        ("anthropic-ratelimit-requests-{}", 7.0),
        ("anthropic-ratelimit-input-tokens-{}", 7.0),
        ("anthropic-ratelimit-output-tokens-{}", 7.0),
    ],
)
def test_a_reset_is_read_beside_its_own_limit(family: str, wait: float) -> None:
    reset = (NOW + timedelta(seconds=wait)).isoformat()
    assert used_up_for_s({family.format("remaining"): "0", family.format("reset"): reset}, NOW) == wait


@pytest.mark.parametrize(
    ("number", "wait"),
    [
        (999_999_999, LONGEST_WAIT_S),
        (1_000_000_000, 0.0),
        (1_000_000_000_000, LONGEST_WAIT_S),
        (1_000_000_000_001, 0.0),
    ],
)
def test_which_numbers_are_moments_and_which_of_those_milliseconds(number: int, wait: float) -> None:
    assert used_up_for_s({"remaining": "0", "reset": str(number)}, NOW) == wait


def test_a_moment_in_milliseconds_is_read_to_the_millisecond() -> None:
    assert used_up_for_s({"remaining": "0", "reset": str(AT * 1000 + 1500)}, NOW) == 1.5


@pytest.mark.parametrize(("before", "wait"), [(3_989, 5.0), (3_990, None)])
def test_a_wait_is_read_within_four_thousand_characters(before: int, wait: float | None) -> None:
    assert retry_after_s({}, "-" * before + "retry in 5s", NOW) == wait


def test_a_wait_may_be_a_part_of_a_day() -> None:
    assert retry_after_s({}, "try again in 0.5 days", NOW) == 43_200.0


@pytest.mark.parametrize("left", ["1", "0.5", "59", "", "many", "-1", "nan"])
def test_a_limit_of_which_some_remains_is_not_waited_for(left: str) -> None:
    headers = {"x-ratelimit-remaining-requests": left, "x-ratelimit-reset-requests": "12s"}
    assert used_up_for_s(headers, NOW) is None


def test_of_several_limits_only_those_used_up_count_and_the_latest_reset_of_them() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "12s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m0s",
        "x-ratelimit-remaining-tokens-day": "100",
        "x-ratelimit-reset-tokens-day": "5h0m0s",
        "x-ratelimit-remaining-images": "0",
    }
    assert used_up_for_s(headers, NOW) == 60.0


@pytest.mark.parametrize(
    ("reset", "wait"),
    [
        (str((AT + 3600) * 1000), 3600.0),
        ((AT + 3600) * 1000, 3600.0),
        (str(AT + 60), 60.0),
        (str((AT + 90_000) * 1000), LONGEST_WAIT_S),
        (str((AT - 1) * 1000), 0.0),
        ("tomorrow", None),
        (None, None),
    ],
)
def test_a_reset_that_a_body_quotes_is_read(reset: object, wait: float | None) -> None:
    assert retry_after_s({}, openrouter(reset), NOW) == wait


def test_what_is_said_more_plainly_comes_first() -> None:
    """Milliseconds, Retry-After, the body's sentence, a used-up limit, a quoted reset."""
    quoted = openrouter(str((AT + 5) * 1000))
    spent = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "4s"}
    told = f"try again in 3s {quoted}"
    assert retry_after_s({}, quoted, NOW) == 5.0
    assert retry_after_s(spent, quoted, NOW) == 4.0
    assert retry_after_s(spent, told, NOW) == 3.0
    assert retry_after_s({**spent, "retry-after": "2"}, told, NOW) == 2.0
    assert retry_after_s({**spent, "retry-after": "2", "retry-after-ms": "1000"}, told, NOW) == 1.0


def go(hours: int, minutes: int, millis: int) -> str:
    """Write a duration as Go prints it."""
    seconds = f"{millis // 1000}.{millis % 1000:03}".rstrip("0").rstrip(".")
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    if minutes:
        return f"{minutes}m{seconds}s"
    return f"{millis}ms" if 0 < millis < 1000 else f"{seconds}s"


@given(st.integers(0, 30), st.integers(0, 59), st.integers(0, 59_999))
def test_every_duration_that_go_prints_is_read(hours: int, minutes: int, millis: int) -> None:
    wait = min(hours * 3600 + minutes * 60 + millis / 1000, LONGEST_WAIT_S)
    text = go(hours, minutes, millis)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": text}
    assert used_up_for_s(headers, NOW) == pytest.approx(wait)
    assert retry_after_s({}, f"Please try again in {text}. Visit", NOW) == pytest.approx(wait)


@given(st.integers(-100_000, 100_000))
def test_every_form_of_one_moment_means_the_same_wait(seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    wait = min(max(seconds, 0), LONGEST_WAIT_S)
    for text in (str(AT + seconds), str((AT + seconds) * 1000), moment.isoformat()):
        assert used_up_for_s({"x-ratelimit-remaining": "0", "x-ratelimit-reset": text}, NOW) == wait


FAMILY = st.sampled_from(
    [
        f"{family}-{what}-{of}"
        for family in ("x-ratelimit", "y")
        for what in ("remaining", "reset")
        for of in "ab"
    ]
    + ["retry-after", "retry-after-ms", "remaining", "reset", "remaining-remaining"]
)
VALUES = (
    st.text(max_size=20)
    | st.integers(-2, 10**20).map(str)
    | st.floats().map(str)
    | st.sampled_from(["0", "5s"])
)
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.dictionaries(FAMILY, VALUES), st.text(max_size=80) | VALUES.map(openrouter), MOMENTS)
def test_whatever_headers_say_a_wait_is_between_nothing_and_a_day(
    headers: dict[str, str], body: str, now: datetime
) -> None:
    for wait in (used_up_for_s(headers, now), retry_after_s(headers, body, now)):
        assert wait is None or 0 <= wait <= LONGEST_WAIT_S


@pytest.mark.parametrize(
    "words", ["retry ", "wait", "try again in 1s ", "1 ", "1s", "9", '"x-ratelimit-reset" ', "wait 1h"]
)
def test_twice_the_text_takes_no_more_than_a_few_times_as_long(words: str) -> None:
    def seconds(length: int) -> float:
        begun = time.thread_time()
        retry_after_s({}, (words * length)[:length], NOW)
        return time.thread_time() - begun

    once, twice = (min(seconds(length) for _ in range(3)) for length in (2000, 4000))
    assert twice < 3 * once + 0.05


@example(millis="", header="0\x1f", body="")
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
        ("2026-05-14T00:00:00.999999Z", datetime(2026, 5, 14, 0, 0, 0, 999000, tzinfo=UTC)),
        ("2026-05-14T00:00:00.999Z", datetime(2026, 5, 14, 0, 0, 0, 999000, tzinfo=UTC)),
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
