"""Where a page of a list ended, as a text that a reader gives back unread."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from monitor.errors import UsageError

T = TypeVar("T")


def write_cursor(place: Sequence[object]) -> str:
    """Return a place, whose values are JSON or days, as a text for an address."""
    return urlsafe_b64encode(json.dumps(place, default=str).encode()).decode().rstrip("=")


def read_cursor(cursor: str, form: TypeAdapter[T]) -> T:
    """Return the place of a cursor. Raises UsageError for a text that no list gave."""
    try:
        return form.validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, ValidationError):
        raise UsageError("cursor: is not one that this list gave; begin again without it") from None
