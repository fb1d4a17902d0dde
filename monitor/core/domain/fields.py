"""The fields of a frozen value as data: what its columns, bodies and documents are made from."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import get_args, get_type_hints


@cache  # get_type_hints evaluates annotations: too slow for each row
def field_types(kind: type) -> Mapping[str, type]:
    """Return the fields of a dataclass in their order, each with its type; of `X | None` that is `X`."""
    hints = get_type_hints(kind)
    return MappingProxyType({field.name: _without_none(hints[field.name]) for field in fields(kind)})


def _without_none(hint: type) -> type:
    is_optional = isinstance(hint, UnionType)
    return next((part for part in get_args(hint) if part is not NoneType), hint) if is_optional else hint
