"""Behind a proxy that takes a model from everybody after an error, a search does no harm (rules.md 38)."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge, ProviderTraits
from monitor.core.request.forms import RequestForm, Route
from monitor.probe.model_probe import ModelProbe
from monitor.probe.round_settings import RoundSettings
from tests.probe.rounds import ONE_BY_ONE, SIDE_BY_SIDE, STARTED, Provider, Question, names, searching
from tests.probe.sayings import NOT_HERE, OK_OF, cooling

ROUTES = ProviderTraits().routes
A_SWEEP = replace(ONE_BY_ONE, deadline_s=810.0)


@dataclass
class Proxy:
    """Serves each model on one route; asked on another, the model is away for everybody for a while."""

    serves: dict[str, Route]
    cooldown_s: float = 5.0
    away_until_s: dict[str, float] = field(default_factory=dict)
    harm: list[Question] = field(default_factory=list)

    def __call__(self, question: Question) -> Exchange:
        left_s = self.away_until_s.get(question.model, 0.0) - question.at_s
        if left_s > 0:
            return cooling(left_s)
        route = self.serves.get(question.model)
        if question.route is route:
            return OK_OF[question.route]
        self.harm.append(question)
        self.away_until_s[question.model] = question.at_s + self.cooldown_s
        return NOT_HERE


@dataclass
class History:
    """What is kept of a model from sweep to sweep."""

    kind: str = Kind.UNKNOWN
    knowledge: Knowledge = NOTHING_KNOWN

    def probe(self, model: str) -> ModelProbe:
        return searching([model], kind=self.kind, knowledge=self.knowledge)[0]

    def keep(self, probe: ModelProbe, seen: Observation) -> None:
        self.kind, self.knowledge = seen.kind, probe.learned(ProviderTraits(), STARTED)


def sweep(
    proxy: Proxy, histories: dict[str, History], around: RoundSettings = A_SWEEP, *, takes_s: float = 0.1
) -> tuple[Provider, dict[str, Observation]]:
    """Make one sweep, and keep what it taught; the next begins when no model is away any more."""
    proxy.away_until_s, proxy.harm = {}, []
    provider = Provider(proxy, takes_s=takes_s)
    probes = [history.probe(model) for model, history in histories.items()]
    result = provider.go_round(probes, settings=around)
    seen = {each.model: each for each in result.observations}
    for probe in probes:
        histories[probe.model].keep(probe, seen[probe.model])
    return provider, seen


@pytest.mark.parametrize("around", [A_SWEEP, replace(SIDE_BY_SIDE, deadline_s=810.0)])
def test_an_embedder_is_found_in_the_first_sweep_after_the_proxys_own_wait(around: RoundSettings) -> None:
    """Rule 38."""
    proxy, histories = Proxy({"m00": Route.EMBEDDINGS}), {"m00": History()}
    provider, seen = sweep(proxy, histories, around)
    assert [question.route for question in provider.asked] == [
        Route.CHAT,
        Route.EMBEDDINGS,
        Route.EMBEDDINGS,
    ]
    assert provider.asked[-1].at_s == pytest.approx(5.0, abs=0.3)
    assert (seen["m00"].outcome, seen["m00"].kind) == (Outcome.AVAILABLE, Kind.EMBEDDINGS)
    assert len(proxy.harm) == 1


def test_ten_sweeps_take_the_model_away_from_the_others_once() -> None:
    """Rule 38."""
    proxy, histories = Proxy({"m00": Route.EMBEDDINGS}), {"m00": History()}
    harm = 0
    for number in range(10):
        provider, seen = sweep(proxy, histories)
        harm += len(proxy.harm)
        assert seen["m00"].outcome is Outcome.AVAILABLE
        assert number == 0 or [question.route for question in provider.asked] == [Route.EMBEDDINGS]
    assert harm == 1


@pytest.mark.parametrize("cooldown_s", [61.0, 600.0, 3600.0])
def test_what_a_sweep_could_not_wait_for_the_next_one_knows(cooldown_s: float) -> None:
    """Learning takes two sweeps, and the wrong endpoint is asked in the first one alone."""
    proxy = Proxy({"m00": Route.EMBEDDINGS}, cooldown_s=cooldown_s)
    histories = {"m00": History()}
    first, seen = sweep(proxy, histories)
    assert [question.route for question in first.asked] == [Route.CHAT, Route.EMBEDDINGS]
    assert (seen["m00"].outcome, seen["m00"].kind) == (Outcome.UNKNOWN, Kind.UNKNOWN)
    second, seen = sweep(proxy, histories)
    assert [question.route for question in second.asked] == [Route.EMBEDDINGS]
    assert (seen["m00"].outcome, proxy.harm) == (Outcome.AVAILABLE, [])
    third, seen = sweep(proxy, histories)
    assert (len(third.asked), seen["m00"].kind) == (1, Kind.EMBEDDINGS)


def test_a_deadline_within_the_wait_costs_one_sweep_more() -> None:
    proxy, histories = Proxy({"m00": Route.EMBEDDINGS}, cooldown_s=30.0), {"m00": History()}
    short = RoundSettings(concurrency=1, timeout_s=5.0, deadline_s=20.0)
    assert sweep(proxy, histories, short)[1]["m00"].outcome is Outcome.UNKNOWN
    assert sweep(proxy, histories, short)[1]["m00"].outcome is Outcome.AVAILABLE
    assert proxy.harm == []


@pytest.mark.parametrize("route", [*ROUTES, None])
def test_a_sweep_asks_on_one_wrong_endpoint_beside_the_first_guess_and_later_ones_on_one(
    route: Route | None,
) -> None:
    """No wrong endpoint is asked twice, and once the kind is known none at all; one that is nowhere ends."""
    proxy = Proxy({"m00": route} if route else {})
    histories = {"m00": History()}
    wrong: list[Route] = []
    for number in range(8):
        _, seen = sweep(proxy, histories)
        assert len(proxy.harm) <= (2 if number == 0 else 1)
        wrong += [question.route for question in proxy.harm]
        assert seen["m00"].outcome is not Outcome.UNAVAILABLE
    assert route is None or len(set(wrong)) == len(wrong) == ROUTES.index(route)
    assert (seen["m00"].outcome is Outcome.AVAILABLE) is (route is not None)


@pytest.mark.parametrize("kind", [Kind.CHAT, Kind.EMBEDDINGS])
def test_a_cooldown_that_others_caused_is_waited_out_and_never_a_down(kind: Kind) -> None:
    route = Route(str(kind))
    proxy, histories = Proxy({"m00": route}), {"m00": History(kind)}
    proxy.away_until_s = {"m00": 5.0}

    def away(question: Question) -> Exchange:
        return cooling(5.0 - question.at_s) if question.at_s < 5.0 else OK_OF[route]

    provider = Provider(away, takes_s=0.1)
    seen = provider.go_round([histories["m00"].probe("m00")], settings=A_SWEEP).observations[0]
    assert (seen.outcome, len(provider.asked)) == (Outcome.AVAILABLE, 2)


def test_a_cooldown_that_does_not_end_is_unknown() -> None:
    provider = Provider(lambda _question: cooling(5.0), takes_s=0.1)
    seen = provider.go_round(searching(["m00"], kind=Kind.CHAT), settings=A_SWEEP).observations[0]
    assert (seen.outcome, seen.reason) == (Outcome.UNKNOWN, Reason.NO_CAPACITY)
    assert len(provider.asked) == 2


def test_the_other_models_are_asked_while_one_is_waited_for() -> None:
    models = names(30)
    proxy = Proxy(dict.fromkeys(models, Route.CHAT) | {"m00": Route.EMBEDDINGS})
    provider, seen = sweep(proxy, {model: History() for model in models})
    assert {each.outcome for each in seen.values()} == {Outcome.AVAILABLE}
    assert max(ended for _, ended in provider.ended_s) < 6.0
    assert len(provider.asked) <= 30 + 2


SERVES = st.dictionaries(st.sampled_from(names(6)), st.sampled_from([*ROUTES]), min_size=1)


@settings(max_examples=80)
@given(
    serves=SERVES,
    cooldown_s=st.floats(1.0, 100.0),
    takes_s=st.floats(0.0, 3.0),
    concurrency=st.integers(1, 6),
    deadline_s=st.floats(5.0, 810.0),
)
def test_whatever_it_serves_no_wrong_endpoint_is_asked_twice_within_a_day(
    serves: dict[str, Route], cooldown_s: float, takes_s: float, concurrency: int, deadline_s: float
) -> None:
    """While a search goes on; with time enough every model is found, and none is ever said to be down."""
    proxy = Proxy(serves, cooldown_s=cooldown_s)
    histories = {model: History() for model in serves}
    around = RoundSettings(concurrency=concurrency, timeout_s=5.0, slow_timeout_s=10.0, deadline_s=deadline_s)
    wrong: dict[tuple[str, RequestForm], int] = {}
    for _ in range(8):
        _, seen = sweep(proxy, histories, around, takes_s=takes_s)
        for question in proxy.harm:
            asked = (question.model, question.form)
            wrong[asked] = wrong.get(asked, 0) + 1
        assert Outcome.UNAVAILABLE not in {each.outcome for each in seen.values()}
    if deadline_s > 200.0:
        assert {each.outcome for each in seen.values()} == {Outcome.AVAILABLE}
        assert max(wrong.values(), default=0) <= 1
