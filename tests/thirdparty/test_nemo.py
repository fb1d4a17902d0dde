"""A real NeMo Guardrails server in front of a provider of ours: it hides why an answer is empty."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.demo.answers import CannedAnswer, as_json, problem
from monitor.demo.behaviours import Body
from tests.support import gateway as g
from tests.support import scripted as s
from tests.thirdparty.servers import GATEWAYS, START_S, by_model, serving

CHAT = "chat/completions"
OK: tuple[str | int, ...] = ("available", "ok", "chat", 200)
THOUGHT = 100  # tokens of reasoning before the first word
CONFIGURATION = "models: []\npassthrough: true\n"
# Its own command listens on every address of the machine.
START = """
import sys, uvicorn
from nemoguardrails.server import api
api.app.rails_config_path = "."
api.set_default_config_id("plain")
uvicorn.run(api.app, host="127.0.0.1", port=int(sys.argv[1]))
"""


def said(content: str | None, finish_reason: str, **more: object) -> CannedAnswer:
    message = {"role": "assistant", "content": content, **more}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return as_json({"object": "chat.completion", "model": "m", "choices": [choice]})


def thinks(body: Body) -> CannedAnswer:
    """Think first: with few tokens that is all, and the server in between drops it."""
    tokens = body.get("max_tokens")
    if isinstance(tokens, int) and tokens <= THOUGHT:
        return said(None, "length", reasoning_content="Well")
    return said("Hello", "stop")


NOT_FOUND = as_json({"detail": "Not Found"}, 404)
MISSING = as_json(
    {"detail": [{"type": "missing", "loc": ["body", "input_type"], "msg": "Field required"}]}, 422
)
SAYS: dict[str, tuple[s.Says, tuple[str | int, ...]]] = {
    "plain": (said("Hello", "stop"), OK),
    "thinks": (thinks, OK),
    "silent": (said("", "length"), ("unavailable", "invalid_answer")),
    "cut-off": (said("", "network_error"), ("unavailable", "invalid_answer")),
    "gone": (s.complaint("The model `gone` does not exist", 404), ("unavailable", "not_found")),
    "limited": (s.complaint("Rate limit reached", 429), ("rate_limited", "too_many_requests")),
    "rationed": (
        s.complaint("Rate limit reached on tokens per day (TPD): Limit 100000, Used 99822", 429),
        ("rate_limited", "model_quota"),
    ),
    "broke": (
        s.complaint("You exceeded your current quota, please check your plan and billing details", 429),
        ("unavailable", "not_for_account"),
    ),
    "locked": (s.complaint("You do not have access to this model", 403), ("unavailable", "not_for_account")),
    "vectors": (NOT_FOUND, ("unknown", "no_endpoint")),
    "strict": (MISSING, ("unavailable", "server_error")),
    "ended": (
        problem(410, "Gone", "The model 'ended' has reached its end of life"),
        ("unavailable", "end_of_life"),
    ),
}


@pytest.fixture(scope="module")
def provider() -> Iterator[g.Gateway]:
    with g.gateway(
        s.scripted({model: {CHAT: says} for model, (says, _) in SAYS.items()}), api_key=None
    ) as there:
        yield there


@pytest.fixture(scope="module")
def guarded(provider: g.Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the base URL of the server."""
    place = tmp_path_factory.mktemp("nemo")
    (place / "plain").mkdir()
    (place / "plain/config.yml").write_text(CONFIGURATION, encoding="utf-8")
    environ = {
        "MAIN_MODEL_ENGINE": "openai",
        "MAIN_MODEL_BASE_URL": provider.base_url,
        "OPENAI_API_KEY": "none",
    }
    with serving(
        place, GATEWAYS / "python", "-c", START, "{port}", environ=environ, within_s=START_S
    ) as address:
        yield f"{address}/v1"


@g.ON_SQLITE
def test_each_model_is_seen_as_what_it_is(engine: Engine, guarded: str, provider: g.Gateway) -> None:
    provider.forget()
    swept = g.sweep(g.target(guarded, timeout_s=30), engine, g.NOON)
    seen = by_model(swept)
    assert {model: seen[model][: len(expected)] for model, (_, expected) in SAYS.items()} == {
        model: expected for model, (_, expected) in SAYS.items()
    }
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    limits = [each.body.get("max_tokens") for each in provider.probes if each.model == "thinks"]
    assert len(limits) == 2
    assert all(isinstance(each, int) for each in limits), "it passes no other limit on than this one"
