"""The types of single configuration values: read strictly, refused in plain words."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from monitor.config.presets.base_url import checked_base_url
from monitor.config.presets.presets import PRESETS
from monitor.config.schema.table import Text
from monitor.config.values.auth import Auth
from monitor.config.values.cron import normalised_cron
from monitor.config.values.duration import FORMS, duration_text, parse_duration
from monitor.config.values.size import SIZE_FORMS, parse_size, size_text
from monitor.config.values.urls import (
    checked_channel_url,
    checked_database_url,
    checked_heartbeat_url,
    checked_listen,
    checked_proxy,
    checked_public_url,
    is_reference,
)
from monitor.config.values.variables import checked_secret_path, checked_variable
from monitor.core.domain.ids import LONGEST_ID_BYTES, is_trackable_id
from monitor.core.domain.names import did_you_mean
from monitor.core.domain.vocabulary import EventKind
from monitor.core.request.forms import COSTLY, KIND_OF

SUMMARY = "summary"  # what a [[notify]] may ask for beside the kinds of events

_LEAST_SIZE, _LARGEST_SIZE = 1000, 10**12  # bytes
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# such a header's value in the file would be a secret in the file
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|passw|credential", re.IGNORECASE)


_REFERENCE = 'write "env:NAME" and set that environment variable'
_EVENTS = {  # what other monitors call what can be sent
    "down": "became_unavailable",
    "failure": "became_unavailable",
    "unavailable": "became_unavailable",
    "up": "became_available",
    "recovery": "became_available",
    "available": "became_available",
    "new": "appeared",
    "added": "appeared",
    "gone": "retired",
    "removed": "retired",
    "daily": "summary",
}


def wrong_type(expected: str) -> PydanticCustomError:
    """Return the fault "expected ..., found ..."; the second half is worded where the fault is."""
    return PydanticCustomError("wrong_type", "{expected}", {"expected": expected})


def _duration(low: timedelta, high: timedelta) -> Callable[[object], timedelta]:
    def read(value: object) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            raise wrong_type(f'a duration with a unit such as "{value}s" or "{value}m"')
        if not isinstance(value, str):
            raise wrong_type(f"a duration such as {FORMS}")
        duration = parse_duration(value)
        if not low <= duration <= high:
            raise ValueError(f"must be from {duration_text(low)} to {duration_text(high)}")
        return duration

    return read


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        raise wrong_type(f'a size with a unit such as "{value}MB"')
    if not isinstance(value, str):
        raise wrong_type(f"a size such as {SIZE_FORMS}")
    size = parse_size(value)
    if not _LEAST_SIZE <= size <= _LARGEST_SIZE:
        raise ValueError(f'must be from "{size_text(_LEAST_SIZE)}" to "{size_text(_LARGEST_SIZE)}"')
    return size


def _daytime(value: object) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str):
        raise wrong_type('a time of day such as "06:00"')
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):  # fromisoformat takes "06", too
        raise ValueError('is not a time of day; write "06:00", from "00:00" to "23:59"')
    return time.fromisoformat(value)


def _moment(value: object) -> datetime:
    """Read a date and time, with an offset or without; a date alone is its midnight."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            form = 'is not a date and time; write "2026-04-06T22:00:00" or with an offset'
            raise ValueError(form) from None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):  # after datetime, which is a date as well
        return datetime.combine(value, time())
    raise wrong_type("a date and time such as 2026-04-06T22:00:00 or 2026-04-06T22:00:00Z")


def _timezone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    if not isinstance(value, str):
        raise wrong_type('a time zone such as "UTC" or "Europe/Berlin"')
    names = available_timezones()  # ZoneInfo("Europe") would raise IsADirectoryError
    if value not in names:
        raise ValueError("is not a time zone" + (did_you_mean(value, names) or ' such as "Europe/Berlin"'))
    return ZoneInfo(value)


def _file_mode(value: object) -> int:
    if not isinstance(value, str):  # TOML refuses 0600 and reads 600 as a decimal number
        raise wrong_type('a file mode in quotes such as "0600"')
    if not re.fullmatch(r"0?[0-7]{3}", value):
        raise ValueError('is not a file mode; write "0600", or "0640" to let a group read')
    mode = int(value, 8)
    if mode & 0o600 != 0o600 or mode & 0o002:  # noqa: PLR2004
        raise ValueError("must let the owner read and write, and must not let everyone write")
    return mode


def _glob(pattern: str) -> str:
    if not pattern.strip():
        raise ValueError("is an empty pattern; it would match no id")
    return pattern


def _model_id(text: str) -> str:
    if not is_trackable_id(text):  # such ids are in no sweep (rules.md 33), so watching one would be silent
        raise ValueError(
            f"is not an id that can be watched: it must not be empty, hold control characters"
            f" or more than {LONGEST_ID_BYTES} bytes"
        )
    return text


def _some(otherwise: str) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Refuse an empty list of patterns; `otherwise` says what it would mean."""

    def check(patterns: tuple[str, ...]) -> tuple[str, ...]:
        if not patterns:
            raise ValueError(f"is empty, so nothing would be {otherwise}")
        return patterns

    return check


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError('must be "env:NAME", not the secret itself; set that environment variable')
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("holds a name that is not an HTTP header name")
        # `env:` alone is enough here; the reference itself is checked when it is read
        if _SECRET_HEADER.search(name) and not value.startswith("env:"):
            remedy = "api_key_env names a key for it" if name.lower() == "authorization" else _REFERENCE
            raise ValueError(f'holds a secret in "{name}"; {remedy}')
        if not (value.isascii() and value.isprintable()):  # httpx would refuse it at the first request
            raise ValueError(f'holds letters in "{name}" that are not allowed in a header')
    return headers


def _one_of(
    choices: Iterable[str], otherwise: str, meant: Mapping[str, str] | None = None
) -> Callable[[str], str]:
    """Accept one of the known words; `otherwise` says what another one is, `meant` what others call them."""
    words = tuple(choices)

    def check(word: str) -> str:
        if word not in words:
            near = (meant or {}).get(word.lower()) or (word.lower() if word.lower() in words else None)
            remedy = f'; did you mean "{near}"?' if near else did_you_mean(word, words)
            raise ValueError(otherwise + (remedy or f"; known: {', '.join(words)}"))
        return word

    return check


_form_of_auth = _one_of(Auth, "is not a way to send a key")


def _auth(value: object) -> Auth:
    if not isinstance(value, str):
        raise wrong_type('text such as "bearer"')
    return Auth(_form_of_auth(value))


_MS, _SECOND, _HOUR, _DAY = (
    timedelta(milliseconds=1),
    timedelta(seconds=1),
    timedelta(hours=1),
    timedelta(days=1),
)

Timeout = Annotated[timedelta, BeforeValidator(_duration(_MS, _HOUR))]
Interval = Annotated[timedelta, BeforeValidator(_duration(_SECOND, 366 * _DAY))]
Gap = Annotated[timedelta, BeforeValidator(_duration(timedelta(), _HOUR))]
Age = Annotated[timedelta, BeforeValidator(_duration(_SECOND, 36_525 * _DAY))]
Grace = Annotated[timedelta, BeforeValidator(_duration(timedelta(), _HOUR))]
WindowLength = Annotated[timedelta, BeforeValidator(_duration(_SECOND, 31 * _DAY))]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Cron = Annotated[str, AfterValidator(normalised_cron)]
DayTime = Annotated[time, BeforeValidator(_daytime)]
Zone = Annotated[ZoneInfo, BeforeValidator(_timezone)]
Size = Annotated[int, BeforeValidator(_size)]
FileMode = Annotated[int, BeforeValidator(_file_mode)]
BaseUrl = Annotated[str, AfterValidator(checked_base_url)]
DatabaseUrl = Annotated[str, AfterValidator(checked_database_url), Field(repr=False)]
Proxy = Annotated[str, AfterValidator(checked_proxy)]
ChannelUrl = Annotated[str, AfterValidator(checked_channel_url)]
HeartbeatUrl = Annotated[str, AfterValidator(checked_heartbeat_url)]
PublicUrl = Annotated[str, AfterValidator(checked_public_url)]
SecretReference = Annotated[str, AfterValidator(_reference)]
Listen = Annotated[str, AfterValidator(checked_listen)]
Globs = tuple[Annotated[str, AfterValidator(_glob)], ...]
SomeGlobs = Annotated[Globs, AfterValidator(_some('watched; leave the key out to watch everything ("*")'))]
SubscriptionGlobs = Annotated[
    Globs, AfterValidator(_some('sent; leave the key out to include every provider ("*")'))
]
SilentGlobs = Annotated[
    Globs, AfterValidator(_some('suppressed; leave the key out to suppress everything ("*")'))
]
ModelIds = tuple[Annotated[str, AfterValidator(_model_id)], ...]
SecretPath = Annotated[Text, AfterValidator(checked_secret_path)]
VariableName = Annotated[str, AfterValidator(checked_variable)]
Headers = Annotated[dict[str, str], AfterValidator(_headers), Field(repr=False)]
PresetName = Annotated[str, AfterValidator(_one_of(PRESETS, "is not a preset"))]
AuthForm = Annotated[Auth, BeforeValidator(_auth)]
COSTLY_KINDS = {KIND_OF[route].value: route for route in sorted(COSTLY)}
CostlyKinds = tuple[
    Annotated[str, AfterValidator(_one_of(COSTLY_KINDS, "is not a kind that needs permission"))], ...
]
Topics = tuple[
    Annotated[
        str, AfterValidator(_one_of((SUMMARY, *EventKind), "is not an event that can be sent", _EVENTS))
    ],
    ...,
]
_SERVICES = dict.fromkeys(
    ("slack", "discord", "telegram", "mail", "email", "mailto", "smtp", "ntfy", "teams"), "apprise"
)
ChannelType = Annotated[
    str,
    AfterValidator(
        _one_of(("apprise", "webhook"), "is not a type of channel", {**_SERVICES, "http": "webhook"})
    ),
]
SummaryFormat = Annotated[
    str,
    AfterValidator(
        _one_of(
            ("text", "markdown", "html", "json"), "is not a summary format", {"md": "markdown", "txt": "text"}
        )
    ),
]
Hourly = Annotated[int, Field(ge=0, le=1_000_000)]  # 0 is no limit
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Limit = Annotated[
    Annotated[int, Field(ge=0, le=1_000_000)] | None, AfterValidator(lambda number: number or None)
]  # 0 is no limit, which is kept as None
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
