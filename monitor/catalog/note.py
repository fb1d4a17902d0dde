"""What one row of a catalog says beside the id: each provider has fields of its own, any may hold anything.

The fields are those of OpenRouter, Fireworks, Mistral, Groq, Cohere, Together, LiteLLM, LM Studio and Gemini
(provider facts, section 3). Nothing is raised: what cannot be understood says nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from monitor.core.forms import Route
from monitor.core.moment import read_moment
from monitor.core.notes import NOTHING_NOTED, CatalogNote

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
_FLAGS = {"is_deprecated": True, "deprecated": True, "active": False}

# Years that an end may lie in: the first of computer time means "none", the last "never".
_FIRST, _LAST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MILLIS_FROM = 100_000_000_000  # in seconds that would be the year 5138
_MILLIS_UNTIL = 1000 * _MILLIS_FROM
_LONGEST = 64

_TYPES: Mapping[str, Route] = {
    "chat": Route.CHAT,
    "llm": Route.CHAT,
    "vlm": Route.CHAT,
    "responses": Route.RESPONSES,
    "completion": Route.COMPLETIONS,
    "language": Route.COMPLETIONS,
    "code": Route.COMPLETIONS,
    "embedding": Route.EMBEDDINGS,
    "embeddings": Route.EMBEDDINGS,
    "rerank": Route.RERANK,
    "moderation": Route.MODERATIONS,
    "image": Route.IMAGE,
    "image_generation": Route.IMAGE,
    "audio": Route.SPEECH,
    "audio_speech": Route.SPEECH,
}
_CAPABILITIES = (
    ("completion_chat", Route.CHAT),
    ("moderation", Route.MODERATIONS),
    ("embeddings", Route.EMBEDDINGS),
)
_METHODS = (
    ("generateContent", Route.CHAT),
    ("embedContent", Route.EMBEDDINGS),
    ("predict", Route.IMAGE),
)
_ENDPOINTS = (("chat", Route.CHAT), ("embed", Route.EMBEDDINGS), ("rerank", Route.RERANK))


def read_note(row: object) -> CatalogNote:
    """Return what a row says of its model; `NOTHING_NOTED` where it says nothing. Never raises."""
    if not isinstance(row, dict):
        return NOTHING_NOTED
    retires_at = next((moment for name in _ENDS if (moment := _moment(row.get(name)))), None)
    is_flagged = retires_at is None and any(row.get(name) is marked for name, marked in _FLAGS.items())
    return CatalogNote(retires_at, is_flagged, _route(row))


# ---- When it is to end ----


def _moment(value: object) -> datetime | None:
    """Read text, unix seconds (or milliseconds) or `{year, month, day}`."""
    if isinstance(value, Mapping):
        found = _day(value)
    elif isinstance(value, str):
        found = _written(value)
    elif isinstance(value, int | float) and 0 < value < _MILLIS_UNTIL:
        found = _unix(value)
    else:
        found = None
    return found if found is not None and _FIRST <= found < _LAST else None


def _written(text: str) -> datetime | None:
    text = text.strip()[:_LONGEST]
    if text.isascii() and text.isdigit():
        return _moment(int(text))
    return read_moment(text) or read_moment(text.replace(" ", "T", 1))


def _unix(number: float) -> datetime | None:
    return read_moment(f"@{int(number / 1000 if number >= _MILLIS_FROM else number)}")


def _day(value: Mapping[str, object]) -> datetime | None:
    year, month, day = (value.get(name) for name in ("year", "month", "day"))
    try:
        return read_moment(f"{year:04d}-{month:02d}-{day:02d}")
    except (TypeError, ValueError):
        return None


# ---- Which route serves it ----


def _route(row: Mapping[str, object]) -> Route | None:
    inner = row.get("model_info")
    for place in (row.get("type"), row.get("mode"), inner.get("mode") if isinstance(inner, dict) else None):
        if isinstance(place, str) and (route := _TYPES.get(place.lower())):
            return route
    return (
        _able(row.get("capabilities"), _CAPABILITIES)
        or _able(row.get("supportedGenerationMethods"), _METHODS)
        or _able(row.get("endpoints"), _ENDPOINTS)
    )


def _able(value: object, known: tuple[tuple[str, Route], ...]) -> Route | None:
    """Return the first known route among names in a list, or among those that an object says true of."""
    if isinstance(value, dict):
        value = [name for name, is_able in value.items() if is_able is True]
    if not isinstance(value, list):
        return None
    return next((route for name, route in known if name in value), None)
