"""Percentages are never rounded up to 100 nor down to 0 (rules.md 42)."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.percentages import percent_words
from monitor.core.history.rows import percent

ROUNDINGS = st.sampled_from([ROUND_DOWN, ROUND_HALF_EVEN])


@pytest.mark.parametrize(
    ("percentage", "words"),
    [
        (None, "no data"),
        (0.0, "0.00 %"),
        (5e-324, "under 0.01 %"),
        (0.0004, "under 0.01 %"),
        (0.004, "under 0.01 %"),
        (0.01, "0.01 %"),
        (57.58, "57.58 %"),
        (66.66666666666667, "66.66 %"),
        (99.96, "99.96 %"),
        (99.996, "99.99 %"),
        (99.9996, "99.99 %"),
        (99.99999999999999, "99.99 %"),
        (100.0, "100.00 %"),
    ],
)
def test_a_share_is_never_said_to_be_better_than_it_is(percentage: float | None, words: str) -> None:
    """Rule 42."""
    assert percent_words(percentage) == words


def test_what_there_is_no_data_of_is_worded_by_the_place() -> None:
    assert percent_words(None, otherwise="-") == "-"


@given(st.integers(0, 10**9), st.integers(1, 10**9), ROUNDINGS)
def test_only_all_is_100_and_only_nothing_is_0(part: int, rest: int, rounding: str) -> None:
    """Rule 42."""
    whole = part + rest
    some, every = percent(part, whole), percent(whole, whole)
    assert some is not None
    assert some < 100.0 == every
    assert (some == 0.0) == (part == 0)
    said = percent_words(some, rounding=rounding)
    assert said not in {"100.00 %"} | ({"0.00 %"} if part else set())
    assert percent_words(every, rounding=rounding) == "100.00 %"


@given(st.floats(0.01, 100), ROUNDINGS)
def test_what_is_written_is_less_than_a_hundredth_off(percentage: float, rounding: str) -> None:
    said = Decimal(percent_words(percentage, rounding=rounding).removesuffix(" %"))
    assert abs(said - Decimal(repr(percentage))) < Decimal("0.01")
    assert rounding != ROUND_DOWN or said <= Decimal(repr(percentage))


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_is_never_written_as_less(one: float, other: float) -> None:
    low, high = sorted([one, other])
    amount = [
        0.005 if (words := percent_words(each)).startswith("under") else float(words[:-2])
        for each in (low, high)
    ]
    assert amount[0] <= amount[1]
