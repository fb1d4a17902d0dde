"""Rows of a query without known columns, as text."""

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import UsageError
from monitor.report.formats.selected import RowFormat, as_text, plain, shown

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), NUMBERS, st.text())
ROWS = st.lists(st.tuples(VALUES, VALUES), max_size=6)


def written(form: RowFormat, rows: Sequence[tuple[object, ...]], names: Sequence[str] = ("a", "b")) -> str:
    return "".join(as_text(form, names, [rows[:2], rows[2:]]))


@given(ROWS)
def test_json_reads_back_as_the_same_values(rows: list[tuple[object, ...]]) -> None:
    expected = [{"a": a, "b": b} for a, b in rows]
    assert json.loads(written(RowFormat.JSON, rows)) == expected
    lines = written(RowFormat.JSONL, rows)
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == expected


@given(st.lists(st.tuples(st.text(), st.text()), max_size=6))
def test_csv_reads_back_as_the_same_texts(rows: list[tuple[str, str]]) -> None:
    assert list(csv.reader(StringIO(written(RowFormat.CSV, rows), newline=""), strict=True)) == [
        ["a", "b"],
        *map(list, rows),
    ]


def test_null_is_no_empty_text() -> None:
    rows = [(None, "")]
    assert written(RowFormat.CSV, rows) == 'a,b\n,""\n'
    assert written(RowFormat.MARKDOWN, rows) == "| a | b |\n| --- | --- |\n| NULL |  |\n"
    assert written(RowFormat.JSONL, rows) == '{"a": null, "b": ""}\n'
    assert (shown(None), shown("")) == ("NULL", "")


def test_no_rows_are_a_heading_or_an_empty_list() -> None:
    assert written(RowFormat.CSV, []) == "a,b\n"
    assert written(RowFormat.JSON, []) == "[]\n"
    assert written(RowFormat.JSONL, []) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3, "3"),
        (0.1, "0.1"),
        (100.0, "100.0"),
        (Decimal("1.50"), "1.50"),
        (datetime(2026, 4, 6, 12, 0, tzinfo=UTC), "2026-04-06 12:00:00"),
        (datetime(2026, 4, 6, 14, 0, tzinfo=timezone(timedelta(hours=2))), "2026-04-06 12:00:00"),
        (datetime(2026, 4, 6, 12, 0, 0, 250_000, tzinfo=UTC), "2026-04-06 12:00:00.250000"),
        (date(2026, 4, 6), "2026-04-06"),
        (b"\x00\xff", "00ff"),
        (["a", None], '["a", null]'),
        (timedelta(days=1, seconds=5), "1 day, 0:00:05"),
    ],
)
def test_both_databases_give_the_same_text(value: object, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(
    ("value", "number"), [(Decimal(3), 3), (Decimal("1.5"), 1.5), (float("nan"), None), (float("inf"), None)]
)
def test_json_has_numbers_for_sums_and_null_for_what_is_no_number(value: object, number: object) -> None:
    assert json.loads(written(RowFormat.JSON, [(value, 0)])) == [{"a": number, "b": 0}]


def test_two_columns_of_one_name_are_no_object() -> None:
    with pytest.raises(UsageError, match='several columns are called "a": name them apart with AS'):
        written(RowFormat.JSON, [(1, 2)], names=("a", "a"))
    assert written(RowFormat.CSV, [(1, 2)], names=("a", "a")) == "a,a\n1,2\n"


def test_markdown_keeps_every_mark_inside_its_cell() -> None:
    assert written(RowFormat.MARKDOWN, [("a|b", "[x](y)\n<b>")]).splitlines()[-1] == (
        "| a\\|b | \\[x\\](y)\\\\u\\{a\\}\\<b\\> |"
    )
