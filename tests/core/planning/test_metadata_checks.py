"""Retired models that are still listed are looked up for free, and asked every n-th sweep (rule 28)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.state import ModelState
from monitor.core.domain.vocabulary import Reason, Status
from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge
from monitor.core.planning.metadata_checks import after_check, after_probe, is_checked_only
from monitor.core.request.forms import PLAIN_CHAT

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def known(status: Status = Status.RETIRED, reason: str = Reason.END_OF_LIFE) -> ModelState:
    return ModelState(status=status, reason=reason, since=NOW)


RETIRED = known()
STATUSES = st.none() | st.sampled_from([200, 404, 410, 503, 429, 401, 500, 301])


@pytest.mark.parametrize(
    "state",
    [
        None,
        *(known(status, Reason.OK) for status in Status if status is not Status.RETIRED),
        known(reason=Reason.DELISTED),
    ],
)
def test_only_a_retired_model_that_never_left_the_catalog_is_looked_up(state: ModelState | None) -> None:
    """A delisted one that is listed again is news."""
    assert not is_checked_only(state, NOTHING_KNOWN, every=24)


@pytest.mark.parametrize("reason", [Reason.END_OF_LIFE, Reason.UNAVAILABLE_TOO_LONG])
def test_a_retired_model_is_looked_up(reason: Reason) -> None:
    """Rule 28."""
    assert is_checked_only(known(reason=reason), NOTHING_KNOWN, every=24)


def life(answers: Sequence[int | None], *, every: int) -> str:
    """Tell what each sweep does: `l` looks the model up, `p` does too and asks it, `f` only asks it."""
    knowledge, story = NOTHING_KNOWN, ""
    for answer in answers:
        if not is_checked_only(RETIRED, knowledge, every=every):
            knowledge, story = after_probe(knowledge), story + "f"
            continue
        knowledge, is_back = after_check(knowledge, answer)
        story += "p" if is_back else "l"
        if is_back:
            knowledge = after_probe(knowledge)
    return story


@pytest.mark.parametrize(
    ("answers", "story"),
    [
        ([404] * 8, "lllflllf"),
        ([410] * 5, "lllfl"),
        ([None] * 5, "lllfl"),
        ([200] * 9, "plllflllf"),
        ([404, 200, 200, 200, 200, 200], "lplllf"),
        ([404, 200, 404, 200], "lplp"),
        ([200, None, 200], "pll"),
        ([200, 429, 200], "pll"),
        ([200, 503, 200], "plp"),
        ([410, 500, 200], "llp"),
    ],
)
def test_every_fourth_sweep_asks_in_full_and_a_change_to_200_at_once(
    answers: list[int | None], story: str
) -> None:
    assert life(answers, every=4) == story


def test_where_every_sweep_asks_in_full_nobody_is_looked_up() -> None:
    assert life([200] * 3, every=1) == "fff"


@given(st.lists(STATUSES, max_size=60), st.integers(1, 10))
def test_a_retired_model_is_asked_at_least_every_nth_sweep(answers: list[int | None], every: int) -> None:
    """Rule 28."""
    story = life(answers, every=every)
    assert all(len(run) < every for run in story.replace("p", "f").split("f"))


@given(st.lists(STATUSES.filter(lambda status: status != 200), max_size=60), st.integers(1, 10))
def test_without_good_news_it_is_asked_exactly_every_nth_sweep(answers: list[int | None], every: int) -> None:
    turn = "l" * (every - 1) + "f"
    assert life(answers, every=every) == (turn * len(answers))[: len(answers)]


@given(st.lists(STATUSES, max_size=60), st.integers(1, 60))
def test_the_same_200_never_prompts_twice(answers: list[int | None], every: int) -> None:
    """Between two prompts some look said 404, 410 or 503."""
    story = life(answers, every=every)
    prompts = [place for place, each in enumerate(story) if each == "p"]
    for earlier, later in pairwise(prompts):
        seen = {answers[place] for place in range(earlier + 1, later) if story[place] == "l"}
        assert seen & {404, 410, 503}
    assert all(answers[place] == 200 for place in prompts)


@given(STATUSES, st.integers(0, 30), STATUSES)
def test_a_look_touches_nothing_else_of_what_is_known(
    answer: int | None, looks: int, last: int | None
) -> None:
    knowledge = Knowledge(form=PLAIN_CHAT, searched_at=NOW, searches=3, looks=looks, listed_status=last)
    for after in (after_check(knowledge, answer)[0], after_probe(knowledge)):
        assert (after.form, after.searched_at, after.searches) == (PLAIN_CHAT, NOW, 3)
        assert after.looks in {0, looks + 1}
        assert after.listed_status in {last, answer}
