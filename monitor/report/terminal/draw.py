"""A table as lines of a terminal: ids are whole, texts are broken between words, nothing is cut."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len, chop_cells
from rich.text import Text

from monitor.report.terminal.fit import GAP, Fit, fitted
from monitor.report.terminal.table import Form, TerminalColumn, TerminalTable

_INDENT = "  "


def drawn(table: TerminalTable, room: int | None) -> Iterator[Text]:
    """Yield the lines of a table in `room` terminal columns, without spaces at their ends.

    With room for everything (None) each row is one line. Otherwise a cell that is too wide for its column has
    lines of its own: above its row or, if it is a text or the last in it, below.
    """
    fit = fitted(table, room)
    if table.has_header:
        names = [column.name for column in fit.columns]
        yield from _aligned(fit, [[name] for name in names], ["bold"] * len(names))
        if fit.below:
            yield Text(f"{_INDENT}{fit.below.name}", style="bold")
    for row in range(len(table.columns[0].cells)):
        yield from _row(fit, row, room)


def _row(fit: Fit, row: int, room: int | None) -> Iterator[Text]:
    inside, above, below = list[list[str]](), list[str](), list[str]()
    for column, width in zip(fit.columns, fit.widths, strict=True):
        lines = _broken(column, row, width)
        inside.append(lines or [""])
        if not lines:
            is_above = column.form is Form.ID and column is not fit.columns[-1]
            (above if is_above else below).append(column.cells[row])
    if fit.below and fit.below.cells[row]:
        below.append(fit.below.cells[row])
    for cell in above:
        yield from map(Text, _folded(cell, room, ""))
    yield from _aligned(fit, inside, [_style(column, row) for column in fit.columns])
    for cell in below:
        yield from map(Text, _folded(cell, room, _INDENT))


def _style(column: TerminalColumn, row: int) -> str:
    return column.styles[row] if column.styles else ""


def _broken(column: TerminalColumn, row: int, width: int) -> list[str]:
    """Return the lines of a cell in its column; none where it has to leave the column."""
    if column.widths[row] <= width:
        return [column.cells[row]]
    lines = _filled(column.cells[row].split(" "), width) if column.form is Form.TEXT else []
    return lines if all(cell_len(line) <= width for line in lines) else []


def _filled(words: Iterable[str], width: int) -> list[str]:
    """Return words in lines of at most this width; a wider word has a line of its own."""
    lines: list[str] = []
    for word in words:
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _folded(cell: str, room: int | None, indent: str) -> Iterator[str]:
    """Yield the lines of a cell that stands alone: whole if there is room, indented if it can be."""
    if room is None or cell_len(indent + cell) <= room:
        yield indent + cell
    elif cell_len(cell) <= room:
        yield cell
    else:
        for line in _filled(cell.split(" "), room - len(indent)):
            if cell_len(indent + line) <= room:
                yield indent + line
            else:
                yield from filter(None, chop_cells(line, max(room, 2)))  # 2: what one character takes


def _aligned(fit: Fit, cells: list[list[str]], styles: list[str]) -> Iterator[Text]:
    """Yield the lines of a row, each cell in its column."""
    for number in range(max(map(len, cells))):
        line = Text()
        start = 0
        for column, width, lines, style in zip(fit.columns, fit.widths, cells, styles, strict=True):
            text = lines[number] if number < len(lines) else ""
            free = width - cell_len(text)
            line.append(" " * (start + free * column.is_right - cell_len(line.plain)))
            line.append(text, style=style or None)
            start += width + GAP
        line.rstrip()
        if line.plain or number == 0:
            yield line
