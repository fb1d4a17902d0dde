"""Rows of a view as CSV and as JSON Lines, and what such a file looks like to an import.

Every cell is made by one small function for each form of column; text repeats, so what became of it is kept.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import BinaryIO, Final, Protocol

from monitor.clock import DAY_MS, to_day
from monitor.core.history.views import VIEWS, ColumnType, Row, View

_KEPT_TEXTS: Final = 16_384  # ids, reasons and kinds repeat in every row
_SPECIAL: Final = frozenset(',"\r\n')  # RFC 4180: only these need quotes
_PARQUET: Final = "PAR1"

_Cell = Callable[[object], str]


class RowWriter(Protocol):
    """Takes the rows of a view; `close` ends the file, which without it is not whole."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what stands at the end."""


class TextWriter:
    """Rows as lines of UTF-8; the pattern has a `%s` for each column's cell."""

    def __init__(self, out: BinaryIO, cells: Sequence[_Cell], pattern: str) -> None:
        self._out = out
        self._cells = cells
        self._pattern = pattern

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        columns = [
            map(cell, values) for cell, values in zip(self._cells, zip(*rows, strict=True), strict=True)
        ]
        # column by column and one pattern a row: no Python code runs for each cell but `cell`
        self._out.write("".join(map(self._pattern.__mod__, zip(*columns, strict=True))).encode())

    def close(self) -> None:
        """Do nothing: every line is whole."""


def csv_writer(out: BinaryIO, view: View) -> RowWriter:
    """Return a writer of comma-separated values with a heading; an empty cell is NULL, empty text `""`."""
    out.write(f"{','.join(_names(view))}\n".encode())
    return TextWriter(
        out, [_CSV[column.form] for column in view.columns], ",".join("%s" for _ in view.columns) + "\n"
    )


def json_writer(out: BinaryIO, view: View) -> RowWriter:
    """Return a writer of JSON objects, one a line, with every column as a key."""
    pattern = ", ".join(f'"{column.name}": %s' for column in view.columns)
    return TextWriter(out, [_JSON[column.form] for column in view.columns], f"{{{pattern}}}\n")


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


@lru_cache(maxsize=_KEPT_TEXTS)  # one date for thousands of rows
def _date_of(day: int) -> str:
    return to_day(day * DAY_MS).isoformat()


def _second(moment: int) -> str:
    day, rest = divmod(moment, DAY_MS)
    seconds = rest // 1000
    return f"{_date_of(day)}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _to_millis(value: object) -> str:
    moment = _whole(value)
    return f"{_second(moment)}.{moment % 1000:03d}Z"


def _whole(value: object) -> int:
    # SQLite gives back whatever was stored
    assert isinstance(value, int)  # noqa: S101 - what the form of its column promises
    return value


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


def _or(null: str, cell: _Cell) -> _Cell:
    return lambda value: null if value is None else cell(value)


def _quoted(cell: _Cell) -> _Cell:
    return lambda value: f'"{cell(value)}"'


_TIMES: Final[Mapping[ColumnType, _Cell]] = MappingProxyType(
    {
        ColumnType.MOMENT: _to_millis,
        ColumnType.SECOND: lambda value: f"{_second(_whole(value))}Z",
        ColumnType.DAY: str,
        ColumnType.MONTH: str,
    }
)
_OTHERS: Final[Mapping[ColumnType, _Cell]] = MappingProxyType(
    {
        ColumnType.INTEGER: str,
        ColumnType.LONG: str,
        ColumnType.DOUBLE: repr,  # the shortest text that reads back as the same double
        ColumnType.FLAG: lambda value: "true" if value else "false",
    }
)
_CSV: Final[Mapping[ColumnType, _Cell]] = MappingProxyType(
    {ColumnType.TEXT: csv_text, **{form: _or("", cell) for form, cell in {**_TIMES, **_OTHERS}.items()}}
)
_JSON: Final[Mapping[ColumnType, _Cell]] = MappingProxyType(
    {
        ColumnType.TEXT: _json_text,
        **{form: _or("null", cell) for form, cell in _OTHERS.items()},
        **{form: _or("null", _quoted(cell)) for form, cell in _TIMES.items()},
    }
)
