"""Between the end of one request to a model and the start of its next lies the gap, in every look."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.vocabulary import Reason
from monitor.core.request.forms import Route
from monitor.probe.pacer import Pacer
from monitor.probe.round_settings import RoundSettings
from tests.probe.rounds import (
    ONE_BY_ONE,
    SIDE_BY_SIDE,
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
    NEEDS_SYSTEM,
    NO_SUCH_MODEL,
    NOT_HERE,
    OK,
    REFUSED,
    TIMEOUT,
    busy_for,
)

GAP_S = 20.0


def least_gap_s(provider: Provider) -> float:
    """Return the least time between the end of a request and the next start, of any model."""
    gaps = [float("inf")]
    for model in set(provider.models_asked):
        starts = [question.at_s for question in provider.of(model)][1:]
        ends = [ended_s for name, ended_s in provider.ended_s if name == model]
        gaps += [start - end for start, end in zip(starts, ends, strict=False)]
    return min(gaps)


LOOKS: dict[str, Callable[[Question], Exchange]] = {
    "searches": served_on(Route.RERANK),
    "adapting": in_turn(NEEDS_SYSTEM, OK),
    "second looks": in_turn(BROKEN, TIMEOUT),
    "both": lambda question: NOT_HERE if question.route is Route.CHAT else BROKEN,
    "refusals": only("m01", REFUSED),
    "common trouble": everyone(TIMEOUT),
    "a common 404": everyone(NO_SUCH_MODEL),
}


@pytest.mark.parametrize("script", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("around", [ONE_BY_ONE, SIDE_BY_SIDE], ids=["one by one", "side by side"])
def test_the_gap_is_kept_in_every_look(script: Callable[[Question], Exchange], around: RoundSettings) -> None:
    provider = Provider(script, takes_s=1.0)
    models = names(20)
    provider.go_round(searching(models), canaries=models[:3], regulars=models, settings=around, gap_s=GAP_S)
    assert GAP_S - 1e-6 <= least_gap_s(provider) < float("inf")


@pytest.mark.parametrize(("idle_s", "at_s"), [(5.0, 15.0), (19.0, 1.0), (20.0, 0.0), (9999.0, 0.0)])
def test_the_last_sweeps_requests_count(idle_s: float, at_s: float) -> None:
    provider = Provider(everyone(OK))
    provider.go_round(["m00"], gap_s=GAP_S, idle_s=idle_s)
    assert [question.at_s for question in provider.asked] == pytest.approx([at_s])


def test_a_canary_under_way_is_not_asked_beside_itself() -> None:
    """Its request takes longer than the gap, and meanwhile another model is refused."""

    def length_s(question: Question) -> float:
        return 15.0 if question.model == "m00" else 1.0

    provider = Provider(only("m01", REFUSED), takes_s=length_s)
    provider.go_round(names(3), canaries=["m00"], gap_s=5.0, settings=RoundSettings(concurrency=2))
    assert least_gap_s(provider) >= 5.0 - 1e-6


def test_a_canary_that_waits_for_its_turn_is_not_asked_beside_itself() -> None:
    """The pacer takes longer than the gap, and whom the provider refused suspects who was to be asked."""
    provider = Provider(only("m01", REFUSED), takes_s=0.1)
    provider.go_round(
        names(3),
        canaries=["m01", "m00"],
        gap_s=5.0,
        settings=RoundSettings(concurrency=2),
        pacer=Pacer(1),
    )
    assert [question.at_s >= 60 for question in provider.of("m00")] == [True]  # its answer is waited for
    assert least_gap_s(provider) >= 5.0 - 1e-6


def test_who_waits_for_the_gap_keeps_nobody_else_waiting() -> None:
    provider = Provider(served_on(Route.EMBEDDINGS), takes_s=1.0)
    result = provider.go_round(searching(names(10)), gap_s=GAP_S)
    assert set(reasons(result).values()) == {Reason.OK}
    assert provider.asked[-1].at_s <= GAP_S + 2 * 10


SAYINGS = st.sampled_from([OK, NOT_HERE, BROKEN, TIMEOUT, REFUSED, NO_SUCH_MODEL, NEEDS_SYSTEM, busy_for(30)])


@settings(max_examples=100)
@given(
    sayings=st.lists(SAYINGS, min_size=1, max_size=30),
    lengths=st.lists(st.floats(0.1, 19.0), min_size=1, max_size=7),
    concurrency=st.integers(1, 6),
    rate=st.sampled_from([None, 60, 20]),
    gap_s=st.floats(0.5, 30.0),
)
def test_whatever_is_said_the_gap_is_kept(
    sayings: list[Exchange], lengths: list[float], concurrency: int, rate: float | None, gap_s: float
) -> None:
    provider = Provider(
        lambda question: sayings[question.number % len(sayings)],
        takes_s=lambda question: lengths[question.number % len(lengths)],
    )
    models = names(8)
    provider.go_round(
        searching(models),
        canaries=models[:3],
        regulars=models,
        settings=RoundSettings(concurrency=concurrency),
        gap_s=gap_s,
        pacer=Pacer(rate),
    )
    assert least_gap_s(provider) >= gap_s - 1e-6
