"""Rows of a view as CSV and as JSON Lines, and what such a file looks like to an import.

Cells are made by one small function for each form of column; text repeats, so what became of it is kept.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, BinaryIO, Final, Protocol

from monitor.clock import DAY_MS, to_day
from monitor.core.history.columns.view import Column, Columns, Numbers, Plain, Repeated, width_of
from monitor.core.history.views import VIEWS, ColumnType, View

_KEPT_TEXTS: Final = 16_384  # ids, reasons and kinds repeat in every row
_SPECIAL: Final = frozenset(',"\r\n')  # RFC 4180: only these need quotes
_PARQUET: Final = "PAR1"
_DAY_S: Final = DAY_MS // 1000

_Values = Sequence[object]
_Cells = Callable[[Any], Iterable[str]]
"""Makes the cells of a column from its values."""


class RowWriter(Protocol):
    """Takes the rows of a view; `close` ends the file, which without it is not whole."""

    def write(self, columns: Columns) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what stands at the end."""


@dataclass(frozen=True, slots=True)
class _Style:
    """How a row becomes a line: what stands before, between and after its cells, and before each of them."""

    cells: Mapping[ColumnType, _Cells]
    begin: str
    between: str
    end: str
    is_named: bool
    null: str

    def or_null(self, texts: Sequence[str]) -> Sequence[str]:
        """Return texts with the word for NULL in the place of empty ones."""
        return [text or self.null for text in texts] if self.null else texts


class TextWriter:
    """Rows as lines of UTF-8, made column by column: hardly any Python code runs for each cell."""

    def __init__(self, out: BinaryIO, view: View, style: _Style) -> None:
        self._out = out
        self._style = style
        self._columns = [
            (f'"{column.name}": ' if style.is_named else "", style.cells[column.form])
            for column in view.columns
        ]

    def write(self, columns: Columns) -> None:
        """Append rows."""
        place, cells = 0, list[Iterable[str]]()
        for column in columns:
            width = width_of(column)
            cells.append(self._cells(column, self._columns[place : place + width]))
            place += width
        style = self._style
        lines = f"{style.end}{style.begin}".join(map(style.between.join, zip(*cells, strict=True)))
        self._out.write(f"{style.begin}{lines}{style.end}".encode())

    def _cells(self, column: Column, kinds: Sequence[tuple[str, _Cells]]) -> Iterable[str]:
        if isinstance(column, Repeated):
            parts = [
                self._cells(Plain(values), [kind])
                for values, kind in zip(zip(*column.rows, strict=True), kinds, strict=True)
            ]
            texts = [*map(self._style.between.join, zip(*parts, strict=True))]
            return map(texts.__getitem__, column.places)
        name, cells = kinds[0]
        words = self._style.or_null(column.texts) if isinstance(column, Numbers) else cells(column.values)
        return [name + cell for cell in words] if name else words

    def close(self) -> None:
        """Do nothing: every line is whole."""


def csv_writer(out: BinaryIO, view: View) -> RowWriter:
    """Return a writer of comma-separated values with a heading; an empty cell is NULL, empty text `""`."""
    out.write(f"{','.join(_names(view))}\n".encode())
    return TextWriter(out, view, _Style(_CSV, "", ",", "\n", is_named=False, null=""))


def json_writer(out: BinaryIO, view: View) -> RowWriter:
    """Return a writer of JSON objects, one a line, with every column as a key."""
    return TextWriter(out, view, _Style(_JSON, "{", ", ", "}\n", is_named=True, null="null"))


def found_export(line: str) -> str | None:
    """Say what a file holds that begins with this line, where that is an export for analysts; else None."""
    if line.startswith(_PARQUET):
        return "is a Parquet file"
    text = line.removeprefix("\ufeff").strip()
    names = _keys(text) if text.startswith("{") else text.replace('"', "").split(",")
    for view in VIEWS.values():  # an older version's file may lack a view's latest columns
        if len(names) > len(view.key) and names == _names(view)[: len(names)]:
            return f"holds rows of the view {view.name}"
    return None


def _names(view: View) -> list[str]:
    return [column.name for column in view.columns]


def _keys(text: str) -> list[str]:
    try:
        return list(json.loads(text))
    except (ValueError, RecursionError):  # deep nesting exhausts json's recursion
        return []


class _Dates(dict[int, str]):
    """The words of each day since 1970, made when one is needed."""

    def __missing__(self, day: int) -> str:
        self[day] = to_day(day * DAY_MS).isoformat()
        return self[day]


class _TimesOfDay(dict[int, str]):
    """The words of each second of a day, made when one is needed."""

    def __missing__(self, second: int) -> str:
        self[second] = f"T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        return self[second]


_DATES: Final = _Dates()
_TIMES_OF_DAY: Final = _TimesOfDay()
_MILLIS: Final = tuple(f".{millis:03d}Z" for millis in range(1000))


def _moments(values: Sequence[int]) -> Iterable[str]:
    dates, times, millis = _DATES, _TIMES_OF_DAY, _MILLIS
    return [
        f"{dates[value // DAY_MS]}{times[value // 1000 % _DAY_S]}{millis[value % 1000]}" for value in values
    ]


def _seconds(values: Sequence[int]) -> Iterable[str]:
    dates, times = _DATES, _TIMES_OF_DAY
    return [f"{dates[value // DAY_MS]}{times[value // 1000 % _DAY_S]}Z" for value in values]


@lru_cache(maxsize=_KEPT_TEXTS)
def csv_text(value: object) -> str:
    """Return a cell of text: nothing for None, quoted where RFC 4180 needs it."""
    if value is None:
        return ""
    text = str(value)
    # an empty text needs quotes, or it would read as NULL
    return text if text and _SPECIAL.isdisjoint(text) else '"' + text.replace('"', '""') + '"'


@lru_cache(maxsize=_KEPT_TEXTS)
def _json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _each(cell: Callable[[Any], str]) -> _Cells:
    return lambda values: map(cell, values)


def _or(null: str, cells: _Cells) -> _Cells:
    def cells_or_null(values: _Values) -> Iterable[str]:
        if None not in values:
            return cells(values)
        present = iter(cells([value for value in values if value is not None]))
        return [null if value is None else next(present) for value in values]

    return cells_or_null


def _quoted(cells: _Cells) -> _Cells:
    return lambda values: [f'"{cell}"' for cell in cells(values)]


_TIMES: Final[Mapping[ColumnType, _Cells]] = MappingProxyType(
    {
        ColumnType.MOMENT: _moments,
        ColumnType.SECOND: _seconds,
        ColumnType.DAY: _each(str),
        ColumnType.MONTH: _each(str),
    }
)
_OTHERS: Final[Mapping[ColumnType, _Cells]] = MappingProxyType(
    {
        ColumnType.INTEGER: _each(str),
        ColumnType.LONG: _each(str),
        ColumnType.DOUBLE: _each(repr),  # the shortest text that reads back as the same double
        ColumnType.FLAG: _each(lambda value: "true" if value else "false"),
    }
)
_CSV: Final[Mapping[ColumnType, _Cells]] = MappingProxyType(
    {
        ColumnType.TEXT: _each(csv_text),
        **{form: _or("", cells) for form, cells in {**_TIMES, **_OTHERS}.items()},
    }
)
_JSON: Final[Mapping[ColumnType, _Cells]] = MappingProxyType(
    {
        ColumnType.TEXT: _each(_json_text),
        **{form: _or("null", cells) for form, cells in _OTHERS.items()},
        **{form: _or("null", _quoted(cells)) for form, cells in _TIMES.items()},
    }
)
