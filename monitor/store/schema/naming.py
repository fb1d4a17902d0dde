"""What all tables share: their names' conventions, and the types that both databases must agree on."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_type_hints

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, MetaData, Text
from sqlalchemy.types import TypeEngine

from monitor.core.domain.fields import field_types

metadata = MetaData(
    naming_convention={  # without names SQLite cannot drop a constraint, and migrations differ by database
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Names are compared by code point on both databases (rules.md 26).
NAME = Text().with_variant(Text(collation="C"), "postgresql")  # a locale's differs from SQLite's


def value_columns(kind: type) -> Iterator[Column[Any]]:
    """Give a column for each field of a frozen value, as store/connection/columns.py fills it."""
    hints = get_type_hints(kind)
    for name, form in field_types(kind).items():
        yield Column(name, _TYPES.get(form, Text), nullable=hints[name] != form)  # a field that may be None


_TYPES: Mapping[type, type[TypeEngine[Any]]] = {
    datetime: BigInteger,  # milliseconds do not fit 32 bits
    int: Integer,
    float: Double,
    bool: Boolean,
}
