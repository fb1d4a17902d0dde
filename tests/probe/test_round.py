"""The order of a sweep's probes, and where it ends: deadline, budget, concurrency (rules.md 1, 7)."""

import asyncio
from dataclasses import replace

import pytest

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.request.forms import Route
from monitor.probe.gap import Gap
from monitor.probe.model_probe import ModelProbe
from monitor.probe.pacer import Pacer
from monitor.probe.request_sender import RequestSender
from monitor.probe.round import probe_round
from monitor.probe.round_settings import RoundResult, RoundSettings
from monitor.probe.stopwatch import Stopwatch
from tests.probe.rounds import (
    ONE_BY_ONE,
    SIDE_BY_SIDE,
    STARTED,
    Provider,
    Question,
    everyone,
    in_turn,
    names,
    reasons,
    searching,
    served_on,
    with_limit,
)
from tests.probe.sayings import BROKEN, NOT_HERE, OK, TIMEOUT


def test_every_model_is_asked_once_and_observed_in_order() -> None:
    provider = Provider(everyone(OK), takes_s=lambda question: 1.0 + question.number % 5)
    result = provider.go_round(names(40), settings=RoundSettings(concurrency=7))
    assert (sorted(provider.models_asked), result.trouble) == (names(40), None)
    assert {(seen.kind, seen.attempts) for seen in result.observations} == {(Kind.CHAT, 1)}


def test_canaries_are_asked_first() -> None:
    provider = Provider(everyone(OK))
    provider.go_round(names(6), canaries=["m04", "m02", "gone"])
    assert provider.models_asked == ["m04", "m02", "m00", "m01", "m03", "m05"]


def test_the_first_look_has_the_usual_time_out() -> None:
    provider = Provider(everyone(OK))
    provider.go_round(names(3), settings=replace(ONE_BY_ONE, timeout_s=7.0))
    assert [question.timeout_s for question in provider.asked] == [7.0] * 3


def test_an_empty_catalog_makes_an_empty_round() -> None:
    assert Provider(everyone(OK)).go_round([]) == RoundResult((), 0)


# ---- The deadline ----------------------------------------------------------------------


def test_at_the_deadline_the_rest_is_not_probed() -> None:
    """Rule 7; who was asked and cut off keeps the attempt."""
    provider = Provider(everyone(OK), takes_s=3.0)
    result = provider.go_round(names(20), settings=RoundSettings(concurrency=2, deadline_s=10.0))
    assert list(reasons(result).values()) == [Reason.OK] * 6 + [Reason.NOT_PROBED] * 14
    assert [seen.attempts for seen in result.observations] == [1] * 8 + [0] * 12
    assert {seen.outcome for seen in result.observations[6:]} == {Outcome.UNKNOWN}
    assert {seen.at_ms for seen in result.observations[6:]} == {10_000}
    assert result.trouble is None


def test_a_deadline_already_past_probes_nobody() -> None:
    provider = Provider(everyone(OK))
    probes = [ModelProbe("m00"), ModelProbe("m01", kind=Kind.CHAT), ModelProbe("m02")]
    result = provider.go_round(probes, settings=replace(ONE_BY_ONE, deadline_s=0.0))
    assert (provider.asked, set(reasons(result).values())) == ([], {Reason.NOT_PROBED})
    assert [seen.kind for seen in result.observations] == [Kind.UNKNOWN, Kind.CHAT, Kind.UNKNOWN]


# ---- The budget ------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, 1, 5, 39])
@pytest.mark.parametrize("settings", [ONE_BY_ONE, SIDE_BY_SIDE])
def test_what_exceeds_the_budget_is_not_probed(limit: int, settings: RoundSettings) -> None:
    """Rule 1."""
    provider = Provider(everyone(OK), takes_s=1.0)
    result = provider.go_round(names(40), settings=with_limit(limit, settings))
    assert provider.models_asked == names(limit)
    assert list(reasons(result).values()).count(Reason.NOT_PROBED) == 40 - limit


@pytest.mark.parametrize("gap_s", [0.0, 20.0])
@pytest.mark.parametrize("limit", [20, 21, 25, 30, 60])
@pytest.mark.parametrize(
    ("why", "saying"), [("searches", NOT_HERE), ("second looks", TIMEOUT), ("both", BROKEN)]
)
def test_searches_and_second_looks_keep_within_the_budget(
    why: str, saying: Exchange, limit: int, gap_s: float
) -> None:
    provider = Provider(everyone(saying), takes_s=1.0)
    provider.go_round(searching(names(20)), settings=with_limit(limit), gap_s=gap_s)
    assert len(provider.asked) <= limit, why


def test_who_waits_for_its_own_gap_keeps_within_the_budget() -> None:
    provider = Provider(everyone(OK), takes_s=1.0)
    provider.go_round(names(20), settings=with_limit(3), gap_s=20.0, idle_s=5.0)
    assert len(provider.asked) <= 3


def test_a_search_that_the_budget_cuts_short_leaves_it_open_what_the_model_is() -> None:
    provider = Provider(everyone(NOT_HERE))
    result = provider.go_round(searching(names(1)), settings=with_limit(2))
    assert (result.observations[0].outcome, result.observations[0].attempts) == (Outcome.UNKNOWN, 2)


# ---- Side by side ----------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 3, 5])
def test_no_more_than_the_allowed_probes_are_in_flight_in_any_look(concurrency: int) -> None:
    def unclear_elsewhere(question: Question) -> Exchange:
        return NOT_HERE if question.route is Route.CHAT else TIMEOUT

    provider = Provider(unclear_elsewhere, takes_s=1.0)
    provider.go_round(searching(names(10)), settings=RoundSettings(concurrency=concurrency))
    assert provider.most_in_flight == concurrency
    assert len(provider.asked) == 10 * 6  # five routes, and one of them once more


def test_the_looks_come_one_after_the_other() -> None:
    provider = Provider(served_on(Route.EMBEDDINGS), takes_s=1.0)
    provider.go_round(searching(names(5)), settings=SIDE_BY_SIDE)
    assert provider.models_asked[:5] == names(5)
    assert {question.route for question in provider.asked[:5]} == {Route.CHAT}


# ---- What a cut keeps -------------------------------------------------------------------


def test_an_answer_is_handed_on_when_it_comes_not_when_it_stands() -> None:
    """A model that is asked once more minutes later has answered before: a kill must not cost that."""
    provider = Provider(in_turn(BROKEN, OK), takes_s=1.0)
    provider.go_round(names(3))
    assert [(at_s, seen.model, seen.reason, seen.attempts) for at_s, seen in provider.kept] == [
        *((1.0 + place, name, Reason.SERVER_ERROR, 1) for place, name in enumerate(names(3))),
        *((4.0 + place, name, Reason.OK, 2) for place, name in enumerate(names(3))),
    ]


def test_each_answer_of_a_search_is_handed_on() -> None:
    provider = Provider(served_on(Route.EMBEDDINGS), takes_s=1.0)
    provider.go_round(searching(names(2)))
    assert [seen.attempts for _, seen in provider.kept if seen.model == "m01"] == [
        *range(1, 1 + len(provider.of("m01")))
    ]


# ---- Cancellation and faults -----------------------------------------------------------


def test_cancelling_a_round_ends_its_probes_and_keeps_what_was_told() -> None:
    async def run() -> tuple[int, int]:
        provider = Provider(everyone(OK), takes_s=0.005)
        stopwatch = Stopwatch.start(STARTED)
        first = asyncio.Event()

        def told(observation: Observation) -> None:
            provider.told.append(observation)
            first.set()

        task = asyncio.create_task(
            probe_round(
                [ModelProbe(name) for name in names(500)],
                RequestSender(
                    ask=lambda model, form, timeout_s: provider.answer(model, form, timeout_s, stopwatch),
                    pacer=Pacer(),
                    gap=Gap(),
                    stopwatch=stopwatch,
                    settings=RoundSettings(concurrency=4),
                ),
                told,
            )
        )
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return provider.in_flight, len(provider.told)

    in_flight, told = asyncio.run(run())
    assert (in_flight, told >= 1) == (0, True)


@pytest.mark.parametrize("error", [RuntimeError("a fault of ours"), TimeoutError("no answer of ours")])
@pytest.mark.parametrize("nth", [0, 1])
def test_a_fault_of_our_own_is_raised_as_it_is(error: Exception, nth: int) -> None:
    def broken(question: Question) -> Exchange:
        if question.nth == nth:
            raise error
        return in_turn(TIMEOUT)(question)

    settings = RoundSettings(concurrency=3, deadline_s=1000.0)
    with pytest.raises(type(error), match="of ours"):
        Provider(broken).go_round(names(9), settings=settings)
