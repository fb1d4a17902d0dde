"""Frozen values as columns of the same names, and back: a field's type says how it is stored.

Moments are milliseconds since 1970, codes their text, a model's memory JSON; NULL is None in both directions.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import RowMapping

from monitor.clock import to_datetime, to_millis
from monitor.core.domain.fields import field_types
from monitor.core.domain.state import Memory
from monitor.store.connection.codecs import memory_text, read_memory

T = TypeVar("T")

_Convert = Callable[[Any], Any]
# SQLite has no boolean: its views give 0 and 1
_READ: Final[Mapping[type, _Convert]] = {datetime: to_datetime, Memory: read_memory, bool: bool}
_WRITE: Final[Mapping[type, _Convert]] = {datetime: to_millis, Memory: memory_text}


def read_value(kind: type[T], row: Mapping[str, Any] | RowMapping, **others: object) -> T:
    """Return the value of a row that has a column for each field, but for the `others` that are given."""
    make: Any = kind
    for name, convert in _readers(make):
        if name not in others:
            stored = row[name]
            others[name] = stored if convert is None or stored is None else convert(stored)
    value: T = make(**others)
    return value


def read_values(kind: type[T], values: Iterable[Any]) -> T:
    """Return the value of a row that has the columns of all fields in their order."""
    make: Any = kind
    value: T = make(
        *(
            stored if convert is None or stored is None else convert(stored)
            for stored, (_, convert) in zip(values, _readers(make), strict=True)
        )
    )
    return value


def columns_of(value: object, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the columns of a value by the names of its fields, in their order; or of some fields."""
    kind: Any = type(value)
    writers, columns = _writers(kind), dict[str, Any]()
    for name in writers if names is None else names:
        item, convert = getattr(value, name), writers[name]
        columns[name] = item if convert is None or item is None else convert(item)
    return columns


@cache  # by type, not by value: a history reads millions of rows
def _readers(kind: type) -> tuple[tuple[str, _Convert | None], ...]:
    return tuple(
        (name, _READ.get(form, cache(form) if _is_a(form, StrEnum) else None))
        for name, form in field_types(kind).items()
    )


@cache
def _writers(kind: type) -> Mapping[str, _Convert | None]:
    # A field that is declared as text may hold a code, which Postgres would be given as an enum.
    return {
        name: _WRITE.get(form, str if _is_a(form, str) else None) for name, form in field_types(kind).items()
    }


def _is_a(form: object, kind: type) -> bool:
    return isinstance(form, type) and issubclass(form, kind)  # not a tuple of some type
