"""Columns of a view as rows again."""

from collections.abc import Iterator

from monitor.core.history.columns.view import Column, Columns, Numbers, Plain, Repeated, Sums
from monitor.core.history.views import Row


def rows_of(columns: Columns) -> Iterator[Row]:
    """Give the rows that columns hold."""
    for parts in zip(*map(_cells, columns), strict=True):
        yield tuple(value for part in parts for value in part)


def _cells(column: Column) -> list[Row]:
    match column:
        case Plain() | Sums():
            return [(value,) for value in column.values]
        case Numbers():
            return [(int(text) if text else None,) for text in column.texts]
        case Repeated(rows, places):
            return [rows[place] for place in places]
