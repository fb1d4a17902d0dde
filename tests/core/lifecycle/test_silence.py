"""A model that gives no clear answer for long (rules.md 4): the letters are explained in histories.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import UNASKED, EventKind, Outcome, Reason, Status
from monitor.core.lifecycle.fold import fold
from tests.core.cases import UP_TWICE, Case, assert_after_birth, case, table
from tests.core.histories import AT_MS, START, STEP, USUAL, end_of, live, story, tell

DAY = timedelta(days=1)
DOWN = "2 became_unavailable unavailable from 1 (not_found)"


@table(
    case("uttt"),
    case("utttt", "4 became_unavailable unavailable from 1 (unresponsive)"),
    case("utttnt", "5 became_unavailable unavailable from 1 (unresponsive)"),
    case("uttt.t", "5 became_unavailable unavailable from 1 (unresponsive)"),
    case("uttt-t", "5 became_unavailable unavailable from 1 (unresponsive)"),
    case("utttXt", "5 became_unavailable unavailable from 1 (unresponsive)"),
    case("utttOOt", "6 became_unavailable unavailable from 1 (unresponsive)"),
    case("utttn.-"),
    *(case(f"uttt{other}t") for other in "uld"),
    case("utttltttt", "8 became_unavailable unavailable from 5 (unresponsive)"),
    case("uddtttt", "2 became_unavailable unavailable from 1 (not_found)"),
    case(
        "ut", "1 became_unavailable unavailable from 1 (unresponsive)", policy=Policy(confirm_unresponsive=1)
    ),
    case(
        "uttt--ttt",
        "5* retired retired from 4* (delisted)",
        "6 reappeared new from 6 (timeout)",
    ),
)
def test_rule_4_a_model_that_only_times_out_is_unresponsive(case: Case) -> None:
    assert_after_birth(case)


@table(
    case("uqqq"),
    case("uqqqq", "4 became_unavailable unavailable from 1 (unclear)"),
    case("utttq", "4 became_unavailable unavailable from 1 (unclear)"),
    case("uqttt", "4 became_unavailable unavailable from 1 (unclear)"),
    case("uqqtq", "4 became_unavailable unavailable from 1 (unclear)"),
    *(case(f"uqtq{other}t", "5 became_unavailable unavailable from 1 (unclear)") for other in "n.-XOZ"),
    case("uqqqn.-"),
    *(case(f"uqqq{clear}qqq") for clear in "uld"),
    case("uqqqlqqqq", "8 became_unavailable unavailable from 5 (unclear)"),
    case("uqtltttt", "7 became_unavailable unavailable from 4 (unresponsive)"),
    case("uq", "1 became_unavailable unavailable from 1 (unclear)", policy=Policy(confirm_unresponsive=1)),
    case(
        "uqqqqqqqqu",
        "4 became_unavailable unavailable from 1 (unclear)",
        "9 became_available available from 9 (ok)",
    ),
    case(
        "uqqqqlu",
        "4 became_unavailable unavailable from 1 (unclear)",
        "6 became_available available from 6 (ok)",
    ),
    case("uddqqqqq", DOWN),
    case("ueqqqqq", "1 retired retired from 1 (end_of_life)"),
    case(
        "uqqq--qqqqq",
        "5* retired retired from 4* (delisted)",
        "6 reappeared new from 6 (bad_request)",
    ),
    case(
        "uddqqqu" + "qqqq",
        DOWN,
        "6 became_available available from 6 (ok)",
        "10 became_unavailable unavailable from 7 (unclear)",
    ),
)
def test_rule_4_an_available_model_that_gives_no_clear_answer_is_unclear(case: Case) -> None:
    assert_after_birth(case)


@pytest.mark.parametrize(
    "reason",
    [reason for reason in Reason if reason not in {Reason.TIMEOUT, Reason.END_OF_LIFE, *UNASKED}]
    + ["words_that_nobody_foresaw"],
)
def test_rule_4_no_wording_leaves_a_model_available_for_good(reason: str) -> None:
    sweeps = story("uqqqq")
    unclear = Observation("m", Outcome.UNKNOWN, reason, 1500, http_status=418)
    sweeps[1:] = [replace(each, observations=(each.observations[0], unclear)) for each in sweeps[1:]]
    state = live(sweeps)[-1].state.models["m"]
    assert (state.status, state.reason) == (Status.UNAVAILABLE, Reason.UNCLEAR)


@pytest.mark.parametrize("letters", ["qqqqqqqq", "tttqtttq", "qtttqttt", "u--qqqqqq"])
def test_rule_4_a_new_model_stays_new_unless_it_only_times_out(letters: str) -> None:
    assert end_of(letters).status == Status.NEW


def test_rule_4_a_milder_policy_counts_the_whole_streak() -> None:
    policies = [Policy(confirm_unresponsive=9)] * 4 + [Policy(confirm_unresponsive=2)]
    assert tell("uqttt", policies)[1:] == ["4 became_unavailable unavailable from 1 (unclear)"]


def test_rule_4_time_outs_that_an_older_version_counted_still_count() -> None:
    """It kept no streak of what is unclear."""
    decisions = live(story("uttt"))
    state = decisions[-1].state
    known = state.models["m"]
    older = replace(known, memory=replace(known.memory, unclear=None))
    before = replace(state, models={**state.models, "m": older})
    for last, reason in {"t": Reason.UNRESPONSIVE, "q": Reason.UNCLEAR}.items():
        event = fold(before, story(f"uttt{last}")[-1], USUAL).events[-1]
        assert (event.kind, event.reason) == (EventKind.BECAME_UNAVAILABLE, reason)
        assert event.began_at == START + STEP + timedelta(milliseconds=AT_MS)


def test_rule_4_its_event_leaves_the_flapping_window_alone() -> None:
    """Rule 22: it runs over clear observations."""
    assert end_of("uduqqqq").memory.window == end_of("udu").memory.window


def test_rule_17_after_it_time_runs_from_the_first_down() -> None:
    """Unknown cannot confirm it, however long it lasts."""
    told = tell("uqqqq" + "q" * 10 + "dddddd", step=4 * DAY)
    assert told[1:] == [
        "4 became_unavailable unavailable from 1 (unclear)",
        "19 retired retired from 15 (unavailable_too_long)",
    ]


def test_rule_4_new_models_count_too() -> None:
    assert tell("tttt") == [
        "0 appeared new from 0 (timeout)",
        "3 became_unavailable unavailable from 0 (unresponsive)",
    ]


def test_rule_4_its_event_empties_the_clear_streak_of_ups() -> None:
    """Two ups before it would else be enough for one up after it."""
    told = tell("uuttttuu", UP_TWICE)
    assert told[-1] == "7 became_available available from 6 (ok)"


def test_rule_4_its_event_empties_the_clear_streak_of_downs() -> None:
    """The 14 days of rule 17 are counted from the first down after it."""
    told = tell("udttttddddd", step=4 * DAY)
    assert told[1:] == [
        "5 became_unavailable unavailable from 2 (unresponsive)",
        "10 retired retired from 6 (unavailable_too_long)",
    ]
