"""What one row of a catalog says beside the id: each provider has fields of its own, any may hold anything.

The fields of ends are those of OpenRouter, Fireworks, Mistral, Groq and Cohere (provider facts 3).
Nothing is raised: what cannot be understood says nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from monitor.catalog.kinds import kind_entry
from monitor.core.answer.dates import read_moment
from monitor.core.answer.redact import redact
from monitor.core.domain.ids import is_trackable_id
from monitor.core.planning.inputs import EMPTY_ENTRY, CatalogEntry
from monitor.core.request.forms import Route

# The end itself before the day from which on a model is only discouraged.
_ENDS = (
    "shutdown_date",
    "sunset",
    "sunset_date",
    "expiration_date",
    "deprecationDate",
    "deprecation_date",
    "deprecation",
)
_OWNERS = ("owned_by", "organization", "publisher")
_MADE = ("created", "created_at")
_LITELLM = (1677610602, "openai")
_FLAGS = {"is_deprecated": True, "deprecated": True, "active": False}

# Years that an end may lie in: the first of computer time means "none", the last "never".
_FIRST, _LAST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MILLIS_FROM = 100_000_000_000  # in seconds that would be the year 5138
_MILLIS_UNTIL = 1000 * _MILLIS_FROM
_LONGEST = 64  # characters of a date or a name that are read


def read_entry(row: object, words: Mapping[str, Route] = MappingProxyType({})) -> CatalogEntry:
    """Return what a row says of its model; `EMPTY_ENTRY` where it says nothing. Never raises.

    `words` are names of kinds that this provider alone has.
    """
    if not isinstance(row, dict):
        return EMPTY_ENTRY
    retires_at = next((moment for name in _ENDS if (moment := _moment(row.get(name)))), None)
    is_flagged = retires_at is None and any(row.get(name) is marked for name, marked in _FLAGS.items())
    return replace(
        kind_entry(row, words),
        retires_at=retires_at,
        is_flagged=is_flagged,
        owned_by=_owner(row),
        created=_made(row),
    )


# ---- Where it comes from ----


def is_filled_by_litellm(row: Mapping[str, object]) -> bool:
    """Say whether creation and owner are those that LiteLLM says of every model."""
    return (row.get("created"), row.get("owned_by")) == _LITELLM


def _made(row: Mapping[str, object]) -> datetime | None:
    moments = (_moment(row.get(name)) for name in _MADE)
    return None if is_filled_by_litellm(row) else next(filter(None, moments), None)


def _owner(row: Mapping[str, object]) -> str | None:
    owner = next((row[name] for name in _OWNERS if isinstance(row.get(name), str)), None)
    if not isinstance(owner, str) or is_filled_by_litellm(row):
        return None
    name = owner.strip()
    # an account's id is no publisher's name, and not to be kept
    return name if 0 < len(name) <= _LONGEST and is_trackable_id(name) and redact(name) == name else None


def _moment(value: object) -> datetime | None:
    """Read text, unix seconds (or milliseconds) or `{year, month, day}`."""
    moment = None
    if isinstance(value, Mapping):
        moment = _day(value)
    elif isinstance(value, str):
        moment = _written(value)
    elif isinstance(value, int | float) and 0 < value < _MILLIS_UNTIL:
        moment = read_moment(f"@{int(value / 1000 if value >= _MILLIS_FROM else value)}")
    return moment if moment is not None and _FIRST <= moment < _LAST else None


def _written(text: str) -> datetime | None:
    text = text.strip()[:_LONGEST]
    if text.isascii() and text.isdigit():
        return _moment(int(text))  # seconds as text
    # RFC 3339 allows a blank in place of the T
    return read_moment(text) or read_moment(text.replace(" ", "T", 1))


def _day(value: Mapping[str, object]) -> datetime | None:
    year, month, day = (value.get(name) for name in ("year", "month", "day"))
    try:
        return read_moment(f"{year:04d}-{month:02d}-{day:02d}")  # whole numbers only: :04d refuses a text
    except (TypeError, ValueError):
        return None
