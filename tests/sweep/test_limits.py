"""Limits in sweeps: one model's costs no other its observation, a key's proves nothing (rules.md 6-8)."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.demo import Behave, Everywhere
from monitor.demo.answers import CannedAnswer, as_json
from monitor.demo.behaviours import Body
from monitor.demo.stories import steady
from monitor.store.memory.knowledge import load_knowledge
from monitor.sweep import Swept
from tests.support import gateway as g
from tests.support import scripted as s
from tests.support.command import PROVIDER

CHAT, EMBED = "chat/completions", "embeddings"
AN_HOUR = "too_many_requests_wait:3600"
BUSY = s.complaint("Rate limit reached for requests", 429)


def by_model(swept: Swept) -> dict[str, Observation]:
    return {seen.model: seen for seen in swept.sweep.observations}


def outcomes(swept: Swept) -> Counter[tuple[str, str]]:
    return Counter((str(seen.outcome), seen.reason) for seen in swept.sweep.observations)


# ---- One model's limit -----------------------------------------------------------------


@g.ON_SQLITE
@pytest.mark.parametrize("concurrency", [1, 32])
def test_three_of_189_models_that_ask_to_wait_an_hour_cost_nobody_an_observation(
    engine: Engine, concurrency: int
) -> None:
    world = steady(189)
    resting = world.listed[:3]
    with g.gateway(world) as there:
        there.change(Behave(resting, AN_HOUR))
        aim = g.target(there.base_url, concurrency=concurrency)
        for hour in (0, 1):
            there.forget()
            swept = g.sweep(aim, engine, g.hours(hour))
            assert outcomes(swept) == {
                ("available", "ok"): 186,
                ("rate_limited", "too_many_requests"): 3,
            }
            assert len(there.probes) <= 189 + 1  # one of those that answered may be asked whose limit it is
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    assert g.provider_events(engine) == []


def in_an_hour() -> str:
    return (utc_now() + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")


WAITS = {
    "seconds": BUSY.with_headers(Retry_After="3600"),
    "a date": BUSY.with_headers(Retry_After=in_an_hour()),
    "milliseconds": BUSY.with_headers(retry_after_ms="3600000"),
    "words": s.complaint("Rate limit reached. Please try again in 59m3s.", 429),
    "hours in words": s.complaint("Rate limit reached. Please try again in 5 hours.", 429),
    "a reset": BUSY.with_headers(
        x_ratelimit_remaining_requests="0",
        x_ratelimit_reset_requests="1h0m0s",
        x_ratelimit_limit_requests="9",
    ),
    "503": CannedAnswer(503).with_headers(Retry_After="3000"),
    "529": CannedAnswer(529).with_headers(Retry_After="3600"),
}


@g.ON_SQLITE
def test_a_wait_rests_its_model_however_it_is_said(engine: Engine) -> None:
    says: dict[str, Mapping[str, s.Says]] = {f"a/{name}": {CHAT: said} for name, said in WAITS.items()}
    others: dict[str, Mapping[str, s.Says]] = {f"b/m{number}": {CHAT: s.OK} for number in range(12)}
    with g.gateway(s.scripted({**says, **others})) as there:
        swept = g.sweep(g.target(there.base_url, concurrency=4), engine, g.NOON)
        asked = Counter(each.model for each in there.probes)
    seen = by_model(swept)
    assert {model: str(seen[model].outcome) for model in others} == dict.fromkeys(others, "available")
    limited = {model for model in says if seen[model].outcome == "rate_limited"}
    assert limited == set(says) - {"a/503"}
    assert max(asked[model] for model in says) == 1


@g.ON_SQLITE
def test_a_short_wait_is_over_by_the_second_look(engine: Engine) -> None:
    soon = [BUSY.with_headers(retry_after_ms="200"), s.OK]
    cold = [CannedAnswer(503).with_headers(Retry_After="1"), s.OK]
    says: dict[str, Mapping[str, s.Says]] = {"a/limited": {CHAT: soon}, "a/cold": {CHAT: cold}}
    others: dict[str, Mapping[str, s.Says]] = {f"b/m{number}": {CHAT: s.OK} for number in range(6)}
    with g.gateway(s.scripted({**says, **others})) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
    assert outcomes(swept) == {("available", "ok"): 8}
    assert {model: by_model(swept)[model].attempts for model in says} == dict.fromkeys(says, 2)


@g.ON_SQLITE
def test_a_models_quota_of_the_day_is_its_own_while_others_answer(engine: Engine) -> None:
    """Rule 6: hosted, and no event tells of it; words of money never are a limit."""
    day = s.complaint("Rate limit reached on tokens per day (TPD): Limit 100000, Used 99999", 429)
    says: dict[str, Mapping[str, s.Says]] = {f"b/m{number}": {CHAT: s.OK} for number in range(6)}
    with g.gateway(s.scripted(says)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        money = s.complaint("You have used all available credits", 429)
        there.show(s.scripted({**says, "b/m0": {CHAT: day}, "b/m1": {CHAT: money}}))
        for hour in (1, 2):
            swept = g.sweep(aim, engine, g.hours(hour))
            found = {model: (str(each.outcome), each.reason) for model, each in by_model(swept).items()}
            assert found["b/m0"] == ("rate_limited", "model_quota")
            assert found["b/m1"] == ("unavailable", "not_for_account")
    events = "SELECT model, to_status FROM change_history WHERE kind <> 'appeared'"
    assert g.rows(engine, events) == [("b/m1", "unavailable")]


# ---- The key's limit -------------------------------------------------------------------


@g.ON_SQLITE
def test_a_key_that_everybody_limits_proves_nothing_and_costs_a_dozen_requests_a_sweep(
    engine: Engine,
) -> None:
    """Rule 8: each regular is asked once to find out; then the others are spared until somebody answers."""
    world = steady(60)
    gone = world.listed[30:]
    with g.gateway(world) as there:
        there.change(Behave(gone, "not_found"))
        aim = g.target(there.base_url, concurrency=2)
        g.sweep(aim, engine, g.NOON)
        before, events = g.statuses(engine), g.model_events(engine)
        there.change(Everywhere(AN_HOUR))
        for hour, most in ((1, 30 + 2), (2, 12 + 2), (3, 12 + 2)):
            there.forget()
            swept = g.sweep(aim, engine, g.hours(hour))
            assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, Cause.QUOTA)
            assert len(there.probes) <= most
        assert g.statuses(engine) == before
        there.change(Everywhere(None))
        assert g.sweep(aim, engine, g.hours(4)).decision.verdict is Verdict.CONCLUSIVE
    assert [kind for kind, _ in g.provider_events(engine)] == ["quota_exhausted", "quota_restored"]
    assert g.model_events(engine) == events


@dataclass
class Bucket:
    """A key's own limit: so many requests, then none for a while."""

    capacity: int
    window_s: float
    begun_s: float = 0.0
    used: int = 0
    refused: int = 0

    def __call__(self, _body: Body) -> CannedAnswer:
        now = time.monotonic()
        if now - self.begun_s >= self.window_s:
            self.begun_s, self.used = now, 0
        self.used += 1
        if self.used <= self.capacity:
            return s.OK
        self.refused += 1
        wait_ms = max((self.begun_s + self.window_s - now) * 1000, 1.0)
        return BUSY.with_headers(retry_after_ms=f"{wait_ms:.0f}")


@g.ON_SQLITE
def test_a_limit_of_the_key_is_paused_for_and_everybody_answers_in_the_end(engine: Engine) -> None:
    bucket = Bucket(capacity=12, window_s=1.5)
    says: dict[str, Mapping[str, s.Says]] = {f"b/m{number}": {CHAT: bucket} for number in range(40)}
    with g.gateway(s.scripted(says)) as there:
        swept = g.sweep(g.target(there.base_url, concurrency=2), engine, g.NOON)
    assert outcomes(swept)["available", "ok"] >= 36
    assert bucket.refused <= 30
    assert swept.decision.verdict is Verdict.CONCLUSIVE


@g.ON_SQLITE
@pytest.mark.parametrize("limits", ["", AN_HOUR, "too_many_requests", "overloaded"])
def test_limits_before_an_outage_change_nothing_about_how_it_is_judged(engine: Engine, limits: str) -> None:
    """Rule 8: whoever was limited, or not reached, in the sweep before is a regular all the same."""
    world = steady(30)
    with g.gateway(world) as there:
        aim = g.target(there.base_url, concurrency=4)
        g.sweep(aim, engine, g.NOON)
        if limits:
            there.change(Behave(world.listed[:28], limits))
        g.sweep(aim, engine, g.hours(1))
        before, events = g.statuses(engine), g.model_events(engine)
        there.show(world)
        there.change(Everywhere("server_error"))
        there.forget()
        for hour in (2, 3):
            swept = g.sweep(aim, engine, g.hours(hour))
            assert (swept.decision.verdict, swept.decision.cause) == (
                Verdict.INCONCLUSIVE,
                Cause.PROVIDER_OUTAGE,
            )
        assert len(there.probes) <= 2 * 24
    assert (g.statuses(engine), g.model_events(engine)) == (before, events)


# ---- A proxy that takes a model away after an error ------------------------------------


@dataclass
class Deployment:
    """A model behind LiteLLM: served on one endpoint, and away for everybody after a request to another."""

    endpoint: str
    cooldown_s: float = 1.0
    away_until_s: float = 0.0
    harm: list[str] = field(default_factory=list)

    def says(self, endpoint: str) -> s.Says:
        def answer(_body: Body) -> CannedAnswer:
            left_s = self.away_until_s - time.monotonic()
            if left_s > 0:
                return self._cooling(left_s)
            if endpoint == self.endpoint:
                return s.VECTOR if endpoint == EMBED else s.OK
            self.harm.append(endpoint)
            self.away_until_s = time.monotonic() + self.cooldown_s
            return s.NOT_HERE

        return answer

    def _cooling(self, left_s: float) -> CannedAnswer:
        left_s = math.ceil(left_s * 10) / 10  # as long as it says it is away, and no longer
        message = f"No deployments available for selected model, Try again in {left_s:.1f} seconds."
        error = {"message": message, "type": "all_deployments_in_cooldown", "code": "429"}
        return as_json({"error": error}, 429).with_headers(retry_after=f"{left_s:.1f}")


def behind(**deployments: Deployment) -> s.ScriptedWorld:
    endpoints = (CHAT, EMBED, "completions", "responses", "rerank")
    return s.scripted(
        {name: {each: one.says(each) for each in endpoints} for name, one in deployments.items()}
    )


@g.ON_SQLITE
def test_a_search_behind_a_proxy_takes_the_model_away_once_in_ten_sweeps(engine: Engine) -> None:
    """Rule 38: the cooldown is waited out in the first sweep, and the kind known from then on."""
    embedder, speaker = Deployment(EMBED), Deployment(CHAT)
    with g.gateway(behind(vectors=embedder, speaker=speaker)) as there:
        aim = g.target(there.base_url)
        for hour in range(10):
            swept = g.sweep(aim, engine, g.hours(hour))
            assert outcomes(swept) == {("available", "ok"): 2}
        assert Counter(each.model for each in there.probes) == {"vectors": 3 + 9, "speaker": 10}
    assert embedder.harm == [CHAT]
    assert g.rows(engine, "SELECT model, kind FROM model_status ORDER BY model") == [
        ("speaker", "chat"),
        ("vectors", "embeddings"),
    ]


@g.ON_SQLITE
def test_what_was_learned_survives_where_learning_took_two_sweeps(engine: Engine) -> None:
    embedder = Deployment(EMBED, cooldown_s=3600.0)
    with g.gateway(behind(vectors=embedder, speaker=Deployment(CHAT))) as there:
        aim = g.target(there.base_url)
        first = by_model(g.sweep(aim, engine, g.NOON))["vectors"]
        embedder.away_until_s = 0.0
        there.forget()
        second = by_model(g.sweep(aim, engine, g.hours(1)))["vectors"]
        assert [each.path for each in there.probes if each.model == "vectors"] == ["/v1/embeddings"]
    assert (str(first.outcome), str(second.outcome), second.kind) == ("unknown", "available", "embeddings")
    assert embedder.harm == [CHAT]


@g.ON_SQLITE
def test_what_answered_is_remembered_in_an_inconclusive_sweep_too(engine: Engine) -> None:
    """Its verdict is about the others; asking on the wrong endpoint again would do harm again."""
    chat: dict[str, Mapping[str, s.Says]] = {f"b/m{number}": {CHAT: s.OK} for number in range(8)}
    broken: dict[str, Mapping[str, s.Says]] = {f"b/m{number}": {CHAT: s.BROKEN} for number in range(5)}
    vectors: dict[str, Mapping[str, s.Says]] = {"a/vectors": {EMBED: s.VECTOR}}
    with g.gateway(s.scripted(chat)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.show(s.scripted({**chat, **broken, **vectors}))
        swept = g.sweep(aim, engine, g.hours(1))
        assert (swept.decision.cause, str(by_model(swept)["a/vectors"].outcome)) == (
            Cause.PROVIDER_OUTAGE,
            "available",
        )
        there.show(s.scripted({**chat, **vectors}))
        there.forget()
        swept = g.sweep(aim, engine, g.hours(2))
        assert [each.path for each in there.probes if each.model == "a/vectors"] == ["/v1/embeddings"]
    assert by_model(swept)["a/vectors"].kind == "embeddings"
    assert load_knowledge(engine, PROVIDER) == {}


# ---- Whatever is limited ---------------------------------------------------------------

MODELS = steady(24).listed
SAID = st.sampled_from([AN_HOUR, "too_many_requests", "too_many_requests_wait:100", "overloaded"])


@g.ON_SQLITE
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(limited=st.dictionaries(st.sampled_from(MODELS), SAID), concurrency=st.sampled_from([1, 4, 32]))
def test_with_any_set_of_limited_models_every_other_one_is_observed(
    engine: Engine, limited: dict[str, str], concurrency: int
) -> None:
    """Rule 7, over real sockets, with waits that a sweep of a minute cannot outlast: nobody pauses."""
    g.empty(engine)
    with g.gateway(steady(24)) as there:
        there.change(*(Behave((model,), behaviour) for model, behaviour in limited.items()))
        aim = g.target(there.base_url, concurrency=concurrency, interval_s=60.0)
        for hour in (0, 1):
            there.forget()
            swept = g.sweep(aim, engine, g.hours(hour))
            seen = by_model(swept)
            assert {str(seen[model].outcome) for model in MODELS if model not in limited} <= {"available"}
            asked = Counter(each.model for each in there.probes)
            assert all(asked[model] <= 3 for model in limited)
