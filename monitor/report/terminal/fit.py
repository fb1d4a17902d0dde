"""Which columns of a table are shown in a terminal, and how wide each is, as docs/commands.md says."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Final

from rich.cells import cell_len

from monitor.report.terminal.table import Form, TerminalColumn, TerminalTable

GAP: Final = 2  # terminal columns between two columns
_ORDINARY: Final = 40  # terminal columns; no id up to this is called long
_LONG: Final = 1.5  # times the middle one: beside ids that are ordinary, each that fills 60 columns is long


@dataclass(frozen=True)
class Fit:
    """The columns that are shown, with their widths, and the text that goes below each row."""

    columns: tuple[TerminalColumn, ...]
    widths: tuple[int, ...]
    below: TerminalColumn | None = None


def fitted(table: TerminalTable, room: int | None) -> Fit:
    """Return how a table is shown in `room` terminal columns; None is room for everything."""
    if room is None:
        return Fit(table.columns, tuple(_natural_width(table, column) for column in table.columns))
    choices = [Fit(columns, _least_widths(table, columns), below) for columns, below in _choices(table)]
    fit = next((choice for choice in choices if _total(choice.widths) <= room), choices[-1])
    return Fit(fit.columns, _widened(table, fit, _narrowed(table, fit, room), room), fit.below)


def _choices(table: TerminalTable) -> Iterator[tuple[tuple[TerminalColumn, ...], TerminalColumn | None]]:
    """Yield the columns that may be shown, most first, each with the text below the rows."""
    for count in range(len(table.leaving) + 1):
        yield _without(table.columns, table.leaving[:count]), None
    for text in table.columns:
        if text.name == table.below:
            yield _without(table.columns, [*table.leaving, text.name]), text


def _without(columns: Iterable[TerminalColumn], names: Sequence[str]) -> tuple[TerminalColumn, ...]:
    return tuple(column for column in columns if column.name not in names)


def _natural_width(table: TerminalTable, column: TerminalColumn) -> int:
    return max(_header_width(table, column), *column.widths, 0)


def _header_width(table: TerminalTable, column: TerminalColumn) -> int:
    return cell_len(column.name) if table.has_header else 0


def _least_widths(table: TerminalTable, columns: Iterable[TerminalColumn]) -> tuple[int, ...]:
    return tuple(_least_width(table, column) for column in columns)


def _least_width(table: TerminalTable, column: TerminalColumn) -> int:
    natural = _natural_width(table, column)
    if column.form is Form.TEXT:
        return max(_header_width(table, column), min(natural, column.least))
    if column.form is Form.ID:
        return max(_header_width(table, column), _ordinary_width(column.widths))
    return natural


def _ordinary_width(widths: Sequence[int]) -> int:
    """Return the width of the widest id that is not long beside the others: one alone moves no column."""
    limit = _LONG * median_low(widths) if widths else 0
    return max((width for width in widths if width <= _ORDINARY or width < limit), default=0)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _narrowed(table: TerminalTable, fit: Fit, room: int) -> list[int]:
    """Return widths with that of the ids cut down to the room that the others leave it."""
    missing = max(0, _total(fit.widths) - room)
    return [
        max(_header_width(table, column), width - missing) if column.form is Form.ID else width
        for column, width in zip(fit.columns, fit.widths, strict=True)
    ]


def _widened(table: TerminalTable, fit: Fit, widths: Sequence[int], room: int) -> tuple[int, ...]:
    """Return widths with the room that is left over given to texts, then to the longest ids that it holds."""
    widened = list(widths)
    for form in (Form.TEXT, Form.ID):
        for place, column in enumerate(fit.columns):
            most = widened[place] + max(0, room - _total(widened))
            if form is column.form is Form.TEXT:
                widened[place] = min(_natural_width(table, column), most)
            elif form is column.form is Form.ID:
                widened[place] = max(width for width in (widened[place], *column.widths) if width <= most)
    return tuple(widened)
