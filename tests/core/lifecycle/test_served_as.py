"""Who answers in a model's name (rules.md 37): when another one is believed to, and how that is told."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from monitor.core.domain.event import Event
from monitor.core.domain.state import ModelState
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import NOT_RECORDED, EventKind, Reason, Status, Verdict
from tests.core.cases import UP_TWICE
from tests.core.histories import START, STEP, answer, events_of, live, story, sweep

OTHERS = {"a": "alpha", "b": "beta", "m": "m"}


def served(answers: str) -> list[Sweep]:
    """Make sweeps in which `m` answers as alpha (a), beta (b), by its own name (m), or as in a story."""
    sweeps = story("".join("u" if letter in OTHERS else letter for letter in answers))
    return [
        replace(each, observations=(each.observations[0], answer("u", served_as=OTHERS[letter])))
        if letter in OTHERS
        else each
        for letter, each in zip(answers, sweeps, strict=True)
    ]


def swaps(sweeps: Sequence[Sweep]) -> list[Event]:
    return [event for event in events_of(live(sweeps)) if event.kind == EventKind.SERVED_MODEL_CHANGED]


def told(answers: str) -> list[str]:
    """Say which swaps the answers tell of, as `confirmed from began: detail`, both as places."""
    return [
        f"{(event.confirmed_at - START) // STEP} from {(event.began_at - START) // STEP}: {event.detail}"
        for event in swaps(served(answers))
    ]


def believed(answers: str) -> ModelState:
    return live(served(answers))[-1].state.models["m"]


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        ("aaa", []),
        ("aab", []),
        ("abab", []),
        ("abub", []),
        ("abb", ["2 from 1: alpha -> beta"]),
        ("abbb", ["2 from 1: alpha -> beta"]),
        ("abba", ["2 from 1: alpha -> beta"]),
        ("abubb", ["4 from 3: alpha -> beta"]),
        ("abbaa", ["2 from 1: alpha -> beta", "4 from 3: beta -> alpha"]),
        ("ubuab", []),
    ],
)
def test_rule_37_another_that_answers_twice_in_a_row_is_a_change(answers: str, lines: list[str]) -> None:
    assert told(answers) == lines


@pytest.mark.parametrize("itself", "um")
def test_rule_37_no_name_counts_as_the_id_itself(itself: str) -> None:
    assert told(f"{itself}aa") == ["2 from 1: m -> alpha"]
    assert told(f"a{itself}{itself}") == ["2 from 1: alpha -> m"]
    assert told("um" * 3) == []
    assert believed(f"a{itself}{itself}").served_as is None


def test_rule_37_an_observation_made_before_anybody_looked_says_nothing_of_who_answered() -> None:
    """Else everything that is an alias would seem to change when the version does that looks."""
    names = (NOT_RECORDED, NOT_RECORDED, "alpha", "alpha", NOT_RECORDED, "beta", NOT_RECORDED, "beta")
    sweeps = [sweep(answer("u", served_as=name), at=START + at * STEP) for at, name in enumerate(names)]
    assert [event.detail for event in swaps(sweeps)] == ["alpha -> beta"]
    assert live(sweeps[:2])[-1].state.models["m"].served_as is None


@pytest.mark.parametrize("letter", list("ldtqnX.-"))
def test_rule_37_only_an_answer_says_who_gave_it(letter: str) -> None:
    """A limiter's answer has no model, a failure none, and absence and inconclusive sweeps change nothing."""
    assert told(f"ab{letter}b") == ["3 from 1: alpha -> beta"]
    assert told(f"a{letter}bb") == ["3 from 2: alpha -> beta"]
    assert told(f"a{letter}a") == []


def test_rule_37_the_first_answer_changes_nothing() -> None:
    assert told("qaa") == told("ldaaa") == []
    assert believed("la").served_as == "alpha"


def test_rule_37_what_is_shown_changes_with_the_event() -> None:
    assert [believed(answers).served_as for answers in ("a", "ab", "abb", "abu", "abbl", "abbd")] == [
        "alpha", "alpha", "beta", "alpha", "beta", "beta",
    ]  # fmt: skip


def test_rule_37_the_status_stays_and_the_times_are_those_of_the_two_answers() -> None:
    (event,) = swaps(served("abb"))
    confirming, first = served("abb")[2], served("abb")[1]
    assert event.from_status == event.to_status == Status.AVAILABLE
    assert event.reason == Reason.OK
    assert event.confirmed_at == confirming.moment(confirming.observations[1])
    assert event.began_at == first.moment(first.observations[1])


def test_rule_37_a_model_that_is_retired_may_change_too() -> None:
    decisions = live(served("aebb"), UP_TWICE)
    changed = events_of(decisions)[-2:]
    assert [event.kind for event in changed] == [EventKind.REAPPEARED, EventKind.SERVED_MODEL_CHANGED]


def test_rule_20_who_answered_is_kept_through_a_retirement_and_a_lone_sight_of_another_is_not() -> None:
    """Rule 18: a confirmed absence empties streaks, and seen once is half of one."""
    assert believed("a--.").served_as == "alpha"
    assert told("a--bb") == ["4 from 3: alpha -> beta"]
    assert told("ab--b") == []
    assert told("ab--bb") == ["5 from 4: alpha -> beta"]


def test_rule_12_who_answers_in_an_inconclusive_sweep_does_not_count() -> None:
    sweeps = served("abb")
    doubted = replace(sweeps[1], verdict=Verdict.INCONCLUSIVE, cause="solar_flare")
    assert swaps([sweeps[0], doubted, sweeps[2]]) == []


def test_rule_26_the_change_is_told_after_all_else_of_the_model() -> None:
    end = START + 9 * STEP
    sweeps = [
        sweep(answer("u", kind="chat")),
        sweep(answer("u", kind="chat", served_as="beta"), at=START + STEP),
        sweep(answer("u", kind="rerank", served_as="beta", retires_at=end), at=START + 2 * STEP),
    ]
    assert [event.kind for event in live(sweeps)[-1].events] == [
        EventKind.RETIREMENT_ANNOUNCED,
        EventKind.KIND_CHANGED,
        EventKind.SERVED_MODEL_CHANGED,
    ]
