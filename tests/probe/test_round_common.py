"""All that answered last time fail alike: when the round stops, and what is still asked (rules.md 8)."""

from dataclasses import replace

import pytest

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.vocabulary import Cause, Kind, Reason
from monitor.core.lifecycle.round_stats import ENOUGH
from monitor.core.request.forms import Route
from monitor.probe.round_settings import RoundSettings
from monitor.probe.run_guard import CANARIES_PER_SUSPICION
from tests.probe.rounds import (
    ONE_BY_ONE,
    SIDE_BY_SIDE,
    Provider,
    Question,
    everyone,
    in_turn,
    names,
    reasons,
    searching,
    with_limit,
)
from tests.probe.sayings import (
    BROKEN,
    CLOSED,
    ENDED,
    NO_SUCH_MODEL,
    NO_WORKER,
    NOT_HERE,
    NOT_OF_ACCOUNT,
    OK,
    PAGE,
    TIMEOUT,
    UNEXPLAINED,
)

MODELS = names(40)
CANARIES = MODELS[:3]
COMMON = {
    "time-outs": (TIMEOUT, Cause.PROVIDER_OUTAGE),
    "500": (BROKEN, Cause.PROVIDER_OUTAGE),
    "504": (NO_WORKER, Cause.PROVIDER_OUTAGE),
    "closed connections": (CLOSED, Cause.PROVIDER_OUTAGE),
    "pages": (PAGE, Cause.PROVIDER_OUTAGE),
    "404 of the account": (NOT_OF_ACCOUNT, Cause.CREDENTIAL),
    "410": (ENDED, Cause.RULE_CHANGE),
    "unexplained 400s": (UNEXPLAINED, Cause.RULE_CHANGE),
}
COMMON_IDS = list(COMMON)


def canaries_apart(canary: Exchange, saying: Exchange) -> Provider:
    """Return a provider of which the canaries answer something else the second time."""
    return Provider(
        lambda question: canary if question.model in CANARIES and question.nth > 0 else saying, takes_s=1.0
    )


@pytest.mark.parametrize(("saying", "cause"), COMMON.values(), ids=COMMON_IDS)
@pytest.mark.parametrize("settings", [ONE_BY_ONE, SIDE_BY_SIDE], ids=["one by one", "side by side"])
def test_if_all_that_answered_fail_alike_the_round_stops_after_about_a_dozen(
    saying: Exchange, cause: Cause, settings: RoundSettings
) -> None:
    provider = Provider(everyone(saying), takes_s=1.0)
    result = provider.go_round(MODELS, canaries=CANARIES, regulars=MODELS, settings=settings)
    assert result.trouble == cause
    most = ENOUGH + 2 * settings.concurrency + CANARIES_PER_SUSPICION
    assert ENOUGH + CANARIES_PER_SUSPICION <= len(provider.asked) <= most
    assert set(provider.models_asked[-CANARIES_PER_SUSPICION:]) >= {CANARIES[-1]}


@pytest.mark.parametrize(("saying", "patience_s"), [(TIMEOUT, 90.0), (BROKEN, 90.0), (NOT_OF_ACCOUNT, 20.0)])
def test_the_canaries_are_asked_again_patiently_if_it_may_pass(saying: Exchange, patience_s: float) -> None:
    provider = Provider(everyone(saying))
    provider.go_round(MODELS, canaries=CANARIES, regulars=MODELS)
    again = [question for question in provider.asked if question.nth > 0]
    assert [question.model for question in again] == CANARIES
    assert {question.timeout_s for question in again} == {patience_s}


def test_what_the_canaries_say_on_suspicion_is_their_second_look() -> None:
    """Where it may pass; the outcome is the last one's, and nobody asks them a third time."""
    provider = canaries_apart(OK, TIMEOUT)
    result = provider.go_round(MODELS, canaries=CANARIES, regulars=MODELS)
    assert [len(provider.of(model)) for model in CANARIES] == [2, 2, 2]
    assert [(seen.reason, seen.attempts) for seen in result.observations[:3]] == [(Reason.OK, 2)] * 3
    assert result.trouble is None


@pytest.mark.parametrize("saying", [NOT_OF_ACCOUNT, ENDED, NO_SUCH_MODEL])
def test_an_answer_on_suspicion_refutes_it_once_and_for_all(saying: Exchange) -> None:
    provider = canaries_apart(OK, saying)
    result = provider.go_round(MODELS, canaries=CANARIES, regulars=MODELS)
    assert result.trouble is None
    assert [len(provider.of(model)) for model in CANARIES] == [2, 2, 2]
    assert set(provider.models_asked) == set(MODELS)


@pytest.mark.parametrize(
    ("first", "again", "cause"),
    [(TIMEOUT, NOT_OF_ACCOUNT, Cause.CREDENTIAL), (NOT_OF_ACCOUNT, TIMEOUT, Cause.CREDENTIAL)],
)
def test_canaries_that_now_fail_otherwise_are_no_answer_either(
    first: Exchange, again: Exchange, cause: Cause
) -> None:
    provider = Provider(in_turn(first, again))
    result = provider.go_round(MODELS[:5], canaries=CANARIES, regulars=MODELS[:5])
    assert result.trouble == cause


def test_an_answer_that_comes_while_the_canaries_are_asked_refutes_the_suspicion() -> None:
    provider = Provider(
        lambda question: OK if question.model == "m05" else NOT_OF_ACCOUNT,
        takes_s=lambda question: 4.0 if question.model == "m05" or question.nth else 1.0,
    )
    result = provider.go_round(MODELS[:8], canaries=CANARIES, regulars=MODELS[:8], settings=SIDE_BY_SIDE)
    assert [len(provider.of(model)) for model in CANARIES] == [2, 2, 2]
    assert (result.trouble, reasons(result)["m05"]) == (None, Reason.OK)


def test_a_common_failure_is_not_looked_into_where_it_is_to_be_believed() -> None:
    """Rule 11: `monitor accept`."""
    provider = Provider(everyone(NOT_OF_ACCOUNT))
    settings = replace(ONE_BY_ONE, is_accepted=True)
    result = provider.go_round(MODELS, canaries=CANARIES, regulars=MODELS, settings=settings)
    assert (result.trouble, provider.models_asked) == (None, MODELS)


def test_where_the_budget_ends_and_nobody_answered_it_is_the_runs_trouble() -> None:
    """Nobody can be asked again, but while nothing at all answers nothing is believed (rules.md 11)."""
    provider = Provider(everyone(NOT_OF_ACCOUNT))
    settings = with_limit(ENOUGH, ONE_BY_ONE)
    result = provider.go_round(MODELS, canaries=CANARIES, regulars=MODELS, settings=settings)
    assert (result.trouble, provider.models_asked) == (Cause.CREDENTIAL, MODELS[:ENOUGH])


@pytest.mark.parametrize("who", ["m00", "m07", "m39"])
@pytest.mark.parametrize("saying", [BROKEN, NOT_OF_ACCOUNT])
def test_one_answer_of_anybody_keeps_the_round_going(who: str, saying: Exchange) -> None:
    provider = Provider(lambda question: OK if question.model == who else saying)
    order = [who, *(name for name in MODELS if name != who)]
    result = provider.go_round(order, canaries=CANARIES, regulars=MODELS)
    assert result.trouble is None
    assert set(provider.models_asked) == set(MODELS)


@pytest.mark.parametrize(("count", "is_stopped"), [(4, False), (5, True), (12, True)])
def test_fewer_than_five_that_answered_speak_for_nobody(count: int, is_stopped: bool) -> None:
    provider = Provider(everyone(BROKEN))
    regulars = MODELS[:count]
    result = provider.go_round(MODELS, canaries=CANARIES, regulars=regulars)
    assert (result.trouble == Cause.PROVIDER_OUTAGE) is is_stopped


def test_regulars_that_are_no_longer_listed_do_not_count() -> None:
    provider = Provider(everyone(BROKEN))
    result = provider.go_round(names(4), canaries=CANARIES, regulars=MODELS)
    assert result.trouble is None


def test_new_models_that_fail_say_nothing_of_the_run() -> None:
    provider = Provider(everyone(NOT_OF_ACCOUNT))
    result = provider.go_round(MODELS)
    assert (result.trouble, provider.models_asked) == (None, MODELS)


def test_without_a_stop_the_trouble_says_nothing_of_the_models_left() -> None:
    provider = Provider(everyone(NOT_OF_ACCOUNT))
    result = provider.go_round(MODELS, canaries=CANARIES, regulars=MODELS)
    left = list(reasons(result).values())[ENOUGH:]
    assert left == [Reason.NOT_PROBED] * (len(MODELS) - ENOUGH)


# ---- A mass failure beside answers -----------------------------------------------------


@pytest.mark.parametrize("saying", [TIMEOUT, BROKEN, CLOSED])
def test_of_a_mass_failure_a_few_second_looks_speak_for_all(saying: Exchange) -> None:
    provider = Provider(lambda question: OK if question.model > "m24" else saying)
    result = provider.go_round(MODELS, canaries=MODELS[-3:], regulars=MODELS)
    assert len(provider.asked) == len(MODELS) + CANARIES_PER_SUSPICION
    assert (result.trouble, result.requests) == (None, len(provider.asked))


def test_if_one_of_the_few_answers_all_get_their_second_look() -> None:
    def soon_over(question: Question) -> Exchange:
        return OK if question.model > "m24" or question.nth else BROKEN

    provider = Provider(soon_over)
    result = provider.go_round(MODELS, canaries=MODELS[-3:], regulars=MODELS)
    assert set(reasons(result).values()) == {Reason.OK}
    assert len(provider.asked) == len(MODELS) + 25


def test_a_minority_that_fails_gets_all_its_second_looks() -> None:
    provider = Provider(lambda question: OK if question.model > "m18" else TIMEOUT)
    provider.go_round(MODELS, canaries=MODELS[-3:], regulars=MODELS)
    assert len(provider.asked) == len(MODELS) + 19


# ---- Searches that find nothing --------------------------------------------------------


@pytest.mark.parametrize("settings", [ONE_BY_ONE, SIDE_BY_SIDE], ids=["one by one", "side by side"])
def test_a_dozen_fruitless_searches_where_nobody_answers_end_the_searching(settings: RoundSettings) -> None:
    provider = Provider(everyone(NOT_HERE), takes_s=1.0)
    result = provider.go_round(searching(MODELS), settings=settings)
    searched = {question.model for question in provider.asked if question.route is not Route.CHAT}
    assert len(searched) == ENOUGH
    assert set(reasons(result).values()) == {Reason.NO_ENDPOINT}
    assert {seen.http_status for seen in result.observations} == {404}


def test_searches_go_on_where_somebody_answers() -> None:
    provider = Provider(lambda question: OK if question.model == "m00" else NOT_HERE)
    provider.go_round(searching(MODELS))
    searched = {question.model for question in provider.asked if question.route is not Route.CHAT}
    assert searched == set(MODELS[1:])


def test_a_search_that_was_not_made_teaches_nothing() -> None:
    probes = searching(MODELS)
    Provider(everyone(NOT_HERE)).go_round(probes)
    searched = [probe.is_searched for probe in probes]
    assert (searched[:ENOUGH], set(searched[ENOUGH:])) == ([True] * ENOUGH, {False})


def test_a_provider_whose_addresses_all_moved_is_a_change_of_rules() -> None:
    """All that answered are now plainly not on their endpoint, and nowhere else either."""
    provider = Provider(everyone(NOT_HERE))
    probes = searching(MODELS, kind=Kind.CHAT)
    result = provider.go_round(probes, canaries=CANARIES, regulars=MODELS)
    assert result.trouble == Cause.RULE_CHANGE
