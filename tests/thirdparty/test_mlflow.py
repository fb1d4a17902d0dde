"""A real MLflow gateway in front of a provider of ours: it has no list, and keeps little of an error."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.demo.answers import as_json
from monitor.sweep import Target
from tests.support import gateway as g
from tests.support import scripted as s
from tests.thirdparty.servers import GATEWAYS, START_S, ask, by_model, serving

CHAT = "chat/completions"
OK: tuple[str | int, ...] = ("available", "ok", "chat", 200)
EMBEDS: tuple[str | int, ...] = ("available", "ok", "embeddings", 200)
REPLY = as_json(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "plain-2026-08-06",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
)
VECTOR = as_json(
    {
        "object": "list",
        "model": "vectors",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }
)
NO_MONEY = "You exceeded your current quota, please check your plan and billing details"
SAYS: dict[str, tuple[str, s.Says, tuple[str | int, ...]]] = {
    "plain": (CHAT, REPLY, OK),
    "vectors": ("embeddings", VECTOR, EMBEDS),
    "gone": (CHAT, s.complaint("The model `gone` does not exist", 404), ("unavailable", "not_found")),
    "limited": (CHAT, s.complaint("Rate limit reached", 429), ("rate_limited", "too_many_requests")),
    "broke": (CHAT, s.complaint(NO_MONEY, 429), ("unavailable", "not_for_account")),
    "waking": (CHAT, s.complaint("Loading model", 503), ("rate_limited", "saturated")),
}
NOT_CONFIGURED = "nobody"


@pytest.fixture(scope="module")
def provider() -> Iterator[g.Gateway]:
    world = s.scripted({model: {endpoint: says} for model, (endpoint, says, _) in SAYS.items()})
    with g.gateway(world, api_key=None) as there:
        yield there


@pytest.fixture(scope="module")
def aim(provider: g.Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Give a target with its models named, as the gateway has no list."""
    place = tmp_path_factory.mktemp("mlflow")
    settings = {"openai_api_key": "none", "openai_api_base": provider.base_url}
    endpoints = [
        {
            "name": model,
            "endpoint_type": "llm/v1/embeddings" if endpoint == "embeddings" else "llm/v1/chat",
            "model": {"provider": "openai", "name": model, "config": settings},
        }
        for model, (endpoint, _, _) in SAYS.items()
    ]
    (place / "gateway.yaml").write_text(json.dumps({"endpoints": endpoints}), encoding="utf-8")
    command = ("-m", "uvicorn", "--factory", "mlflow.gateway.app:create_app_from_env")
    with serving(
        place,
        *(GATEWAYS / "python", *command, "--host", "127.0.0.1", "--port", "{port}"),
        environ={"MLFLOW_GATEWAY_CONFIG": "gateway.yaml"},
        within_s=START_S,
    ) as address:
        yield replace(g.target(f"{address}/v1"), models=(*SAYS, NOT_CONFIGURED))


@g.ON_SQLITE
def test_each_named_model_is_seen_as_what_it_is(engine: Engine, aim: Target) -> None:
    swept = g.sweep(aim, engine, g.NOON)
    seen = by_model(swept)
    assert {model: seen[model][: len(expected)] for model, (_, _, expected) in SAYS.items()} == {
        model: expected for model, (_, _, expected) in SAYS.items()
    }
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    served = {each.model: each.served_as for each in swept.sweep.observations}
    assert served["plain"] == "plain-2026-08-06"


@g.ON_SQLITE
def test_an_embedding_endpoint_is_asked_once_when_it_is_known(
    engine: Engine, aim: Target, provider: g.Gateway
) -> None:
    aim = replace(aim, models=("plain", "vectors"))
    first, second = (g.sweep(aim, engine, g.hours(hour)) for hour in (0, 1))
    assert by_model(second) == {"plain": OK, "vectors": EMBEDS}
    assert [each.attempts for each in first.sweep.observations] == [1, 2]
    assert [each.attempts for each in second.sweep.observations] == [1, 1]
    assert len([each for each in provider.probes if each.model == "vectors"]) >= 2


@g.ON_SQLITE
def test_a_name_it_was_not_given_is_a_server_error_to_it(engine: Engine, aim: Target) -> None:
    """It does not say that it knows no such name, so neither can a sweep."""
    assert ask(aim.endpoint.base_url, NOT_CONFIGURED).text == "Internal Server Error"
    swept = g.sweep(replace(aim, models=("plain", NOT_CONFIGURED)), engine, g.NOON)
    assert by_model(swept)[NOT_CONFIGURED] == ("unavailable", "server_error", "unknown", 500)
