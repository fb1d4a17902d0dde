"""A day's budget is shared among the sweeps that are left of it, and never exceeded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sweep.plan import share


@pytest.mark.parametrize(
    ("per_day", "spent", "left", "allowed"),
    [
        (None, 10_000, 1, None),
        (1000, 0, 24, 41),
        (1000, 990, 1, 10),
        (1000, 1000, 5, 0),
        (1000, 1200, 5, 0),
        (3, 0, 24, 0),
        (100, 0, 0, 100),
        (100, 40, -2, 60),
    ],
)
def test_a_sweep_gets_an_equal_part_of_what_is_left(
    per_day: int | None, spent: int, left: int, allowed: int | None
) -> None:
    assert share(per_day, spent=spent, sweeps_left=left) == allowed


@given(st.integers(1, 5000), st.lists(st.integers(0, 100), min_size=1, max_size=100), st.integers(0, 6000))
def test_a_day_never_costs_more_than_its_budget(per_day: int, percents: list[int], spent: int) -> None:
    """However little each sweep uses of its share, and whatever was spent by hand before."""
    before = spent
    for left, percent in zip(range(len(percents), 0, -1), percents, strict=True):
        allowed = share(per_day, spent=spent, sweeps_left=left)
        assert allowed is not None
        assert 0 <= allowed * left <= max(per_day - spent, 0)
        spent += allowed * percent // 100
    assert spent <= max(per_day, before)


@given(st.integers(1, 5000), st.integers(1, 200))
def test_sweeps_that_use_their_shares_use_the_whole_budget(per_day: int, sweeps: int) -> None:
    spent, shares = 0, list[int]()
    for left in range(sweeps, 0, -1):
        shares.append(share(per_day, spent=spent, sweeps_left=left) or 0)
        spent += shares[-1]
    assert spent == per_day
    assert max(shares) - min(shares) <= 1


@given(st.integers(0, 5000), st.integers(1, 200), st.integers(0, 6000), st.integers(0, 100))
def test_who_spent_more_gets_no_more(per_day: int, left: int, spent: int, more: int) -> None:
    one = share(per_day, spent=spent, sweeps_left=left)
    other = share(per_day, spent=spent + more, sweeps_left=left)
    assert one is not None
    assert other is not None
    assert other <= one
