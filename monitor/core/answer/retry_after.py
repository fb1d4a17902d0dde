"""How long a provider asks to wait: Retry-After, sentences in bodies, the family of rate-limit headers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.core.answer.dates import read_moment

LONGEST_WAIT_S = 86_400.0  # a day; longer waits are of accounts, not of requests

_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_SPAN = re.compile(rf"({_NUMBER})\s?(ms|d|h|m|s)(?:[a-z]*)")
_IN_BODY = re.compile(
    rf"(?:try again|retry|wait|resets?)[a-z ]{{0,20}}?\s((?:{_NUMBER}\s?(?:ms|d|h|m|s)[a-z]*\s?){{1,4}})"
    rf"|({_NUMBER} ?s(?:ec(?:ond)?s?)?) later"
)
_MOMENT_IN_BODY = re.compile(r"(?:resets?|try again|retry)[a-z ]{0,20} (\d{4}-\d\d-\d\dt[\d:.]{5,15}z)")
# Fields that hold a wait: Gemini's RetryInfo, Hugging Face's loading models, and what many call it.
_FIELD_IN_BODY = re.compile(
    rf'"(?:retry_?delay|estimated_?time|retry_?after(?:_?(?:seconds?|s|ms))?)"\s{{0,9}}:\s{{0,9}}"?({_NUMBER})'
)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_QUOTED_RESET = re.compile(r'"x-ratelimit-reset"\s{0,9}:\s{0,9}"?(\d{1,15})', re.IGNORECASE)
_A_MOMENT_S, _A_MOMENT_MS = 1e9, 1e12  # number of seconds or milliseconds that can only be a moment
_READ_CHARS = 4000


@dataclass(frozen=True, slots=True)
class Wait:
    """How many seconds an answer asks to wait, never negative nor above 24 hours; None where nothing is said.

    `header_s` is by its headers alone, `stated_s` by its body too. `is_used_up` says that of an allowance of
    ours nothing remains.
    """

    header_s: float | None
    stated_s: float | None
    is_used_up: bool


def read_wait(headers: Mapping[str, str], body: str, now: datetime) -> Wait:
    """Read how long a refused request should wait.

    From `retry-after-ms`, `Retry-After` (seconds or HTTP date), the body's sentence or its field, the reset
    of what is used up, or one that the body quotes (OpenRouter keeps its headers in `error.metadata`).
    """
    text = body[:_READ_CHARS].lower()
    in_headers = (_from_millis(headers), _from_header(headers, now))
    in_body = (_from_sentence(text), _from_field(text), _from_moment(text, now))
    used_up_s = used_up_for_s(headers, now)
    return Wait(
        header_s=_first(*in_headers, used_up_s),
        # headers first: sentences are written for people
        stated_s=_first(*in_headers, *in_body, used_up_s, _from_quoted_reset(body, now)),
        is_used_up=used_up_s is not None,
    )


def retry_after_s(headers: Mapping[str, str], body: str, now: datetime) -> float | None:
    """Seconds a refused request should wait by all it says; see `Wait`."""
    return read_wait(headers, body, now).stated_s


def used_up_for_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the latest reset among the limits of which nothing remains; None where some remains.

    `x-ratelimit-remaining-requests: 0` goes with `x-ratelimit-reset-requests`, and so for the whole family.
    A reset is a Go duration ("6m0s"), seconds, a moment since 1970 (seconds or milliseconds) or a date.
    """
    spent = [
        _reset(headers.get(name.replace("remaining", "reset"), ""), now)
        for name, left in headers.items()
        if "remaining" in name and (_number(left) or 0.0) <= 0 and _number(left) is not None
    ]
    # the latest: all of them must be free
    return _first(max((wait for wait in spent if wait is not None), default=None))


def _first(*waits: float | None) -> float | None:
    wait = next((wait for wait in waits if wait is not None), None)
    return None if wait is None else min(max(wait, 0.0), LONGEST_WAIT_S)  # a moment that is past is no wait


def _reset(text: str, now: datetime) -> float | None:
    number = _number(text)
    if number is not None:
        return _until(number, now)
    if re.fullmatch(rf"(?:{_NUMBER}\s?(?:ms|h|m|s)\s?){{1,4}}", text.strip(), re.ASCII):
        return sum(float(count) * _UNIT_S[unit] for count, unit in _SPAN.findall(text))
    moment = read_moment(text)
    return None if moment is None else (moment - now).total_seconds()


def _until(number: float, now: datetime) -> float:
    """Distinguish seconds from moments by their size: no limit lasts thirty years."""
    if number < _A_MOMENT_S:
        return number
    return (number / 1000 if number > _A_MOMENT_MS else number) - now.timestamp()


def _from_quoted_reset(body: str, now: datetime) -> float | None:
    match = _QUOTED_RESET.search(body[:_READ_CHARS])
    return _until(float(match[1]), now) if match else None


def _from_millis(headers: Mapping[str, str]) -> float | None:
    millis = _number(headers.get("retry-after-ms", ""))
    return None if millis is None else millis / 1000


def _from_header(headers: Mapping[str, str], now: datetime) -> float | None:
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    moment = read_moment(text)
    return None if moment is None else (moment - now).total_seconds()


def _from_sentence(text: str) -> float | None:
    match = _IN_BODY.search(text)
    if not match:
        return None
    return sum(float(number) * _UNIT_S[unit] for number, unit in _SPAN.findall(match[1] or match[2]))


def _from_field(text: str) -> float | None:
    match = _FIELD_IN_BODY.search(text)
    if not match:
        return None
    is_millis = match[0].partition(":")[0].rstrip().endswith('ms"')  # "retry_after_ms"
    return float(match[1]) / (1000 if is_millis else 1)


def _from_moment(text: str, now: datetime) -> float | None:
    match = _MOMENT_IN_BODY.search(text)
    moment = read_moment(match[1]) if match else None
    return None if moment is None else (moment - now).total_seconds()


def _number(text: str) -> float | None:
    number = text.strip()  # of separators too, which `float` does not take
    return float(number) if re.fullmatch(_NUMBER, number, re.ASCII) else None
