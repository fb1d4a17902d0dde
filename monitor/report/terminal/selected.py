"""The rows of a query of a user's own, and the views that it may name, as tables of a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from monitor.core.history.views import View
from monitor.report.formats.selected import shown
from monitor.report.terminal.table import Form, TerminalColumn, TerminalTable


def selected_table(
    names: Sequence[str], rows: Sequence[tuple[object, ...]], *, has_header: bool = True
) -> TerminalTable:
    """Return rows with each column's name above it; numbers stand at the right."""
    columns = (_column(name, [row[place] for row in rows]) for place, name in enumerate(names))
    return TerminalTable(tuple(columns), has_header=has_header)


def _column(name: str, values: Sequence[object]) -> TerminalColumn:
    numbers = [value for value in values if value is not None]
    are_numbers = bool(numbers) and all(map(_is_number, numbers))
    form = Form.FIGURE if are_numbers else Form.TEXT
    return TerminalColumn(shown(name), list(map(shown, values)), form, is_right=are_numbers)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def views_table(views: Iterable[View]) -> TerminalTable:
    """Return each view and its columns with what they mean; columns of one meaning share a line."""
    lines = [line for view in views for line in _lines(view)]
    names, columns, meanings = zip(*lines, strict=True)
    return TerminalTable(
        (
            TerminalColumn("view", names),
            TerminalColumn("column", columns, Form.TEXT),
            TerminalColumn("meaning", meanings, Form.TEXT),
        )
    )


def _lines(view: View) -> Iterator[tuple[str, str, str]]:
    yield view.name, "", view.description
    for meaning, columns in groupby(view.columns, key=lambda column: column.description):
        yield "", ", ".join(column.name for column in columns), meaning
