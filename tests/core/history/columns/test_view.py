"""Columns hold the rows that they were made of."""

from array import array

from monitor.core.history.columns.view import (
    Columns,
    Numbers,
    Plain,
    Repeated,
    Sums,
    count_of,
    plain_columns,
    width_of,
)
from tests.support.columns import rows_of


def test_rows_become_columns_and_rows_again() -> None:
    rows = [("a", 1, None), ("b", 2, 0.5)]
    assert list(rows_of(plain_columns(rows))) == rows


def test_what_repeats_is_found_by_its_place_and_null_is_an_empty_number() -> None:
    columns: Columns = [
        Repeated([("up", 200), ("down", None)], bytes([1, 0, 1])),
        Numbers("7,,-1"),
        Sums(array("q", [10, 20, 30]), Numbers("1,2,3")),
        Plain([True, False, None]),
    ]
    assert list(rows_of(columns)) == [
        ("down", None, 7, 11, True),
        ("up", 200, None, 22, False),
        ("down", None, -1, 33, None),
    ]
    assert [count_of([column]) for column in columns] == [3, 3, 3, 3]
    assert [width_of(column) for column in columns] == [2, 1, 1, 1]


def test_one_row_without_a_number_is_a_row() -> None:
    assert count_of([Numbers("")]) == 1
    assert list(rows_of([Numbers("")])) == [(None,)]
