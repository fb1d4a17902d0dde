"""Whatever answers come, a round ends, says one thing of every model and stays within its bounds."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import event, given, settings
from hypothesis import strategies as st

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import ANSWERED, Kind, Outcome, Reason
from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import RequestForm
from monitor.probe.round_settings import RoundResult, RoundSettings
from tests.probe.rounds import Provider, Question, names, searching
from tests.probe.sayings import (
    BROKEN,
    BUSY,
    CLOSED,
    DEGRADED,
    EMBEDS,
    ENDED,
    NEEDS_SOMETHING,
    NEEDS_SYSTEM,
    NO_CONNECTION,
    NO_LIMIT,
    NO_MONEY,
    NO_SUCH_MODEL,
    NO_WORKER,
    NOT_HERE,
    NOT_OF_ACCOUNT,
    OK,
    OK_OF,
    PAGE,
    REFUSED,
    SWITCHED_OFF,
    TIMEOUT,
    UNEXPLAINED,
    WRONG_ADDRESS,
    busy_for,
    resting,
)

ROUTES = ProviderTraits().routes
REFUSALS = {Reason.CREDENTIAL, Reason.QUOTA}
SAYINGS = (
    OK,
    *OK_OF.values(),
    *(BUSY, busy_for(30), NOT_HERE, EMBEDS, NO_SUCH_MODEL, NOT_OF_ACCOUNT, ENDED, REFUSED, NO_MONEY),
    *(WRONG_ADDRESS, TIMEOUT, CLOSED, NO_CONNECTION, BROKEN, NO_WORKER, DEGRADED, PAGE, UNEXPLAINED),
    *(SWITCHED_OFF, resting(5), NEEDS_SYSTEM, NO_LIMIT, NEEDS_SOMETHING),
)


@dataclass(frozen=True)
class Weather:
    """Says something else by model, endpoint, form, how often it was asked and how much in all."""

    sayings: tuple[Exchange, ...]
    lengths_s: tuple[float, ...]
    turns: tuple[int, int, int, int]

    def place(self, question: Question) -> int:
        of_model, of_route, of_time, of_number = self.turns
        return (
            int(question.model[1:]) * of_model
            + ROUTES.index(question.route) * of_route
            + len(question.form.changes)
            + question.nth * of_time
            + question.number * of_number
        )

    def says(self, question: Question) -> Exchange:
        return self.sayings[self.place(question) % len(self.sayings)]

    def takes_s(self, question: Question) -> float:
        return self.lengths_s[self.place(question) % len(self.lengths_s)]


WEATHERS = st.builds(
    Weather,
    st.lists(st.sampled_from(SAYINGS), min_size=1, max_size=12).map(tuple),
    st.lists(st.floats(0.0, 30.0), min_size=1, max_size=7).map(tuple),
    st.tuples(*[st.integers(0, 12)] * 4),
)
SETTINGS = st.builds(
    RoundSettings,
    concurrency=st.integers(1, 6),
    deadline_s=st.one_of(st.none(), st.floats(0.0, 500.0)),
    request_limit=st.one_of(st.none(), st.integers(0, 80)),
    is_accepted=st.booleans(),
)
MOST_MODELS = 20


@dataclass(frozen=True)
class Case:
    """A round to make. Of its `count` models so many are regulars, and the first of these are canaries."""

    weather: Weather
    settings: RoundSettings
    count: int
    regulars: int
    canaries: int
    kind: Kind

    def go(self) -> tuple[Provider, RoundResult]:
        provider = Provider(self.weather.says, takes_s=self.weather.takes_s)
        models = names(self.count)
        result = provider.go_round(
            searching(models, kind=self.kind),
            settings=self.settings,
            regulars=models[: self.regulars],
            canaries=models[: min(self.canaries, self.regulars)],
        )
        return provider, result


CASES = st.builds(
    Case,
    WEATHERS,
    SETTINGS,
    count=st.integers(0, MOST_MODELS),
    regulars=st.integers(0, MOST_MODELS),
    canaries=st.integers(0, 3),
    kind=st.sampled_from([Kind.UNKNOWN, Kind.CHAT, Kind.EMBEDDINGS]),
)


def suspicions(provider: Provider) -> int:
    """Count what may make a witness be asked again: each refusal, and once a failure of all."""
    return 1 + sum(seen.reason in REFUSALS for seen in provider.read)


def witnesses(case: Case, provider: Provider) -> set[str]:
    answered = {seen.model for seen in provider.read if seen.outcome in ANSWERED}
    return answered | set(names(min(case.canaries, case.regulars)))


@settings(max_examples=120)
@given(CASES)
def test_every_model_has_one_observation_that_was_made_of_its_answers(case: Case) -> None:
    """Rule 1. The rest of what every round keeps to is checked by the provider itself."""
    provider, result = case.go()
    event(f"trouble: {result.trouble}")
    said: dict[str, set[str]] = {model: set() for model in names(case.count)}
    for seen in provider.read:
        said[seen.model].add(seen.reason)
    for seen in result.observations:
        concluded = {Reason.NOT_FOUND, Reason.NO_ENDPOINT, Reason.NOT_FOR_ACCOUNT}
        assert seen.reason in said[seen.model] | concluded | {Reason.NOT_PROBED}
        assert (seen.attempts == 0) <= (seen.reason == Reason.NOT_PROBED)
        assert seen.attempts <= len(provider.of(seen.model))


@settings(max_examples=120)
@given(CASES)
def test_no_model_is_asked_more_than_a_search_and_two_looks_need(case: Case) -> None:
    provider, _ = case.go()
    known = witnesses(case, provider)
    again = suspicions(provider)
    for (model, _form), times in count_forms(provider).items():
        assert times <= 2 + (again if model in known else 0)
    for model, times in Counter(provider.models_asked).items():
        assert times <= 2 * len(ROUTES) + 2 + (again if model in known else 0)


def count_forms(provider: Provider) -> Counter[tuple[str, RequestForm]]:
    return Counter((question.model, question.form) for question in provider.asked)


@settings(max_examples=120)
@given(CASES)
def test_a_round_ends_in_time_and_within_its_budget(case: Case) -> None:
    provider, result = case.go()
    deadline_s, limit = case.settings.deadline_s, case.settings.request_limit
    if limit is not None:
        assert len(provider.asked) <= limit
    if deadline_s is not None:
        assert all(question.at_s <= deadline_s for question in provider.asked)
        assert all(seen.at_ms <= deadline_s * 1000 + 1 for seen in result.observations)


@settings(max_examples=120)
@given(CASES)
def test_a_round_that_ends_by_itself_leaves_nothing_open(case: Case) -> None:
    """Rules 1, 6."""
    _, result = case.go()
    is_cut_short = case.settings.deadline_s is not None or case.settings.request_limit is not None
    if result.trouble is None and not is_cut_short:
        assert not {seen.reason for seen in result.observations} & {*REFUSALS, Reason.NOT_PROBED}


@settings(max_examples=120)
@given(CASES)
def test_who_answered_last_is_not_called_unavailable(case: Case) -> None:
    """An answer is never hidden by what was said before it on other endpoints."""
    provider, result = case.go()
    last: dict[str, Observation] = {seen.model: seen for seen in provider.read}
    for seen in result.observations:
        if seen.outcome is Outcome.UNAVAILABLE and len(provider.of(seen.model)) == seen.attempts:
            assert last[seen.model].outcome is not Outcome.AVAILABLE
