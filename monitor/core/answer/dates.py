"""Dates as providers write them in headers and sentences, read into aware UTC datetimes."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # core reads no clock, and monitor/clock.py does
_ISO_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)?", re.IGNORECASE
)


def read_moment(text: str) -> datetime | None:
    """Read `@unix seconds` (RFC 9745), RFC 3339 or an HTTP date; None where it is none of them."""
    text = text.strip()
    if not text:  # most answers announce nothing
        return None
    for reader in (_unix, _iso, parsedate_to_datetime):  # from the strictest form on
        try:
            return _whole_millis(reader(text))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def announced_end(headers: Mapping[str, str]) -> datetime | None:
    """When a model is said to end: `Sunset` (RFC 8594), else `Deprecation` (RFC 9745, and NVIDIA's)."""
    for name in ("sunset", "deprecation"):
        if moment := read_moment(headers.get(name, "")):
            return moment
    return None


def first_date_in(text: str) -> datetime | None:
    """Return the first RFC 3339 date of a sentence."""
    date = _ISO_DATE.search(text)
    return read_moment(date.group()) if date else None


def _unix(text: str) -> datetime:
    if not re.fullmatch(r"@\d{1,12}", text):
        raise ValueError
    return _EPOCH + timedelta(seconds=int(text[1:]))


def _iso(text: str) -> datetime:
    if not _ISO_DATE.fullmatch(text):
        raise ValueError
    return datetime.fromisoformat(text.upper())  # Python 3.11 wants capitals


def _whole_millis(moment: datetime) -> datetime:
    # RFC 9110: HTTP dates are in GMT
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)
