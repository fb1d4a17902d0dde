"""What a round of probes has said so far: whose trouble it may be, and from how many on (rules.md 6, 8)."""

from collections.abc import Iterable

import pytest

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Cause, Outcome, Reason
from monitor.core.lifecycle.round_stats import ENOUGH, RoundStats, as_models_own, refusal_cause

TWELVE, TWENTY = "abcdefghijkl", "abcdefghijklmnopqrst"

ANSWERS: dict[str, tuple[Outcome, str, int | None]] = {
    "up": (Outcome.AVAILABLE, Reason.OK, 200),
    "limited": (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
    "not found": (Outcome.UNAVAILABLE, Reason.NOT_FOUND, 404),
    "ended": (Outcome.UNAVAILABLE, Reason.END_OF_LIFE, 410),
    "broken": (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 500),
    "key": (Outcome.UNKNOWN, Reason.CREDENTIAL, 401),
    "quota": (Outcome.UNKNOWN, Reason.QUOTA, 402),
    "cut off": (Outcome.UNKNOWN, Reason.CONNECTION_FAILED, None),
    "moved": (Outcome.UNKNOWN, Reason.WRONG_ADDRESS, 301),
    "unclear": (Outcome.UNKNOWN, Reason.BAD_REQUEST, 400),
}


def said(model: str, answer: str) -> Observation:
    outcome, reason, status = ANSWERS[answer]
    return Observation(model, outcome, reason, 0, http_status=status)


def stats_of(
    *answers: tuple[Iterable[str], str],
    total: int = 40,
    regulars: Iterable[str] = (),
    available: Iterable[str] = (),
) -> RoundStats:
    """Make the statistics of a round in which the models of each pair gave that answer."""
    stats = RoundStats(total, frozenset(regulars), frozenset(available))
    for models, answer in answers:
        for model in models:
            stats.add(said(model, answer))
    return stats


@pytest.mark.parametrize(
    ("answer", "cause"),
    [("key", Cause.CREDENTIAL), ("quota", Cause.QUOTA), ("not found", None), ("up", None), ("broken", None)],
)
def test_rule_6_a_refusal_would_be_the_trouble_of_its_reason(answer: str, cause: Cause | None) -> None:
    assert refusal_cause(said("m", answer)) == cause


def test_rule_6_a_refusal_of_one_model_is_a_permission_that_it_lacks() -> None:
    own = as_models_own(said("m", "key"))
    assert (own.outcome, own.reason, own.http_status) == (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, 401)


# What nobody gets past


@pytest.mark.parametrize(("answer", "cause"), [("cut off", Cause.OUR_NETWORK), ("moved", Cause.RULE_CHANGE)])
def test_rule_6_what_the_first_dozen_share_is_everybodys(answer: str, cause: Cause) -> None:
    assert stats_of((TWELVE[:11], answer)).unanimous_trouble() is None
    assert stats_of((TWELVE, answer)).unanimous_trouble() == cause


def test_rule_6_a_dozen_are_twelve() -> None:
    assert ENOUGH == 12


def test_rule_6_where_fewer_are_to_be_asked_all_of_them_speak_for_everybody() -> None:
    assert stats_of(("ab", "cut off"), total=3).unanimous_trouble() is None
    assert stats_of(("abc", "cut off"), total=3).unanimous_trouble() == Cause.OUR_NETWORK


@pytest.mark.parametrize("other", ["up", "broken", "moved", "key"])
def test_rule_6_one_that_got_further_is_nobodys_common_trouble(other: str) -> None:
    assert stats_of((TWELVE, "cut off"), ("z", other)).unanimous_trouble() is None


def test_rule_6_what_a_model_says_replaces_what_it_said_before() -> None:
    stats = stats_of(("a", "broken"), (TWELVE, "cut off"))
    assert stats.unanimous_trouble() == Cause.OUR_NETWORK
    stats.add(said("b", "cut off"))
    assert stats.unanimous_trouble() == Cause.OUR_NETWORK
    stats.add(said("b", "broken"))
    stats.add(said("c", "broken"))
    assert stats.unanimous_trouble() is None


# Nobody to ask: everyone is refused


@pytest.mark.parametrize(("answer", "cause"), [("key", Cause.CREDENTIAL), ("quota", Cause.QUOTA)])
def test_rule_6_a_dozen_refusals_are_the_accounts(answer: str, cause: Cause) -> None:
    assert stats_of((TWELVE[:11], answer)).everyone_refused() is None
    assert stats_of((TWELVE, answer)).everyone_refused() == cause


def test_rule_6_where_all_have_spoken_fewer_refusals_are_enough() -> None:
    assert stats_of(("ab", "key"), ("c", "unclear"), total=4).everyone_refused() is None
    assert stats_of(("abc", "key"), ("d", "unclear"), total=4).everyone_refused() == Cause.CREDENTIAL


def test_rule_6_refusals_are_the_accounts_only_where_they_are_more_than_half() -> None:
    assert stats_of((TWELVE, "key"), ("mnopqrstuvwx", "unclear")).everyone_refused() is None
    assert stats_of((TWELVE, "key"), ("mnopqrstuvw", "unclear")).everyone_refused() == Cause.CREDENTIAL
    assert stats_of(("ab", "key"), ("cd", "unclear"), total=4).everyone_refused() is None


def test_rule_6_of_two_refusals_the_one_that_more_models_get_counts() -> None:
    stats = stats_of((TWELVE[:5], "key"), (TWELVE[5:], "quota"))
    assert stats.everyone_refused() == Cause.QUOTA


@pytest.mark.parametrize("other", ["up", "limited", "not found"])
def test_rule_6_one_that_is_treated_as_a_customer_refutes_every_refusal(other: str) -> None:
    stats = stats_of((TWELVE, "key"), ("z", other))
    assert stats.everyone_refused() is None
    stats.add(said("z", "key"))
    assert stats.everyone_refused() is None


@pytest.mark.parametrize("other", ["ended", "unclear", "cut off"])
def test_rule_6_what_is_said_before_the_key_is_looked_at_refutes_none(other: str) -> None:
    assert stats_of((TWELVE, "key"), ("z", other)).everyone_refused() == Cause.CREDENTIAL


def test_rule_6_a_model_that_is_refused_twice_counts_once() -> None:
    assert stats_of((TWELVE[:11], "key"), ("a", "key")).everyone_refused() is None
    assert stats_of((TWELVE, "key"), ("a", "unclear")).everyone_refused() is None


# The class in which most fail


def test_rule_8_a_dozen_of_those_that_answered_last_time_fail_in_a_class() -> None:
    regulars = [f"m{number}" for number in range(30)]
    assert stats_of((regulars[:11], "broken"), regulars=regulars).common_class() is None
    assert stats_of((regulars[:12], "broken"), regulars=regulars).common_class() == "trouble"


@pytest.mark.parametrize(("count", "least"), [(5, 3), (6, 4), (20, 11)])
def test_rule_8_of_fewer_more_than_half_are_enough(count: int, least: int) -> None:
    regulars = TWENTY[:count]
    assert stats_of((regulars[: least - 1], "broken"), regulars=regulars).common_class() is None
    assert stats_of((regulars[:least], "broken"), regulars=regulars).common_class() == "trouble"


def test_rule_8_fewer_than_five_that_answered_have_no_common_class() -> None:
    assert stats_of(("abcd", "broken"), regulars="abcd").common_class() is None
    assert stats_of(("abcd", "broken"), regulars="abcd").common_class(is_all=True) is None
    assert stats_of(("abcd", "broken"), regulars="abc", available="de").common_class() == "trouble"
    assert stats_of(("abcd", "broken"), regulars="abcde", available="abcde").common_class() == "trouble"


def test_rule_8_where_nobody_else_will_be_asked_whoever_was_asked_is_enough() -> None:
    assert stats_of(("a", "broken"), regulars=TWENTY).common_class() is None
    assert stats_of(("a", "broken"), regulars=TWENTY).common_class(is_all=True) == "trouble"
    assert stats_of(regulars=TWENTY).common_class(is_all=True) is None


def test_rule_8_those_that_fail_are_more_than_half_of_those_that_were_asked() -> None:
    stats = stats_of(("abcdefghijk", "broken"), ("lmnopqrst", "limited"), regulars=TWENTY)
    assert stats.common_class() == "trouble"
    stats = stats_of((TWELVE, "broken"), ("mnopqrstuvwx", "limited"), regulars="abcdefghijklmnopqrstuvwx")
    assert stats.common_class() is None


def test_rule_8_one_answer_of_anybody_refutes_a_common_class() -> None:
    assert stats_of((TWELVE, "broken"), ("z", "up"), regulars=TWELVE).common_class() is None
    assert stats_of((TWELVE, "broken"), ("z", "limited"), regulars=TWELVE).common_class() == "trouble"


def test_rule_8_who_did_not_answer_last_time_is_in_no_common_class() -> None:
    assert stats_of((TWENTY, "broken"), regulars="vwxyz").common_class() is None


def test_rule_8_the_class_is_the_one_of_most() -> None:
    stats = stats_of(("abcd", "not found"), ("efghijkl", "broken"), regulars=TWELVE)
    assert stats.common_class() == "trouble"


def test_rule_8_who_answers_after_all_fails_no_more() -> None:
    stats = stats_of(("abc", "broken"), ("c", "limited"), regulars="abcde")
    assert stats.common_class() is None


def test_rule_8_the_cause_of_a_class_is_judged_by_those_that_fail_in_it() -> None:
    stats = stats_of(("abcde", "cut off"), ("fghijkl", "quota"), regulars=TWELVE)
    assert stats.common_cause("trouble") == Cause.OUR_NETWORK
    assert stats.common_cause("account") == Cause.QUOTA
    assert stats_of((TWELVE, "not found"), regulars=TWELVE).common_cause("account") == Cause.CREDENTIAL
    beside_others = stats_of(("abc", "not found"), ("defghi", "moved"), regulars=TWELVE)
    assert beside_others.common_cause("account") == Cause.CREDENTIAL, "what fails in another class has no say"


# A key that is limited


def test_rule_8_a_key_is_limited_where_all_regulars_of_a_dozen_and_more_are() -> None:
    assert stats_of((TWELVE, "limited"), regulars=TWELVE).limited_key() == Cause.QUOTA
    assert stats_of((TWELVE[:11], "limited"), regulars=TWELVE).limited_key() is None
    assert stats_of((TWELVE, "limited"), regulars=TWENTY).limited_key() is None
    assert stats_of((TWENTY, "limited"), regulars=TWENTY).limited_key() == Cause.QUOTA


def test_rule_8_a_key_that_limits_fewer_than_a_dozen_regulars_is_not_limited() -> None:
    assert stats_of((TWENTY, "limited"), regulars=TWELVE[:11]).limited_key() is None


@pytest.mark.parametrize("other", ["up", "broken"])
def test_rule_8_a_regular_that_is_not_limited_refutes_a_limited_key(other: str) -> None:
    assert stats_of((TWELVE, "limited"), ("m", other), regulars="abcdefghijklm").limited_key() is None


def test_rule_8_one_answer_of_anybody_refutes_a_limited_key() -> None:
    assert stats_of((TWELVE, "limited"), ("z", "up"), regulars=TWELVE).limited_key() is None
    assert stats_of((TWELVE, "limited"), ("z", "up"), regulars=TWELVE).limited_key(is_open=True) is None
    assert stats_of((TWELVE, "limited"), ("z", "broken"), regulars=TWELVE).limited_key() == Cause.QUOTA


def test_rule_8_a_key_that_was_limited_last_time_is_so_after_a_dozen() -> None:
    assert stats_of((TWELVE, "limited"), regulars=TWENTY).limited_key(is_open=True) == Cause.QUOTA
    assert stats_of((TWELVE[:11], "limited"), regulars=TWENTY).limited_key(is_open=True) is None
    assert stats_of((TWELVE, "limited")).limited_key(is_open=True) == Cause.QUOTA
    assert stats_of((TWELVE, "limited"), ("m", "broken")).limited_key(is_open=True) is None
    assert stats_of((TWELVE, "limited")).limited_key() is None


def test_rule_8_who_is_no_regular_is_not_asked_whether_the_key_is_limited() -> None:
    stats = stats_of((TWELVE[:11], "limited"), ("yz", "limited"), regulars=TWENTY)
    assert stats.limited_key(is_open=True) is None


# A mass failure as it stands


@pytest.mark.parametrize(("failing", "is_massive"), [("ab", False), ("abc", True), ("abcd", True)])
def test_rule_8_a_failure_is_massive_from_more_than_half_of_the_regulars_asked(
    failing: str, *, is_massive: bool
) -> None:
    stats = stats_of(("abcd", "up"), (failing, "broken"), regulars="abcde")
    assert stats.is_massive() is is_massive


def test_rule_8_a_failure_is_massive_in_one_class_alone() -> None:
    assert not stats_of(("abc", "broken"), ("def", "not found"), regulars="abcdef").is_massive()
    assert stats_of(("abcd", "broken"), ("ef", "not found"), regulars="abcdef").is_massive()


def test_rule_8_no_failure_of_fewer_than_five_regulars_is_massive() -> None:
    assert not stats_of(("abcd", "broken"), regulars="abcd").is_massive()
    assert stats_of(("abcde", "broken"), regulars="abcde").is_massive()
    assert not stats_of(("fghij", "broken"), regulars="abcde", available="fghij").is_massive()
    assert not stats_of(regulars="abcde").is_massive()
