"""How long a provider asks to wait. The rest of its rate-limit headers has its place here."""

import re
from collections.abc import Mapping
from datetime import datetime

from monitor.core.moment import read_moment

LONGEST_WAIT_S = 86_400.0

_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_SPAN = re.compile(rf"({_NUMBER})\s?(ms|h|m|s)(?:[a-z]*)")
_IN_BODY = re.compile(
    rf"(?:try again|retry|wait)[a-z ]{{0,20}}?\s((?:{_NUMBER}\s?(?:ms|h|m|s)[a-z]*\s?){{1,4}})"
    rf"|({_NUMBER} ?s(?:ec(?:ond)?s?)?) later"
)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_READ_CHARS = 4000


def retry_after_s(headers: Mapping[str, str], body: str, now: datetime) -> float | None:
    """Seconds to wait, from `retry-after-ms`, `Retry-After` (seconds or HTTP date) or the body's sentence.

    None where nothing is said; never negative, never above 24 hours.
    """
    for wait in (_from_millis(headers), _from_header(headers, now), _from_body(body)):
        if wait is not None:
            return min(max(wait, 0.0), LONGEST_WAIT_S)
    return None


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


def _from_body(body: str) -> float | None:
    found = _IN_BODY.search(body[:_READ_CHARS].lower())
    if not found:
        return None
    return sum(float(number) * _UNIT_S[unit] for number, unit in _SPAN.findall(found[1] or found[2]))


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(rf"{_NUMBER}", text.strip(), re.ASCII) else None
