"""The base of all tables of the file, and checks that several of them share."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from monitor.config.values.variables import is_like_a_key

_LONGEST = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")  # it stands in addresses, names of files and lock names


class Table(BaseModel):
    """A table of the file: unknown keys and loose types are refused."""

    # pydantic would quote the input, which may be a secret
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def impossible(*faults: tuple[str, str]) -> PydanticCustomError:
    """Return the fault of keys that are right by themselves but not together: pairs of key and words."""
    return PydanticCustomError("impossible", "impossible", {"faults": faults})


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:_LONGEST]
        raise ValueError(
            'must be 1 to 32 characters, each a-z, 0-9, "_" or "-", and begin with a letter or digit'
            + (f'; write "{plain}"' if plain and len(name) <= _LONGEST and not is_like_a_key(name) else "")
        )
    return name


def _text(text: str) -> str:
    if not text.strip() or not text.isprintable():  # a line break within a path or name would break messages
        raise ValueError("must not be empty or hold control characters")
    return text


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_text)]


def cadence_faults(*, interval: timedelta | None, cron: str | None) -> list[tuple[str, str]]:
    """Return what is wrong when a table says twice how often it sweeps."""
    if interval is None or cron is None:
        return []
    return [("cron", "cannot be combined with interval; keep one of them")]
