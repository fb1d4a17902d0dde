"""The rows of a query of a user's own as text: CSV, JSON, JSON Lines, Markdown, and the cells of a table.

Columns have names but no form: a cell is written by what its value is. Times keep the words that the views
have on SQLite, so that both databases give the same text.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import Final

from monitor.errors import UsageError
from monitor.report.formats.delimited import csv_text
from monitor.report.words.codes import shown_id
from monitor.report.words.marks import inline

NULL: Final = "NULL"
Rows = Sequence[tuple[object, ...]]


class RowFormat(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"


def as_text(form: RowFormat, names: Sequence[str], parts: Iterable[Rows]) -> Iterator[str]:
    """Yield the text of a document, piece by piece; of no TABLE.

    Raises UsageError for JSON of columns with one name: an object would keep only one of them.
    """
    return _WRITERS[form](names, parts)


def shown(value: object) -> str:
    """Return a value as one line of a table."""
    return NULL if value is None else shown_id(plain(value))


def plain(value: object) -> str:
    """Return a value, not None, as text: times as `2026-04-06 12:00:00`, in UTC."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # the shortest text that reads back as the same double
    if isinstance(value, datetime):
        return (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat(" ")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=plain)
    return str(value)


def _csv(names: Sequence[str], parts: Iterable[Rows]) -> Iterator[str]:
    heading: Rows = [tuple(names)]
    for rows in chain([heading], parts):
        yield "".join(f"{','.join(map(_csv_cell, row))}\n" for row in rows)


def _csv_cell(value: object) -> str:
    return csv_text(None if value is None else plain(value))


def _json(names: Sequence[str], parts: Iterable[Rows]) -> Iterator[str]:
    before = "["
    for row in _objects(names, parts):
        yield f"{before}\n  {row}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _jsonl(names: Sequence[str], parts: Iterable[Rows]) -> Iterator[str]:
    for row in _objects(names, parts):
        yield f"{row}\n"


def _objects(names: Sequence[str], parts: Iterable[Rows]) -> Iterator[str]:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise UsageError(f'several columns are called "{repeated[0]}": name them apart with AS')
    for rows in parts:
        for row in rows:
            yield json.dumps(dict(zip(names, map(_json_value, row), strict=True)), ensure_ascii=False)


def _json_value(value: object) -> object:
    if isinstance(value, Decimal):  # as Postgres gives sums and averages
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if value - value == 0 else None  # JSON knows neither NaN nor infinity
    return value if value is None or isinstance(value, bool | int | str | list | dict) else plain(value)


def _markdown(names: Sequence[str], parts: Iterable[Rows]) -> Iterator[str]:
    yield _line(map(inline, names)) + _line("---" for _ in names)
    for rows in parts:
        yield "".join(_line(inline(shown(value)) for value in row) for row in rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


_WRITERS: Final[dict[RowFormat, Callable[[Sequence[str], Iterable[Rows]], Iterator[str]]]] = {
    RowFormat.CSV: _csv,
    RowFormat.JSON: _json,
    RowFormat.JSONL: _jsonl,
    RowFormat.MARKDOWN: _markdown,
}
