"""Whatever is wrong with the run, no model's status moves: rounds of probes folded, as a sweep does it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.answer.answer import Answer, read_answer
from monitor.core.answer.exchange import Exchange, Failure
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Verdict
from monitor.core.lifecycle.fold import fold
from monitor.core.lifecycle.guard import regulars
from monitor.core.planning.inputs import NOTHING_KNOWN, ProviderTraits
from monitor.core.planning.search import plan_for
from monitor.core.request.forms import RequestForm
from monitor.probe.gap import Gap
from monitor.probe.model_probe import ModelProbe
from monitor.probe.pacer import Pacer
from monitor.probe.request_sender import RequestSender
from monitor.probe.round import probe_round
from monitor.probe.round_settings import RoundSettings
from monitor.probe.stopwatch import Stopwatch

START = datetime(2026, 11, 24, tzinfo=UTC)
MODELS = tuple(f"maker-{number % 4}/m{number}" for number in range(24))
FINE = Exchange(http_status=200, body='{"choices": [{"message": {"content": "Hi"}}]}', latency_ms=1)

# What is never a model's own when nobody answers: provider facts 4, its last paragraph.
FAULTS = {
    "dns": Exchange(failure=Failure.DNS),
    "refused": Exchange(failure=Failure.CONNECT),
    "tls": Exchange(failure=Failure.TLS),
    "no key": Exchange(http_status=401, body="Unauthorized access"),
    "bad key": Exchange(http_status=403, body='{"detail": "Authorization failed"}'),
    "gemini key": Exchange(http_status=400, body='{"error": {"message": "API key not valid."}}'),
    "no credits": Exchange(http_status=402, body='{"detail": "Cloud credits expired"}'),
    "no quota": Exchange(http_status=429, body='{"error": {"code": "insufficient_quota"}}'),
    "no permission": Exchange(
        http_status=404, body="{\"detail\": \"Function 'f': Not found for account 'a'\"}"
    ),
    "moved": Exchange(http_status=404, body="404 page not found"),
    "redirect": Exchange(http_status=302),
    "portal": Exchange(http_status=200, body="<!doctype html><title>Sign in</title>"),
    "outage": Exchange(http_status=503, body="upstream connect error"),
    "no workers": Exchange(http_status=504, headers={"nvcf-status": "errored"}),
    "silence": Exchange(failure=Failure.TIMEOUT),
    "cut": Exchange(failure=Failure.CLOSED),
    "new rule": Exchange(http_status=400, body='{"error": {"type": "MissingSessionID"}}'),
}
LIMITS = {
    "limited": Exchange(http_status=429),
    "limited for an hour": Exchange(http_status=429, headers={"retry-after": "3600"}),
    "limited for the day": Exchange(http_status=429, body='{"error": {"message": "tokens per day (TPD)"}}'),
    "overloaded": Exchange(http_status=529, headers={"retry-after": "30"}),
}
SAYINGS = {**FAULTS, **LIMITS}
Weather = dict[str, list[str]]  # of each model, what its first, second, ... request meets; nothing is fine


def answer(model: str, form: RequestForm, exchange: Exchange, stopwatch: Stopwatch) -> Answer:
    """Read an exchange; a wait that it names is left out, as it would be waited for."""
    read = read_answer(exchange, form, model, now=stopwatch.now(), at_ms=stopwatch.at_ms())
    return replace(read, rest_s=0.0, is_used_up=False)


def sweep(state: ProviderState, weather: Weather, number: int, *, seed: int) -> Sweep:
    """Make one sweep of the catalog in this weather, as `monitor.sweep` does."""
    asked: dict[str, int] = {}
    started_at = START + timedelta(minutes=15 * number)
    stopwatch = Stopwatch.start(started_at)

    async def ask(model: str, form: RequestForm, _timeout_s: float) -> Answer:
        await asyncio.sleep(0)
        times = asked[model] = asked.get(model, -1) + 1
        faults = weather.get(model, [])
        exchange = SAYINGS[faults[min(times, len(faults) - 1)]] if faults else FINE
        return answer(model, form, exchange, stopwatch)

    def probe(model: str) -> ModelProbe:
        known = state.models.get(model)
        kind = known.kind if known else "unknown"
        plan = plan_for(model, ProviderTraits(), kind=kind, knowledge=NOTHING_KNOWN, now=started_at)
        return ModelProbe(model, plan, kind)

    expected = regulars(state, started_at)
    asked_first = [model for model in MODELS if model in expected]
    result = asyncio.run(
        probe_round(
            [probe(model) for model in MODELS],
            RequestSender(
                ask=ask,
                pacer=Pacer(start_rate_per_s=1e6),
                gap=Gap(),
                stopwatch=stopwatch,
                settings=RoundSettings(
                    concurrency=1 + seed % 7, canaries=asked_first[:3], regulars=asked_first
                ),
            ),
        )
    )
    facts = Sweep(
        provider="p",
        started_at=started_at,
        finished_at=started_at + timedelta(minutes=1),
        listed=MODELS,
        observations=result.observations,
    )
    return replace(facts, verdict=Verdict.INCONCLUSIVE, cause=result.trouble) if result.trouble else facts


def faults_for_all() -> st.SearchStrategy[Weather]:
    """Everybody meets faults of the run, one kind or several, the same or another each time."""
    kinds = st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=3)
    return kinds.flatmap(
        lambda names: st.fixed_dictionaries(
            {model: st.lists(st.sampled_from(names), min_size=1, max_size=3) for model in MODELS}
        )
    )


@settings(max_examples=60)
@given(bad=st.lists(faults_for_all(), min_size=1, max_size=4), seed=st.integers(0, 6))
def test_no_combination_of_faults_of_the_run_moves_a_model(bad: list[Weather], seed: int) -> None:
    state = fold(ProviderState(), sweep(ProviderState(), {}, 0, seed=seed), Policy()).state
    statuses = {model: (known.status, known.since, known.memory) for model, known in state.models.items()}
    assert len(statuses) == len(MODELS)
    number = 0
    for weather in bad:
        number += 1
        decision = fold(state, sweep(state, weather, number, seed=seed), Policy())
        assert decision.verdict is Verdict.INCONCLUSIVE
        assert [event for event in decision.events if event.model] == []
        state = decision.state
    assert statuses == {m: (known.status, known.since, known.memory) for m, known in state.models.items()}
    good = fold(state, sweep(state, {}, number + 1, seed=seed), Policy())
    assert good.verdict is Verdict.CONCLUSIVE
    assert [event for event in good.events if event.model] == []
    assert good.state.open_troubles == ()


LIMITED_SETS = st.dictionaries(  # never all: a limit of everybody is a quota, whose event is raised once
    st.sampled_from(MODELS),
    st.sampled_from(sorted(LIMITS)).map(lambda name: [name]),
    max_size=len(MODELS) - 1,
)


@settings(max_examples=60)
@given(
    limited=st.lists(LIMITED_SETS, min_size=1, max_size=3), outage=faults_for_all(), seed=st.integers(0, 6)
)
def test_limits_before_an_outage_change_nothing_about_how_it_is_judged(
    limited: list[Weather], outage: Weather, seed: int
) -> None:
    """Rules 6-8: who was limited stays a regular, whatever the others did meanwhile."""
    judgements = []
    without: list[Weather] = [{} for _ in limited]
    for weathers in (limited, without):
        state = fold(ProviderState(), sweep(ProviderState(), {}, 0, seed=seed), Policy()).state
        for number, weather in enumerate(weathers, start=1):
            state = fold(state, sweep(state, weather, number, seed=seed), Policy()).state
        decision = fold(state, sweep(state, outage, len(limited) + 1, seed=seed), Policy())
        judgements.append((decision.verdict, decision.cause, decision.events))
    assert judgements[0] == judgements[1]
    assert judgements[0][0] is Verdict.INCONCLUSIVE


@settings(max_examples=60)
@given(
    limited=st.dictionaries(
        st.sampled_from(MODELS), st.sampled_from(sorted(LIMITS)).map(lambda name: [name]), max_size=11
    ),
    outage=faults_for_all(),
    seed=st.integers(0, 6),
)
def test_a_minority_that_is_limited_in_an_outage_hides_it_from_nobody(
    limited: Weather, outage: Weather, seed: int
) -> None:
    """Rule 8: limiters often speak before anybody looks for the model. No model moves, limited or not."""
    state = fold(ProviderState(), sweep(ProviderState(), {}, 0, seed=seed), Policy()).state
    decision = fold(state, sweep(state, {**outage, **limited}, 1, seed=seed), Policy())
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert [event for event in decision.events if event.model] == []
