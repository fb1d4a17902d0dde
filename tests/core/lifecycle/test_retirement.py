"""How a model leaves and comes back, rule by rule: the letters are explained in histories.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Kind, Status
from tests.core.cases import UP_TWICE, Case, assert_after_birth, case, table
from tests.core.histories import (
    answer,
    end_of,
    live,
    story,
    sweep,
    tell,
)

DAY = timedelta(days=1)


DOWN = "2 became_unavailable unavailable from 1 (not_found)"


@table(
    case("u-"),
    case("u-u-u"),
    case("u--", "2* retired retired from 1* (delisted)"),
    case("u----", "2* retired retired from 1* (delisted)"),
    case("u-", "1* retired retired from 1* (delisted)", policy=Policy(confirm_unlisted=1)),
    case("u---", "3* retired retired from 1* (delisted)", policy=Policy(confirm_unlisted=3)),
    case("u-X-", "3* retired retired from 1* (delisted)"),
    case("u-Z-", "3* retired retired from 1* (delisted)"),
    case("u-ZZZZ"),
    case("ud-d", "3 became_unavailable unavailable from 1 (not_found)"),
    case("udd--", DOWN, "4* retired retired from 3* (delisted)"),
)
def test_rule_18_enough_conclusive_catalogs_without_a_model_retire_it(case: Case) -> None:
    assert_after_birth(case)


def test_rule_18_listed_is_what_the_last_conclusive_read_said_unconfirmed() -> None:
    assert [end_of(letters).listed for letters in ("u", "u-", "u-u", "uO", "u-X", "u--", "u--u")] == [
        True, False, True, True, False, False, True,
    ]  # fmt: skip


def test_rule_18_one_absent_read_touches_nothing() -> None:
    before, after = end_of("udut"), end_of("udut-")
    assert before.memory.absent is None
    unlisted = replace(before, listed=False, memory=replace(before.memory, absent=after.memory.absent))
    assert after == unlisted


@pytest.mark.parametrize("letters", ["uudut--", "ueut--", "uddt--", "uudutOOO", "qt--"])
def test_rule_18_a_confirmed_absence_empties_streaks_and_the_window(letters: str) -> None:
    memory = end_of(letters, UP_TWICE).memory
    assert (memory.ups, memory.downs, memory.timeouts, memory.window) == (None, None, None, ())


def test_rule_18_a_confirmed_absence_empties_the_streaks_of_a_retired_model_too() -> None:
    """One up before and one after are not two in a row."""
    assert end_of("ueu--u", UP_TWICE).status == Status.RETIRED
    assert end_of("ueu-u", UP_TWICE).status == Status.AVAILABLE


@table(
    case("uee", "1 retired retired from 1 (end_of_life)"),
    case("ued", "1 retired retired from 1 (end_of_life)"),
    case("ue--", "1 retired retired from 1 (end_of_life)"),
    case("ueOOO", "1 retired retired from 1 (end_of_life)"),
    case("u--e", "2* retired retired from 1* (delisted)"),
    case("u--e--", "2* retired retired from 1* (delisted)"),
)
def test_rule_19_a_retired_model_keeps_its_first_cause(case: Case) -> None:
    assert_after_birth(case)


GONE = "2* retired retired from 1* (delisted)"


@table(
    case("u--u", GONE, "3 reappeared available from 3 (ok)", policy=UP_TWICE),
    case("u--d", GONE, "3 reappeared unavailable from 3 (not_found)"),
    case("u--l", GONE, "3 reappeared new from 3 (too_many_requests)"),
    case("u--q", GONE, "3 reappeared new from 3 (bad_request)"),
    case("u--t", GONE, "3 reappeared new from 3 (timeout)"),
    case("u--n", GONE, "3 reappeared new from 3 (not_probed)"),
    case("u--.", GONE, "3* reappeared new from 3* (not_probed)"),
    case("u--e", GONE),
    case("u--eeu", GONE, "5 reappeared available from 5 (ok)"),
    case("u--e.", GONE, "4* reappeared new from 4* (not_probed)"),
    case("u--X", GONE),
    case("uOOOu", "3* retired retired from 1* (delisted)", "4 reappeared available from 4 (ok)"),
    case("u--qu", GONE, "3 reappeared new from 3 (bad_request)", "4 became_available available from 4 (ok)"),
    case("u--u--", GONE, "3 reappeared available from 3 (ok)", "5* retired retired from 4* (delisted)"),
)
def test_rule_20_a_delisted_model_reappears_when_it_is_listed_again(case: Case) -> None:
    assert_after_birth(case)


@table(
    case("ud--ud", GONE.replace("2*", "3*").replace("1*", "2*"), "4 reappeared available from 4 (ok)"),
    case(
        "u--tttt",
        GONE,
        "3 reappeared new from 3 (timeout)",
        "6 became_unavailable unavailable from 3 (unresponsive)",
    ),
    case(
        "u--edu",
        GONE,
        "4 reappeared unavailable from 4 (not_found)",
        "5 became_available available from 5 (ok)",
    ),
)
def test_rule_20_the_streaks_of_a_delisted_model_start_afresh(case: Case) -> None:
    assert_after_birth(case)


def test_rule_20_an_end_of_life_answer_after_a_delisting_begins_no_streak() -> None:
    """The 14 days are counted from the observation that made it reappear, not from the answers before it."""
    told = tell("u--" + "e" * 10 + "d" * 10, step=DAY)
    assert told[-1] == "13 reappeared unavailable from 13 (not_found)"


END = "1 retired retired from 1 (end_of_life)"


@table(
    case("ueu", END, "2 reappeared available from 2 (ok)"),
    case("ueu", END, policy=UP_TWICE),
    case("ueuu", END, "3 reappeared available from 2 (ok)", policy=UP_TWICE),
    case("ueuduu", END, "5 reappeared available from 4 (ok)", policy=UP_TWICE),
    case("ueueuu", END, "5 reappeared available from 4 (ok)", policy=UP_TWICE),
    case("uel", END),
    case("uell", END, policy=Policy(confirm_up=1)),
    *(
        case(f"ueu{unclear}u", END, "4 reappeared available from 2 (ok)", policy=UP_TWICE)
        for unclear in "lqtn."
    ),
    case("ued.qtn", END),
    case("ue--.", END),
    case("ue--d", END),
    case("ue--u", END, "4 reappeared available from 4 (ok)"),
)
def test_rule_20_other_retirements_end_after_confirm_up_available_in_a_row(case: Case) -> None:
    assert_after_birth(case)


def test_rule_20_a_model_unavailable_too_long_comes_back_by_answering() -> None:
    told = tell("ud" + "." * 15 + "duu", UP_TWICE, step=DAY)
    assert told[-2:] == [
        "17 retired retired from 1 (unavailable_too_long)",
        "19 reappeared available from 18 (ok)",
    ]


def test_rule_20_kind_is_kept_through_a_retirement() -> None:
    letters = story("u--.")
    born = sweep(answer("u", "anchor"), answer("u", kind=Kind.CHAT))
    assert live([born, *letters[1:]])[-1].state.models["m"].kind == Kind.CHAT


def test_rule_18_a_model_that_is_gone_is_not_counted_as_absent_any_more() -> None:
    states = [decision.state for decision in live(story("u------"))]
    assert "m" in states[1].absent
    assert "m" not in states[-1].absent
    assert states[-1].models["m"].memory.is_gone
