"""Rows of a view as columns: what repeats in many rows is given once, and a number in each row.

A reader of millions of rows then builds no row, and a writer words each repeated value once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add

from monitor.core.history.views import Row


@dataclass(frozen=True, slots=True)
class Plain:
    """One column: a value for each row."""

    values: Sequence[object]


@dataclass(frozen=True, slots=True)
class Numbers:
    """One column of whole numbers as a database joins them: `7,,12`, where nothing between commas is NULL."""

    text: str

    @property
    def texts(self) -> Sequence[str]:
        """The number of each row in digits, or an empty text."""
        return self.text.split(",")


@dataclass(frozen=True, slots=True)
class Sums:
    """One column of whole numbers, each the sum of one of `starts` and one of `more`, which has no NULL."""

    starts: Sequence[int]
    more: Numbers

    @property
    def values(self) -> Sequence[int]:
        """The number of each row."""
        return [*map(add, self.starts, map(int, self.more.texts))]


@dataclass(frozen=True, slots=True)
class Repeated:
    """Adjacent columns that repeat together: row i has the values `rows[places[i]]`."""

    rows: Sequence[Row]
    places: Sequence[int]


Column = Plain | Numbers | Sums | Repeated
Columns = Sequence[Column]
"""Some rows of a view, at least one: all its columns in their order."""


def plain_columns(rows: Sequence[Row]) -> Columns:
    """Turn rows into columns."""
    return [Plain(values) for values in zip(*rows, strict=True)]


def width_of(column: Column) -> int:
    """Return how many columns of the view these are."""
    return len(column.rows[0]) if isinstance(column, Repeated) else 1


def count_of(columns: Columns) -> int:
    """Return how many rows these are."""
    match columns[0]:
        case Plain(values):
            return len(values)
        case Numbers(text):
            return text.count(",") + 1
        case Sums(starts):
            return len(starts)
        case Repeated(_, places):
            return len(places)
