"""Counts in words: one rule for the plural and one for thousands."""

import pytest

from monitor.report.words.numbers import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 models"), (1, "1 model"), (2, "2 models"), (1200, "1,200 models")]
)
def test_a_count_is_in_the_singular_only_for_one(number: int, words: str) -> None:
    assert counted(number, "model") == words


def test_a_plural_may_be_another_word() -> None:
    assert [counted(number, "was retired", "were retired") for number in (1, 2)] == [
        "1 was retired",
        "2 were retired",
    ]
