"""A server that nobody here wrote: aimock from npm, whose models each fail in a way of their own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import Route
from tests.support import gateway as g
from tests.support.command import KEY
from tests.thirdparty.servers import ask, by_model, npm_server, sweep_with_key

pytestmark = pytest.mark.e2e

CHAT = [f"chat-{number}" for number in range(5)]
OK = ("available", "ok", "chat", 200)
ENDED = "The model 'ended' has reached its end of life on 2026-05-14T00:00:00Z and is no longer available."
NOT_CHAT = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."

Fixture = dict[str, object]


def model(name: str, response: object, *, endpoint: str | None = None, **more: object) -> Fixture:
    """Describe how a model answers; it is listed once it is described."""
    match = {"model": name, **({"endpoint": endpoint} if endpoint else {})}
    return {"match": match, "response": response, **more}


def error(status: int, message: str, **more: object) -> Fixture:
    """Describe an error; each 429 has a `Retry-After`, of a second if nothing else is said."""
    return {"error": {"message": message}, "status": status, **more}


@contextmanager
def aimock(place: Path, *fixtures: Fixture) -> Iterator[str]:
    """Serve the models described here, then five that answer, to who has the key; gives the base URL."""
    described = [*fixtures, *(model(name, {"content": "Hello!"}) for name in CHAT)]
    settings = {
        "auth": {"apiKeys": [KEY]},
        "llm": {"fixtures": "fixtures.json"},
        "services": {"rerank": True, "moderate": True},
    }
    (place / "fixtures.json").write_text(json.dumps({"fixtures": described}), encoding="utf-8")
    (place / "aimock.json").write_text(json.dumps(settings), encoding="utf-8")
    script = "@copilotkit/aimock/dist/aimock-cli.js"
    where = ("--host", "127.0.0.1", "--port", "{port}")
    with npm_server(place, script, "--config", "aimock.json", *where) as address:
        yield f"{address}/v1"


# What each model answers, and what is seen of it.
ANSWERS = {
    "thinks": ({"content": "", "reasoning": "The user says hi."}, OK),
    "calls-a-tool": ({"toolCalls": [{"name": "look", "arguments": {"at": 1}}]}, OK),
    "ended": (error(410, ENDED), ("unavailable", "end_of_life", "unknown", 410)),
    "unknown-key": (error(401, "Wrong"), ("unavailable", "not_for_account", "unknown", 401)),
    "unpaid": (error(402, "Payment required"), ("unavailable", "not_for_account", "unknown", 402)),
    "full": (error(429, "Slow down"), ("rate_limited", "too_many_requests", "unknown", 429)),
    "broken": (error(500, "Oh no"), ("unavailable", "server_error", "unknown", 500)),
    "away": (error(503, "Out for lunch"), ("unavailable", "server_error", "unknown", 503)),
    "crowded": (error(503, "Overloaded"), ("rate_limited", "saturated", "unknown", 503)),
    "unnamed": (error(400, "No."), ("unknown", "bad_request", "unknown", 400)),
}
CHAOS = [
    ("dropRate", ("unavailable", "server_error", "unknown", 500)),
    ("malformedRate", ("unavailable", "invalid_answer", "unknown", 200)),
    ("disconnectRate", ("unknown", "connection_closed", "unknown", None)),
    ("rateLimitRate", ("rate_limited", "too_many_requests", "unknown", 429)),
]


@g.ON_SQLITE
def test_each_model_is_seen_as_what_it_is(engine: Engine, tmp_path: Path) -> None:
    """Where nothing is described it answers 404 `no_fixture_match`: of `paints`, to chat."""
    answering = [model(name, answer) for name, (answer, _) in ANSWERS.items()]
    paints = model("paints", {"image": {"url": ""}}, endpoint="image")
    with aimock(tmp_path, *answering, paints) as base_url:
        swept = g.sweep(g.target(base_url), engine, g.NOON)
        unmatched = ask(base_url, "paints", key=KEY)
    assert unmatched.json()["error"]["code"] == "no_fixture_match"
    assert by_model(swept) == {
        **dict.fromkeys(CHAT, OK),
        **{name: seen for name, (_, seen) in ANSWERS.items()},
        "paints": ("unavailable", "not_found", "unknown", 404),
    }
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    retired = "SELECT model, reason FROM model_status WHERE status = 'retired'"
    assert g.rows(engine, retired) == [("ended", "end_of_life")]


@g.ON_SQLITE
def test_its_chaos_is_seen_as_what_it_is(engine: Engine, tmp_path: Path) -> None:
    wild = [model(name, {"content": "Hello!"}, chaos={name: 1}) for name, _ in CHAOS]
    late = model("late", {"content": "Hello!"}, chaos={"latencyMs": 25_000})
    with aimock(tmp_path, *wild, late) as base_url:
        aim = g.target(base_url, timeout_s=5.0, slow_timeout_s=5.0)
        swept = g.sweep(aim, engine, g.NOON)
    late_seen = ("unknown", "timeout", "unknown", None)
    assert by_model(swept) == {**dict.fromkeys(CHAT, OK), **dict(CHAOS), "late": late_seen}


@g.ON_SQLITE
def test_a_model_that_is_not_on_chat_is_found_on_embeddings(engine: Engine, tmp_path: Path) -> None:
    embeds = [
        model("embeds", {"embedding": [0.1, 0.2]}, endpoint="embedding"),
        model("embeds", error(404, NOT_CHAT), endpoint="chat"),
    ]
    with aimock(tmp_path, *embeds) as base_url:
        aim = g.target(base_url)
        first, second = (g.sweep(aim, engine, g.hours(number)) for number in range(2))
    found = ("available", "ok", "embeddings", 200)
    assert by_model(first)["embeds"] == by_model(second)["embeds"] == found
    assert [swept.sweep.requests for swept in (first, second)] == [1 + 5 + 2, 1 + 5 + 1]


@g.ON_SQLITE
def test_rankings_and_judgements_are_asked_where_they_are(engine: Engine, tmp_path: Path) -> None:
    """Its rerank is at /v2 and ranks nothing, which is no answer; its moderation answers for any model."""
    with aimock(tmp_path) as base_url:
        aim = g.target(base_url)
        ranks = ProviderTraits(routes=(Route.RERANK,), paths={Route.RERANK: base_url[:-1] + "2/rerank"})
        judges = ProviderTraits(routes=(Route.MODERATIONS,))
        ranked = g.sweep(replace(aim, traits=ranks), engine, g.NOON)
        g.empty(engine)
        judged = g.sweep(replace(aim, traits=judges), engine, g.NOON)
    assert by_model(ranked) == dict.fromkeys(CHAT, ("unavailable", "invalid_answer", "unknown", 200))
    assert by_model(judged) == dict.fromkeys(CHAT, ("available", "ok", "moderation", 200))


@g.ON_SQLITE
def test_its_retry_after_rests_one_model_and_holds_up_no_other(engine: Engine, tmp_path: Path) -> None:
    """Rule 7; the longer wait beside it, until tokens are left again, is that of another limit."""
    with aimock(tmp_path, model("full", error(429, "Slow down", retryAfter=300))) as base_url:
        headers = ask(base_url, "full", key=KEY).headers
        swept = g.sweep(g.target(base_url, concurrency=1), engine, g.NOON)
    assert (headers["retry-after"], headers["x-ratelimit-reset-tokens"]) == ("300", "6m0s")
    limited = ("rate_limited", "too_many_requests", "unknown", 429)
    assert by_model(swept) == {**dict.fromkeys(CHAT, OK), "full": limited}
    assert swept.sweep.finished_at - swept.sweep.started_at < timedelta(seconds=100)


@g.ON_SQLITE
@pytest.mark.parametrize("key", ["wrong", None])
def test_a_refused_key_is_our_own_trouble(engine: Engine, tmp_path: Path, key: str | None) -> None:
    with aimock(tmp_path) as base_url:
        aim = g.target(base_url)
        g.sweep(aim, engine, g.NOON)
        swept = sweep_with_key(aim, key, engine)
        assert swept.decision.cause == Cause.CREDENTIAL
        assert swept.sweep.detail == "HTTP 401: Invalid API key"
        assert g.sweep(aim, engine, g.hours(2)).decision.verdict is Verdict.CONCLUSIVE
    events = [("credential_rejected", "credential"), ("credential_accepted", "credential")]
    assert g.provider_events(engine) == events
