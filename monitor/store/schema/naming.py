"""What all tables share: their names' conventions, and the types that both databases must agree on."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, get_type_hints

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    Double,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine

from monitor.core.domain.fields import field_types

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Names are compared by code point on both databases (rules.md 26).
NAME = Text().with_variant(Text(collation="C"), "postgresql")


def value_columns(kind: type) -> Iterator[Column[Any]]:
    """Give a column for each field of a frozen value, as store/connection/columns.py fills it."""
    hints = get_type_hints(kind)
    for name, form in field_types(kind).items():
        yield Column(name, _TYPES.get(form, Text), nullable=hints[name] != form)


_TYPES: Mapping[type, type[TypeEngine[Any]]] = {
    datetime: BigInteger,
    int: Integer,
    float: Double,
    bool: Boolean,
}

_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = (date.min - _EPOCH).days, (date.max - _EPOCH).days


class Day(TypeDecorator[int]):
    """A UTC day: an integer since 1970 here, a date in the database, so that views show what is indexed.

    Numbers beyond the calendar stand for its ends.
    """

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> date | None:  # noqa: ARG002
        """Return the date of a day."""
        return None if value is None else _EPOCH + timedelta(days=min(max(value, _FIRST), _LAST))

    def process_result_value(self, value: date | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the day of a date."""
        return None if value is None else (value - _EPOCH).days
