"""A table as a value: its columns, and which of them may leave where there is no room for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Final

from rich.cells import cell_len

_LEAST_TEXT: Final = 24  # columns in which a sentence can be read


class Form(Enum):
    """How the cells of a column are broken where there is no room for them."""

    FIGURE = auto()  # not at all
    ID = auto()  # not at all: one that is too wide gets a line of its own
    TEXT = auto()  # between its words


@dataclass(frozen=True)
class TerminalColumn:
    """One column; a cell is a line without control characters, `styles` has one of rich for each cell.

    `least` is the width in terminal columns below which a TEXT has no room.
    """

    name: str
    cells: Sequence[str]
    form: Form = Form.FIGURE
    is_right: bool = False
    styles: Sequence[str] = ()
    least: int = _LEAST_TEXT

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """The width of each cell in terminal columns: characters of East Asia take two."""
        return tuple(map(cell_len, self.cells))


@dataclass(frozen=True)
class TerminalTable:
    """Columns from left to right, with as many cells each; at most one is of the form ID.

    `leaving` are the names of those that are left out where there is no room, the first of them first; the
    others stay. `below` is the TEXT that goes on below its row if there is no room for it even then. Without
    a header columns are as wide as their cells.
    """

    columns: tuple[TerminalColumn, ...]
    leaving: tuple[str, ...] = ()
    below: str | None = None
    has_header: bool = True
