"""Whose trouble is a refusal? A model that is known to answer is asked at once (rules.md 6)."""

import pytest

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.vocabulary import Cause, Outcome, Reason
from monitor.core.request.forms import Route
from monitor.probe.round_settings import RoundSettings
from tests.probe.rounds import (
    ONE_BY_ONE,
    Provider,
    Question,
    everyone,
    in_turn,
    names,
    only,
    reasons,
    searching,
    with_limit,
)
from tests.probe.sayings import (
    BROKEN,
    BUSY,
    ENDED,
    NO_CONNECTION,
    NO_MONEY,
    NOT_HERE,
    OK,
    REFUSED,
    TIMEOUT,
    WRONG_ADDRESS,
)

REFUSALS = [
    (REFUSED, Reason.CREDENTIAL, Cause.CREDENTIAL),
    (NO_MONEY, Reason.QUOTA, Cause.QUOTA),
]


@pytest.mark.parametrize(("saying", "reason", "cause"), REFUSALS)
def test_a_refusal_while_a_canary_answers_is_the_models_own(
    saying: Exchange, reason: Reason, cause: Cause
) -> None:
    """Rule 6."""
    provider = Provider(only("m01", saying))
    result = provider.go_round(names(4), canaries=["m03"])
    assert provider.models_asked == ["m03", "m00", "m01", "m00", "m02"], (reason, cause)
    seen = result.observations[1]
    assert (seen.outcome, seen.reason) == (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT)
    assert result.trouble is None


@pytest.mark.parametrize(("saying", "reason", "cause"), REFUSALS)
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_refusal_of_the_canary_too_stops_the_round_at_once(
    saying: Exchange, reason: Reason, cause: Cause, concurrency: int
) -> None:
    """Rule 6."""
    provider = Provider(everyone(saying), takes_s=1.0)
    settings = RoundSettings(concurrency=concurrency)
    result = provider.go_round(names(60), canaries=["m10", "m20"], settings=settings)
    assert result.trouble == cause
    assert len(provider.asked) <= 2 * concurrency
    assert set(reasons(result).values()) <= {reason, Reason.NOT_PROBED}


@pytest.mark.parametrize("canaries", [[], ["m00"]])
def test_a_key_revoked_in_mid_sweep_stops_the_round(canaries: list[str]) -> None:
    """Who answered in this very round is a canary as good as one of the last."""
    provider = Provider(lambda question: OK if question.number < 20 else REFUSED)
    result = provider.go_round(names(60), canaries=canaries)
    assert (result.trouble, len(provider.asked)) == (Cause.CREDENTIAL, 22)
    found = list(reasons(result).values())
    assert (found.count(Reason.OK), found.count(Reason.NOT_FOR_ACCOUNT)) == (20, 0)


def test_a_single_canary_cannot_speak_for_itself() -> None:
    result = Provider(only("m00", REFUSED)).go_round(names(3), canaries=["m00"])
    assert (reasons(result)["m00"], result.trouble) == (Reason.NOT_FOR_ACCOUNT, None)


def test_a_canary_that_is_unclear_leaves_it_to_the_next() -> None:
    provider = Provider(only("m00", TIMEOUT, others=REFUSED))
    assert provider.go_round(names(9), canaries=["m02", "m00"]).trouble == Cause.CREDENTIAL


def test_a_later_answer_of_a_canary_replaces_nothing() -> None:
    provider = Provider(
        lambda question: REFUSED if question.model == "m01" else in_turn(OK, BUSY)(question),
    )
    result = provider.go_round(["m00", "m01"], canaries=["m00"])
    assert reasons(result) == {"m00": Reason.OK, "m01": Reason.NOT_FOR_ACCOUNT}
    assert result.requests == 3


def test_a_canary_asked_on_suspicion_before_its_turn_is_not_asked_for_itself_again() -> None:
    provider = Provider(only("m00", REFUSED))
    provider.go_round(names(3), canaries=["m00", "m01"])
    assert provider.models_asked == ["m00", "m01", "m02"]


def test_a_canary_still_under_way_when_it_is_suspected_is_told_once() -> None:
    """Its own first answer comes after the one it gave on suspicion."""

    def length_s(question: Question) -> float:
        return 10.0 if (question.model, question.nth) == ("m00", 0) else 1.0

    provider = Provider(only("m01", REFUSED), takes_s=length_s)
    result = provider.go_round(names(4), canaries=["m00"], settings=RoundSettings(concurrency=2))
    assert reasons(result)["m00"] == Reason.OK


def test_a_refusal_that_nobody_can_be_asked_about_any_more_stays_open() -> None:
    """The budget has no request left for the canary."""
    provider = Provider(only("m01", REFUSED))
    result = provider.go_round(names(4), canaries=["m03"], settings=with_limit(3, ONE_BY_ONE))
    assert (result.trouble, provider.models_asked) == (None, ["m03", "m00", "m01"])
    seen = result.observations[1]
    assert (seen.outcome, seen.reason) == (Outcome.UNKNOWN, Reason.CREDENTIAL)


@pytest.mark.parametrize("count", [1, 2, 11, 12, 50])
def test_where_none_ever_answered_a_refusal_of_everyone_stops_the_round(count: int) -> None:
    """Rule 6."""
    provider = Provider(everyone(REFUSED))
    result = provider.go_round(names(count))
    assert (result.trouble, len(provider.asked)) == (Cause.CREDENTIAL, min(count, 12))
    assert set(reasons(result).values()) <= {Reason.CREDENTIAL, Reason.NOT_PROBED}


def test_what_a_gateway_says_before_it_sees_the_key_refutes_nothing() -> None:
    """Unmapped and expired ids are answered without a look at the key."""
    blind = {"m00": NOT_HERE, "m01": ENDED, "m02": TIMEOUT}
    provider = Provider(lambda question: blind.get(question.model, REFUSED))
    assert provider.go_round(names(30)).trouble == Cause.CREDENTIAL


def test_where_someone_is_served_the_refusals_held_back_are_the_models_own() -> None:
    result = Provider(only("m04", OK, others=REFUSED)).go_round(names(30))
    assert (result.trouble, reasons(result)["m04"]) == (None, Reason.OK)
    assert list(reasons(result).values()).count(Reason.NOT_FOR_ACCOUNT) == 29


def test_an_unavailable_model_proves_that_the_account_is_known() -> None:
    result = Provider(only("m00", BROKEN, others=NO_MONEY)).go_round(names(3))
    assert (result.trouble, reasons(result)["m02"]) == (None, Reason.NOT_FOR_ACCOUNT)


def test_a_refusal_met_in_a_search_is_looked_into_as_well() -> None:
    def refused_elsewhere(question: Question) -> Exchange:
        is_elsewhere = question.model == "m01" and question.route is not Route.CHAT
        return REFUSED if is_elsewhere else only("m01", NOT_HERE)(question)

    provider = Provider(refused_elsewhere)
    result = provider.go_round(searching(names(3)), canaries=["m00"])
    assert (reasons(result)["m01"], result.trouble) == (Reason.NOT_FOR_ACCOUNT, None)
    assert provider.models_asked[-1] in {"m00", "m02"}


def test_a_refusal_met_in_a_second_look_stops_the_round_if_the_canary_gets_it_too() -> None:
    provider = Provider(in_turn(OK, REFUSED))
    provider.script = lambda question: (
        in_turn(TIMEOUT, REFUSED)(question) if question.model == "m02" else in_turn(OK, REFUSED)(question)
    )
    result = provider.go_round(names(3), canaries=["m00"])
    assert (result.trouble, len(provider.asked)) == (Cause.CREDENTIAL, 5)


@pytest.mark.parametrize(
    ("saying", "cause"), [(NO_CONNECTION, Cause.OUR_NETWORK), (WRONG_ADDRESS, Cause.RULE_CHANGE)]
)
@pytest.mark.parametrize(("count", "asked"), [(3, 3), (12, 12), (40, 12)])
def test_if_nobody_can_be_reached_the_round_stops(
    saying: Exchange, cause: Cause, count: int, asked: int
) -> None:
    provider = Provider(everyone(saying))
    assert (provider.go_round(names(count), canaries=["m01"]).trouble, len(provider.asked)) == (cause, asked)


def test_a_network_that_fails_later_stops_nothing() -> None:
    provider = Provider(lambda question: OK if question.number == 0 else NO_CONNECTION)
    result = provider.go_round(names(30))
    assert result.trouble is None
    assert set(provider.models_asked) == set(names(30))
