"""Who is to be expected to answer, each by itself, and a key that nobody serves (rules.md 8)."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Outcome, Reason, Verdict
from monitor.core.lifecycle.guard import regulars
from tests.core.histories import START, USUAL, answer, live, sweep

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TEN = "abcdefghij"
HELD, BELIEVED = Cause.PROVIDER_OUTAGE, Verdict.CONCLUSIVE
DOWN = Observation("", Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 0, http_status=500)


def seen(letter: str, model: str) -> Observation:
    if letter == "x":
        return Observation(model, DOWN.outcome, DOWN.reason, 0, http_status=DOWN.http_status)
    if letter == "m":
        return Observation(model, Outcome.RATE_LIMITED, Reason.MODEL_QUOTA, 0, http_status=429)
    if letter == "s":
        return Observation(model, Outcome.UNKNOWN, Reason.LOOKED_UP, 0, http_status=200)
    return answer(letter, model)


def day(letters: str, *, after: timedelta = timedelta(), ids: str = TEN) -> Sweep:
    """Make a sweep of a to j by a letter each.

    As in histories.py, and x in trouble, m limited for the day, s only looked up.
    """
    observations = [seen(letter, each) for letter, each in zip(letters, ids, strict=True) if letter != "."]
    return sweep(*observations, at=START + after, listed=ids)


def told(*sweeps: Sweep, policies: Iterable[Policy] = ()) -> list[str]:
    """Tell each sweep's cause, or that it is believed."""
    chosen = [*policies] or USUAL
    return [decision.cause or decision.verdict for decision in live(sweeps, chosen)]


def regular(*sweeps: Sweep, after: timedelta) -> str:
    """Return who is regular in a sweep that starts so long after the first."""
    state = live(sweeps)[-1].state if sweeps else ProviderState()
    return "".join(sorted(regulars(state, START + after)))


# ---- Regulars --------------------------------------------------------------------------


def test_who_was_available_or_limited_in_the_last_conclusive_sweep_is_regular() -> None:
    assert regular(day("ulmdqtnsx."), after=HOUR) == "abc"
    assert regular(after=HOUR) == ""


@pytest.mark.parametrize("unasked", "n.s")
def test_who_is_not_asked_stays_what_it_was_for_a_day(unasked: str) -> None:
    """Rule 8."""
    sweeps = day("uuldqttttt"), day("u" + unasked * 9, after=HOUR)
    assert regular(*sweeps, after=DAY) == "abc"
    assert regular(*sweeps, after=DAY + timedelta(milliseconds=1)) == "a"


def test_the_last_conclusive_sweep_counts_however_long_ago() -> None:
    assert regular(day("uuuuu.nd.."), after=100 * DAY) == "abcde"


@pytest.mark.parametrize("unclear", "dqtx")
def test_who_was_asked_and_did_not_answer_is_not_regular(unclear: str) -> None:
    assert regular(day("u" * 10), day(unclear + "u" * 9, after=HOUR), after=2 * HOUR) == TEN[1:]


def test_only_conclusive_sweeps_tell_who_is_regular() -> None:
    """Rule 12."""
    outage = day("x" * 9 + "u", after=HOUR)
    assert told(day("u" * 9 + "x"), outage)[1] == HELD
    assert regular(day("u" * 9 + "x"), outage, after=2 * HOUR) == TEN[:9]


def test_who_left_the_catalog_meanwhile_stays_regular_for_the_day() -> None:
    sweeps = day("u" * 10), day("u" * 9, after=HOUR, ids=TEN[:9])
    assert regular(*sweeps, after=DAY) == TEN
    assert regular(*sweeps, after=DAY + HOUR) == TEN[:9]


def test_a_sweep_that_reached_few_takes_the_guard_from_nobody() -> None:
    """A limit, a budget or a deadline ended it; the outage after it is judged as if it had not."""
    for few in ("uu........", "unnnnnnnnn", "mm........", "ulssssssss"):
        assert told(day("u" * 10), day(few, after=HOUR), day("x" * 10, after=2 * HOUR))[2] == HELD


def test_after_more_than_a_day_only_the_last_conclusive_sweep_tells() -> None:
    sweeps = day("u" * 10), day("uuuu......", after=23 * HOUR)
    assert told(*sweeps, day("x" * 10, after=24 * HOUR))[2] == HELD
    assert told(*sweeps, day("x" * 10, after=25 * HOUR))[2] == BELIEVED


def test_who_answered_in_turns_is_regular_together() -> None:
    turns = day("uuuu......"), day("....uuu...", after=8 * HOUR), day(".......uuu", after=16 * HOUR)
    assert told(*turns, day("x" * 10, after=24 * HOUR))[3] == HELD
    assert regular(*turns, after=25 * HOUR) == TEN[4:]


def test_only_those_that_were_asked_now_are_counted() -> None:
    before = day("u" * 10)
    assert told(before, day("xxu.......", after=HOUR))[1] == HELD
    assert told(before, day("xxuu......", after=HOUR))[1] == BELIEVED
    assert told(before, day("xxunnnnnss", after=HOUR))[1] == HELD
    assert told(before, day("..........", after=HOUR))[1] == BELIEVED


def test_who_is_shut_out_is_not_regular() -> None:
    narrow = Policy(exclude=("[a-f]",))
    outage = day("x" * 10, after=HOUR)
    assert told(day("u" * 10), outage, policies=(USUAL, narrow))[1] == BELIEVED
    assert told(day("u" * 10), outage, policies=(USUAL, Policy(exclude=("[a-e]",))))[1] == HELD
    sweeps = day("u" * 10), day("......uuuu", after=HOUR), day("x" * 10, after=2 * HOUR)
    assert told(*sweeps, policies=(USUAL, narrow, USUAL))[2] == HELD


def test_who_is_asked_again_decides_when_a_mass_failure_is_believed() -> None:
    """Rule 11: half of those asked now fail as they did for long, the others are new to it."""
    sweeps = [day("u" * 10), *(day("xxxu......", after=hours * HOUR) for hours in (1, 4, 7))]
    assert told(*sweeps)[1:] == [HELD, HELD, BELIEVED]


# ---- A key that nobody serves ----------------------------------------------------------


@pytest.mark.parametrize("limit", "lm")
def test_a_key_that_everybody_limits_proves_nothing_about_models(limit: str) -> None:
    """Rule 8."""
    decisions = live([day("u" * 10), day(limit * 10, after=HOUR), day("u" * 10, after=2 * HOUR)])
    assert [decision.cause for decision in decisions] == [None, Cause.QUOTA, None]
    assert [event.kind for event in decisions[1].events] == [EventKind.QUOTA_EXHAUSTED]
    assert [event.kind for event in decisions[2].events] == [EventKind.QUOTA_RESTORED]


def test_it_is_told_once_and_changes_no_model() -> None:
    decisions = live([day("u" * 10), *(day("l" * 10, after=hours * HOUR) for hours in range(1, 200))])
    assert [len(decision.events) for decision in decisions] == [10, 1, *[0] * 198]
    assert decisions[-1].state.models == decisions[0].state.models


def test_it_may_be_so_from_the_first_day_on() -> None:
    (decision,) = live([day("l" * 10)])
    assert (decision.cause, decision.state.models) == (Cause.QUOTA, {})


@pytest.mark.parametrize("letters", ["llllll", "lllldd", "lllllx", "lldddq", "llllnn", "lllll."])
def test_whoever_was_regular_speaks_for_all(letters: str) -> None:
    """Two were; that the others fail is nothing new."""
    before = "uu" + letters[2:].replace("l", "d") + "ddd"
    expected = Cause.QUOTA if sum(letter not in "n." for letter in letters) >= 5 else BELIEVED
    assert told(day(before, ids=TEN[:9]), day(letters, after=HOUR, ids=TEN[:6]))[1] == expected


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ("llllllllul", "one is served"),
        ("llll......", "four were asked"),
        ("llllnnnnss", "four were asked"),
        ("llllllllld", "a regular fails"),
        ("lllllllllq", "a regular says something else"),
    ],
)
def test_limits_prove_nothing_against_the_key_where(now: str, why: str) -> None:
    assert told(day("u" * 10), day(now, after=HOUR))[1] == BELIEVED, why


def test_where_none_was_regular_everybody_must_be_limited() -> None:
    assert told(day("d" * 10)) == [BELIEVED]
    assert told(day("llllldd" + "ddd")) == [BELIEVED]
    assert told(day("lllllnnnnn")) == [Cause.QUOTA]


def test_an_acceptance_and_a_given_verdict_overrule_it() -> None:
    limited = [answer("l", each) for each in TEN]
    accepted = sweep(*limited, at=START + HOUR, accepted=True)
    given = sweep(*limited, at=START + HOUR, verdict=Verdict.CONCLUSIVE)
    assert told(day("u" * 10), accepted) == told(day("u" * 10), given) == [BELIEVED, BELIEVED]


def test_it_neither_adds_to_what_is_held_back_nor_begins_it_anew() -> None:
    """Rule 11: limits are answers, but those that fail alike are not asked past them."""
    outage, limits = "xxxxxxuuuu", "llllllllll"
    hours = [(1, outage), (3, limits), (4, outage), (6, limits), (7, outage)]
    sweeps = [day(letters, after=hour * HOUR) for hour, letters in hours]
    assert told(day("u" * 10), *sweeps)[1:] == [HELD, Cause.QUOTA, HELD, Cause.QUOTA, BELIEVED]
