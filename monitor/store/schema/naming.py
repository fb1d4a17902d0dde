"""What all tables share: their names' conventions, and the types that both databases must agree on."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
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


class Month(TypeDecorator[date]):
    """The first day of a month: a date on Postgres, on SQLite `YYYY-MM`, as the view shows it."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Date())

    def process_bind_param(self, value: date | None, dialect: Dialect) -> Any:  # noqa: ANN401 - what a driver takes
        """Return the day as it is stored."""
        return value.isoformat()[:7] if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:  # noqa: ANN401 - as a driver gives it
        """Return what is stored as a day."""
        return date.fromisoformat(f"{value}-01") if value is not None and dialect.name == "sqlite" else value


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
