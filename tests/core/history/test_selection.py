"""Which models a question is about (rules.md 34)."""

import pytest

from monitor.core.domain.policy import Policy
from monitor.core.history.selection import Selection, Watched

WATCHED = Watched({"nvidia": Policy(exclude=("test/*",)), "groq": Policy(include=("llama*",))})


@pytest.mark.parametrize(
    ("providers", "is_all", "covered"),
    [
        ((), False, ["nvidia a"]),
        ((), True, ["nvidia a", "nvidia test/b", "groq a", "former a"]),
        (("nvidia",), False, ["nvidia a"]),
        (("nvidia",), True, ["nvidia a", "nvidia test/b"]),
        (("former",), False, ["former a"]),
        (("former", "nvidia"), False, ["nvidia a", "former a"]),
        (("groq",), False, []),
    ],
)
def test_models_that_are_not_probed_need_their_providers_name_or_all(
    providers: tuple[str, ...], is_all: bool, covered: list[str]
) -> None:
    selection = Selection(watched=WATCHED, providers=frozenset(providers), is_all=is_all)
    every = [("nvidia", "a"), ("nvidia", "test/b"), ("groq", "a"), ("former", "a")]
    assert [" ".join(key) for key in every if selection.covers(*key)] == covered


def test_an_event_of_a_provider_goes_by_its_provider_alone() -> None:
    selection = Selection(watched=WATCHED)
    assert selection.covers("groq", None)
    assert not selection.covers("former", None)
