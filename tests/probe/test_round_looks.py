"""Where a model is looked for, how a request is adapted, and who gets a second look (rules.md 5, 7)."""

from collections import Counter
from dataclasses import replace

import pytest

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import RequestChange, RequestForm, Route
from monitor.probe.model_probe import ModelProbe
from monitor.probe.round_settings import RoundSettings
from tests.probe.rounds import (
    ONE_BY_ONE,
    SIDE_BY_SIDE,
    STARTED,
    Provider,
    Question,
    everyone,
    in_turn,
    names,
    only,
    reasons,
    searching,
    served_on,
)
from tests.probe.sayings import (
    BROKEN,
    BUSY,
    CLOSED,
    DEGRADED,
    ENDED,
    NEEDS_SOMETHING,
    NEEDS_SYSTEM,
    NO_LIMIT,
    NO_SUCH_MODEL,
    NO_WORKER,
    NOT_HERE,
    NOT_OF_ACCOUNT,
    OK,
    OK_OF,
    PAGE,
    SATURATED,
    SWITCHED_OFF,
    TIMEOUT,
    UNEXPLAINED,
    resting,
)

ROUTES = ProviderTraits().routes
UNCLEAR = {
    "a time-out": TIMEOUT,
    "a closed connection": CLOSED,
    "500": BROKEN,
    "504": NO_WORKER,
    "degraded": DEGRADED,
    "a page": PAGE,
    "an unexplained 400": UNEXPLAINED,
}
CLEAR = {
    "an answer": OK,
    "no such model": NO_SUCH_MODEL,
    "404 of the account": NOT_OF_ACCOUNT,
    "the end of life": ENDED,
    "too many requests": BUSY,
    "saturated": SATURATED,
    "switched off": SWITCHED_OFF,
    "a long rest": resting(3000),
    "a wish nobody knows": NEEDS_SOMETHING,
}


def learned_after(provider: Provider, *, kind: Kind = Kind.UNKNOWN) -> list[ModelProbe]:
    """Make a round with one model, and return the probes of the next sweep."""
    probes = searching(["m00"], kind=kind)
    result = provider.go_round(probes)
    knowledge = probes[0].learned(ProviderTraits(), STARTED)
    return searching(["m00"], kind=result.observations[0].kind, knowledge=knowledge)


# ---- Searching -------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
def test_who_is_not_on_an_endpoint_is_looked_for_once_on_each_of_the_others(route: Route) -> None:
    provider = Provider(served_on(route))
    result = provider.go_round(searching(["m00"]))
    assert [question.route for question in provider.asked] == list(ROUTES[: ROUTES.index(route) + 1])
    seen = result.observations[0]
    assert (seen.outcome, seen.kind, seen.attempts) == (
        Outcome.AVAILABLE,
        RequestForm(route).kind,
        1 + ROUTES.index(route),
    )


@pytest.mark.parametrize("route", ROUTES)
def test_the_next_sweep_asks_straight_where_the_model_was_found(route: Route) -> None:
    again = learned_after(Provider(served_on(route)))
    provider = Provider(served_on(route))
    result = provider.go_round(again)
    assert [question.route for question in provider.asked] == [route]
    assert result.observations[0].reason == Reason.OK


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"),
    [
        (Kind.UNKNOWN, Outcome.UNKNOWN, Reason.NO_ENDPOINT),
        (Kind.CHAT, Outcome.UNAVAILABLE, Reason.NOT_FOUND),
    ],
)
def test_who_is_on_no_endpoint_is_unknown_or_gone_by_its_kind(
    kind: Kind, outcome: Outcome, reason: Reason
) -> None:
    """Rule 5."""
    provider = Provider(everyone(NOT_HERE))
    seen = provider.go_round(searching(["m00"], kind=kind)).observations[0]
    assert sorted(question.route for question in provider.asked) == sorted(ROUTES)
    assert (seen.outcome, seen.reason, seen.kind, seen.attempts) == (outcome, reason, kind, len(ROUTES))


def test_a_day_after_a_fruitless_search_is_asked_on_one_route_a_sweep() -> None:
    again = learned_after(Provider(everyone(NOT_HERE)))
    provider = Provider(everyone(NOT_HERE))
    provider.go_round(again)
    assert len(provider.asked) == 1


def test_a_model_that_is_known_where_it_was_asked_is_not_looked_for() -> None:
    for saying in (NO_SUCH_MODEL, NOT_OF_ACCOUNT, ENDED, BUSY, BROKEN):
        provider = Provider(everyone(saying))
        provider.go_round(searching(["m00"]))
        assert {question.route for question in provider.asked} == {Route.CHAT}


def test_the_search_begins_when_everybody_was_asked_once() -> None:
    provider = Provider(served_on(Route.EMBEDDINGS))
    provider.go_round(searching(names(3)))
    assert provider.models_asked == ["m00", "m01", "m02", "m00", "m01", "m02"]


# ---- Adapting --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "change"),
    [(NEEDS_SYSTEM, RequestChange.SYSTEM), (NO_LIMIT, RequestChange.MAX_COMPLETION_TOKENS)],
)
def test_a_request_is_adapted_once_and_the_form_remembered(refusal: Exchange, change: RequestChange) -> None:
    def picky(question: Question) -> Exchange:
        return OK if change in question.form.changes else refusal

    first = Provider(picky)
    again = learned_after(first)
    assert [question.form for question in first.asked] == [
        RequestForm(Route.CHAT),
        RequestForm(Route.CHAT, (change,)),
    ]
    second = Provider(picky)
    assert reasons(second.go_round(again)) == {"m00": Reason.OK}
    assert [question.form for question in second.asked] == [RequestForm(Route.CHAT, (change,))]


def test_a_second_wish_on_the_same_endpoint_is_not_granted() -> None:
    provider = Provider(in_turn(NEEDS_SYSTEM, NO_LIMIT))
    result = provider.go_round(searching(["m00"]))
    assert (len(provider.asked), reasons(result)) == (2, {"m00": Reason.NEEDS_OTHER_REQUEST})
    assert result.observations[0].outcome == Outcome.UNKNOWN


def test_a_request_is_adapted_on_the_endpoint_where_the_model_is() -> None:
    def elsewhere(question: Question) -> Exchange:
        if question.route is not Route.COMPLETIONS:
            return NOT_HERE
        is_adapted = RequestChange.MAX_COMPLETION_TOKENS in question.form.changes
        return OK_OF[Route.COMPLETIONS] if is_adapted else NO_LIMIT

    provider = Provider(elsewhere)
    assert reasons(provider.go_round(searching(["m00"]))) == {"m00": Reason.OK}
    assert Counter(question.route for question in provider.asked) == {
        Route.CHAT: 1,
        Route.EMBEDDINGS: 1,
        Route.COMPLETIONS: 2,
    }


# ---- Second looks ----------------------------------------------------------------------


@pytest.mark.parametrize("first", UNCLEAR.values(), ids=UNCLEAR)
@pytest.mark.parametrize("last", [*UNCLEAR.values(), OK, BUSY, NO_SUCH_MODEL, NOT_HERE])
def test_who_is_unclear_gets_one_second_look_and_its_outcome_counts(first: Exchange, last: Exchange) -> None:
    alone = Provider(everyone(last)).go_round(["x"]).observations[0]
    provider = Provider(lambda question: OK if question.model != "m01" else in_turn(first, last)(question))
    result = provider.go_round(names(4))
    assert provider.models_asked == ["m00", "m01", "m02", "m03", "m01"]
    seen = result.observations[1]
    assert (seen.outcome, seen.reason, seen.attempts) == (alone.outcome, alone.reason, 2)


@pytest.mark.parametrize("saying", CLEAR.values(), ids=CLEAR)
def test_who_is_clear_is_not_asked_twice(saying: Exchange) -> None:
    provider = Provider(only("m01", saying))
    result = provider.go_round(names(30))
    assert len(provider.of("m01")) == 1
    assert result.observations[1].attempts == 1


def test_the_second_look_has_more_patience_and_the_same_form() -> None:
    provider = Provider(everyone(TIMEOUT))
    provider.go_round(["m00"], settings=replace(ONE_BY_ONE, timeout_s=5.0, slow_timeout_s=60.0))
    assert [(question.timeout_s, question.form) for question in provider.asked] == [
        (5.0, RequestForm(Route.CHAT)),
        (60.0, RequestForm(Route.CHAT)),
    ]


def test_the_second_look_asks_where_the_search_ended() -> None:
    """Who is unclear elsewhere, but surely not on chat, is not asked for chat again."""
    provider = Provider(served_on(Route.CHAT, elsewhere=TIMEOUT))
    probes = searching(["m00"], kind=Kind.EMBEDDINGS)
    provider.go_round(probes)
    assert [question.route for question in provider.asked] == [Route.EMBEDDINGS] * 2


def test_a_short_rest_that_is_over_by_then_does_not_spare_the_second_look() -> None:
    provider = Provider(only("m00", resting(5)), takes_s=1.0)
    provider.go_round(names(10))
    assert [question.at_s for question in provider.of("m00")] == [0.0, 10.0]


@pytest.mark.parametrize(
    ("deadline_s", "timeouts"),
    [(150.0, [20.0, 90.0]), (60.0, [20.0, 40.0]), (40.0, [20.0, 20.0]), (39.0, [20.0]), (20.5, [20.0])],
)
def test_a_second_look_that_cannot_end_in_time_is_not_begun(deadline_s: float, timeouts: list[float]) -> None:
    """It needs at least the time of a first one, else the first outcome stands."""
    provider = Provider(everyone(TIMEOUT))
    result = provider.go_round(["m00"], settings=replace(ONE_BY_ONE, deadline_s=deadline_s))
    assert [question.timeout_s for question in provider.asked] == pytest.approx(timeouts, abs=0.1)
    seen = result.observations[0]
    assert (seen.reason, seen.attempts) == (Reason.TIMEOUT, len(timeouts))


def test_a_deadline_in_the_middle_of_a_second_look_keeps_the_first() -> None:
    provider = Provider(in_turn(BROKEN, TIMEOUT), takes_s=2.0)
    settings = RoundSettings(concurrency=1, timeout_s=20.0, slow_timeout_s=90.0, deadline_s=50.0)
    result = provider.go_round(names(3), settings=settings)
    assert [len(provider.of(model)) for model in names(3)] == [2, 1, 1]
    assert set(reasons(result).values()) == {Reason.SERVER_ERROR}
    assert [seen.attempts for seen in result.observations] == [2, 1, 1]


def test_attempts_count_everything_that_was_asked() -> None:
    def late(question: Question) -> Exchange:
        if question.route is not Route.EMBEDDINGS:
            return NOT_HERE
        return OK_OF[Route.EMBEDDINGS] if question.nth >= 5 else BROKEN

    provider = Provider(late)
    result = provider.go_round(searching(["m00"]), settings=SIDE_BY_SIDE)
    assert result.observations[0].attempts == len(provider.asked)
