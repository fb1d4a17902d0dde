"""What a day of watching costs, in exactly these words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.report.words.cost import cost_words, models_within

TOO_SMALL = (
    "too small, each sweep needs a request for the catalog and at least one for a model; set requests_per_day"
)
USUAL = "82 models x 96 sweeps = 7,872 requests a day (and 96 for the catalog)"
UNTOLD = "the number of models is not known yet"
FIRST = "the most informative first"


@pytest.mark.parametrize(
    ("models", "sweeps", "budget", "asked", "judged"),
    [
        (82, 96, 10_000, USUAL, "budget 10,000: fits"),
        (82, 96, 83 * 96, USUAL, "budget 7,968: fits"),
        (82, 96, 5_000, USUAL, f"budget 5,000: exceeded, so each sweep asks about 51 models, {FIRST}"),
        (82, 96, 83 * 96 - 1, USUAL, f"budget 7,967: exceeded, so each sweep asks about 81 models, {FIRST}"),
        (82, 96, None, USUAL, "no daily request limit"),
        (82, 96, 191, USUAL, f"budget 191: {TOO_SMALL} to 192 or more, or sweep less often"),
        (1, 1, 2, "1 model x 1 sweep = 1 request a day (and 1 for the catalog)", "budget 2: fits"),
        (
            2,
            1,
            2,
            "2 models x 1 sweep = 2 requests a day (and 1 for the catalog)",
            f"budget 2: exceeded, so each sweep asks about 1 model, {FIRST}",
        ),
        (
            1200,
            1440,
            10**9,
            "1,200 models x 1,440 sweeps = 1,728,000 requests a day (and 1,440 for the catalog)",
            "budget 1,000,000,000: fits",
        ),
        (
            0,
            96,
            None,
            "0 models x 96 sweeps = 0 requests a day (and 96 for the catalog)",
            "no daily request limit",
        ),
        (
            None,
            96,
            None,
            f"96 sweeps a day, each model 96 requests a day; {UNTOLD}",
            "no daily request limit",
        ),
        (None, 1, None, f"1 sweep a day, each model 1 request a day; {UNTOLD}", "no daily request limit"),
        (
            None,
            96,
            5_000,
            f"96 sweeps a day, each model 96 requests a day; {UNTOLD}",
            "budget 5,000: enough for about 51 models in each sweep",
        ),
        (
            None,
            1440,
            100,
            f"1,440 sweeps a day, each model 1,440 requests a day; {UNTOLD}",
            f"budget 100: {TOO_SMALL} to 2,880 or more, or sweep less often",
        ),
    ],
)
def test_the_cost_of_a_day_is_told_in_these_words(
    models: int | None, sweeps: int, budget: int | None, asked: str, judged: str
) -> None:
    words = cost_words("nvidia", models=models, sweeps=sweeps, budget=budget)
    assert words == f"nvidia: {asked}; {judged}"


@pytest.mark.parametrize("models", [None, 82])
def test_a_day_without_a_sweep_costs_nothing(models: int | None) -> None:
    words = cost_words("weekly", models=models, sweeps=0, budget=10)
    assert words == "weekly: no sweep is due in the coming UTC day"


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_what_fits_is_never_more_than_the_budget_and_one_more_would_be(budget: int, sweeps: int) -> None:
    share = models_within(budget, sweeps)
    assert share == 0 or sweeps * (share + 1) <= budget
    assert sweeps * (share + 2) > budget
