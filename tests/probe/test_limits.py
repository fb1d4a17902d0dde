"""Whose limit is it? Three in a row, each asked after the first one's limit, are the key's (rules.md 7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.answer.answer import Answer
from monitor.core.answer.classify import Finding
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.core.request.forms import PLAIN_CHAT
from monitor.probe.limits import Limits

REASONS = {
    "x": (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS),
    "q": (Outcome.RATE_LIMITED, Reason.MODEL_QUOTA),
    "s": (Outcome.RATE_LIMITED, Reason.SATURATED),
    "w": (Outcome.RATE_LIMITED, Reason.QUEUED),
    ".": (Outcome.AVAILABLE, Reason.OK),
    "-": (Outcome.UNAVAILABLE, Reason.SERVER_ERROR),
    "g": (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
    "m": (Outcome.UNKNOWN, Reason.QUOTA),
}


def answer(letter: str, *, rest_s: float = 0.0, is_used_up: bool = False) -> Answer:
    outcome, reason = REASONS[letter]
    return Answer(
        form=PLAIN_CHAT,
        finding=Finding(outcome, reason, row=""),
        rest_s=rest_s,
        is_used_up=is_used_up,
    )


def after(letters: str, *, models: str | None = None, limits: Limits | None = None) -> Limits:
    """Ask one model a second, each answering within the second; a capital says that all is used up."""
    counted = limits or Limits()
    for number, letter in enumerate(letters):
        name = models[number] if models else f"m{number}"
        given_answer = answer(letter.lower(), is_used_up=letter.isupper() or letter == "!")
        counted.add(name, given_answer, asked_at_s=number, at_s=number + 0.5)
    return counted


SUSPECTED = ["xxx", "xqs", ".xxx", "x-x-x", "xwx-x", "xx.xxx", "XX", "xX", "....xxxx"]
UNSUSPECTED = [
    "",
    "x",
    "xx",
    "xx.x",
    "x.x.x.x.x",
    "xxgxxgx",
    "X",
    "-----",
    "www",
    "mmm",
    "xx" + "." * 20 + "x",
]


@pytest.mark.parametrize("letters", SUSPECTED)
def test_a_limited_model_and_two_more_with_no_answer_between_are_suspicious(letters: str) -> None:
    """Rule 7."""
    assert after(letters).is_suspected()


@pytest.mark.parametrize("letters", UNSUSPECTED)
def test_fewer_or_with_an_answer_between_are_not(letters: str) -> None:
    assert not after(letters).is_suspected()


def test_one_model_over_and_over_is_not() -> None:
    assert not after("xxxxxx", models="aababb").is_suspected()


def test_an_answer_that_used_up_the_allowance_counts_as_one_limited_model() -> None:
    """Rule 7."""
    limits = Limits()
    limits.add("a", answer(".", is_used_up=True), asked_at_s=0.0, at_s=0.5)
    limits.add("b", answer("x"), asked_at_s=1.0, at_s=1.5)
    assert not limits.is_suspected()
    limits.add("c", answer("x"), asked_at_s=2.0, at_s=2.5)
    assert limits.is_suspected()


def test_who_was_under_way_already_says_nothing() -> None:
    """Neither for the suspicion nor against it: it was let in, or not, before the first limit came."""
    limits = Limits()
    limits.add("a", answer("x"), asked_at_s=0.0, at_s=3.0)
    for name in "bcd":
        limits.add(name, answer("x"), asked_at_s=1.0, at_s=3.5)
    assert not limits.is_suspected()
    for name in "ef":
        limits.add(name, answer("x"), asked_at_s=4.0, at_s=4.5)
    limits.add("slow", answer("."), asked_at_s=2.0, at_s=5.0)
    assert limits.is_suspected()


def test_a_limit_from_before_an_answer_is_refuted_by_it() -> None:
    limits = Limits()
    limits.add("a", answer("."), asked_at_s=5.0, at_s=6.0)
    for name in "bcd":
        limits.add(name, answer("x"), asked_at_s=4.0, at_s=7.0)
    assert not limits.is_suspected()


def test_a_suspicion_that_was_refuted_needs_twice_as_many_next_time() -> None:
    assert not after("xxx.xxxxx").is_suspected()
    assert after("xxx.xxxxxx").is_suspected()
    assert not after("xxx.xxxxxx." + "x" * 11).is_suspected()


def test_once_held_back_one_more_is_enough_until_somebody_answers() -> None:
    limits = after("xxx")
    limits.hold_back(3.0)
    assert (limits.is_held_back, limits.is_suspected()) == (True, False)
    limits.add("early", answer("x"), asked_at_s=2.9, at_s=3.1)
    assert not limits.is_suspected()
    limits.add("later", answer("x"), asked_at_s=3.0, at_s=3.5)
    assert limits.is_suspected()
    limits.add("served", answer("."), asked_at_s=4.0, at_s=4.5)
    assert (limits.is_held_back, limits.is_suspected()) == (False, False)
    limits.add("next", answer("x"), asked_at_s=5.0, at_s=5.5)
    assert not limits.is_suspected()


@pytest.mark.parametrize(
    ("rests_s", "shortest_s"),
    [((30.0, 20.0, 40.0), 19.0), ((0.0, 0.0, 0.0), None), ((0.0, 5.0, 0.0), 4.0), ((0.5, 99.0, 99.0), 0.0)],
)
def test_the_shortest_wait_is_the_one_that_is_over_first(
    rests_s: tuple[float, ...], shortest_s: float | None
) -> None:
    limits = Limits()
    for number, rest_s in enumerate(rests_s):
        limits.add(f"m{number}", answer("x", rest_s=rest_s), asked_at_s=0.0, at_s=0.0)
    assert limits.shortest_wait_s(1.0) == shortest_s


EVENTS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(sorted(REASONS)), st.booleans()), max_size=40
)


@given(EVENTS)
def test_a_suspicion_rests_on_three_signs_since_the_last_answer(events: list[tuple[str, str, bool]]) -> None:
    """Limited models, or headers beside two of them, whatever else comes one after the other."""
    limits = Limits()
    limited: set[str] = set()
    is_used_up = False
    for number, (model, letter, says_used_up) in enumerate(events):
        told = answer(letter, is_used_up=says_used_up)
        limits.add(model, told, asked_at_s=number, at_s=number + 0.5)
        if letter == ".":
            limited, is_used_up = set(), False
        is_used_up |= says_used_up
        limited |= {model} if letter in "xqs" else set()
        assert not limits.is_suspected() or len(limited) + is_used_up >= 3
