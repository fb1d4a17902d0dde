"""A server that nobody here wrote: mock-llm from npm replays the bodies that providers really send.

The bodies are those of provider facts 2.3. It sends JSON and no headers of one's own,
so what lives by its headers or its plain text is replayed without.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from tests.support import gateway as g
from tests.support.process import WAIT_S
from tests.thirdparty.servers import by_model, npm_server

pytestmark = pytest.mark.e2e

Rule = dict[str, object]
Answer = tuple[int, object]

FUNCTION = "0d5a8e5e-6b1f-4f0e-9c8e-2f3f6a1b7c9d"
CONTAINER = "urn:inference-service:problem-details"
CHAT = [f"meta/llama-{number}b-instruct" for number in range(5)]
OK = ("available", "ok", "chat", 200)


def problem(status: int, title: str, detail: str | None = None, kind: str = "about:blank") -> Answer:
    """Return a problem document as NVIDIA's gateway writes it."""
    return status, {"type": kind, "title": title, "status": status, **({"detail": detail} if detail else {})}


def said(content: str, finish_reason: str = "stop") -> Answer:
    """Return a generation."""
    message = {"role": "assistant", "content": content}
    return 200, {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }


NOT_DEPLOYED = problem(404, "Not Found", f"Function '{FUNCTION}': Not found for account 'Zq8aaa'")
REPLAYED = {
    "cut/short": (said("", "length"), OK),
    "z-ai/glm4.7": (
        problem(
            410,
            "Gone",
            "The model 'z-ai/glm4.7' has reached its end of life on 2026-05-14T00:00:00Z "
            "and is no longer available.",
        ),
        ("unavailable", "end_of_life", "unknown", 410),
    ),
    "sick/deployment": (
        problem(400, "Bad Request", f"Function id '{FUNCTION}': DEGRADED function cannot be invoked"),
        ("unavailable", "degraded", "chat", 400),
    ),
    "of/others": (NOT_DEPLOYED, ("unavailable", "not_for_account", "chat", 404)),
    "not/shared": (
        problem(403, "Forbidden", f"Function '{FUNCTION}':  Not shared with the account 'Zq8aaa'"),
        ("unavailable", "not_for_account", "unknown", 403),
    ),
    "wrong/mapping": (
        problem(404, "Not Found", "Inference error", f"{CONTAINER}:not-found"),
        ("unavailable", "not_found", "unknown", 404),
    ),
    "strict/container": (
        problem(
            400,
            "Bad Request",
            "[{'type': 'less_than_equal', 'loc': ('body','max_tokens'), 'msg': 'Input should be <= 8'}]",
            f"{CONTAINER}:bad-request",
        ),
        ("unknown", "needs_other_request", "chat", 400),
    ),
    "older/nim": (
        (422, {"detail": [{"loc": ["body", "input_type"], "msg": "field required", "type": "missing"}]}),
        ("unknown", "needs_other_request", "unknown", 422),
    ),
    "switched/off": (
        problem(503, "Service Unavailable", "This model is offline for maintenance."),
        ("unavailable", "server_error", "unknown", 503),
    ),
    "all/workers-busy": (
        problem(503, "Error", "ResourceExhausted: Worker local total request limit reached (16/16)"),
        ("rate_limited", "saturated", "unknown", 503),
    ),
    "no/upstream": (
        problem(502, "Bad Gateway", "Upstream request failed."),
        ("unavailable", "server_error", "unknown", 502),
    ),
    "full/queue": (
        (429, {"status": 429, "title": "Too Many Requests"}),
        ("rate_limited", "too_many_requests", "unknown", 429),
    ),
    "over/loaded": ((529, {}), ("rate_limited", "saturated", "unknown", 529)),
    "error/under-200": (
        (200, {"error": {"code": 502, "message": "Provider returned error"}}),
        ("unavailable", "server_error", "unknown", 200),
    ),
}


def rule(path: str, answer: Answer, *, match: str | None = None, sequence: int | None = None) -> Rule:
    """Return a rule: of those that fit, the last one wins."""
    status, body = answer
    more = {"match": match, "sequence": sequence}
    return {
        "path": path,
        "response": {"status": status, "content": json.dumps(body)},
        **{name: value for name, value in more.items() if value is not None},
    }


def of(model: str, answer: Answer, path: str = "/v1/chat/completions$") -> Rule:
    """Return the rule of one model."""
    return rule(path, answer, match=f"body.model == '{model}'")


def listing(*models: str) -> Rule:
    return rule("/v1/models$", (200, {"object": "list", "data": [{"id": each} for each in models]}))


@contextmanager
def mock_llm(place: Path, *rules: Rule) -> Iterator[str]:
    """Serve these rules; without $HOST it would listen on every address of the machine."""
    (place / "rules.yaml").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    where = {"HOST": "127.0.0.1", "PORT": "{port}"}
    script = "@dwmkerr/mock-llm/dist/main.js"
    with npm_server(place, script, "--config", "rules.yaml", environ=where) as address:
        yield f"{address}/v1"


def play(base_url: str, *rules: Rule) -> None:
    """Play other rules from the next request on."""
    config = f"{base_url.removesuffix('/v1')}/config"
    httpx.post(config, json={"rules": rules}, trust_env=False, timeout=WAIT_S).raise_for_status()


ANSWERS = rule("/v1/chat/completions$", said("Hello!"))


@g.ON_SQLITE
def test_real_bodies_are_seen_as_what_they_are(engine: Engine, tmp_path: Path) -> None:
    replayed = [of(model, answer) for model, (answer, _) in REPLAYED.items()]
    with mock_llm(tmp_path, listing(*CHAT, *REPLAYED), ANSWERS, *replayed) as base_url:
        swept = g.sweep(g.target(base_url), engine, g.NOON)
    seen = {model: seen for model, (_, seen) in REPLAYED.items()}
    assert by_model(swept) == {**dict.fromkeys(CHAT, OK), **seen}
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    assert "Zq8aaa" not in repr(g.rows(engine, "SELECT detail FROM observation_history"))


@g.ON_SQLITE
@pytest.mark.parametrize("is_replayed", [True, False], ids=["the gateway's", "its own"])
def test_page_not_found_sends_the_search_to_other_endpoints(
    engine: Engine, tmp_path: Path, is_replayed: bool
) -> None:
    """Its own 404, where no rule fits, is that of Express: `Not Found`, `Cannot POST /v1/...`."""
    vector = 200, {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}]}
    others = ("embeds", "nowhere")
    rules = [
        listing(*CHAT, *others),
        rule("/v1/chat/completions$", said("Hello!"), match="starts_with(body.model, 'meta/')"),
        *(of(model, (404, "404 page not found")) for model in others if is_replayed),
        of("embeds", vector, "/v1/embeddings$"),
    ]
    with mock_llm(tmp_path, *rules) as base_url:
        swept = g.sweep(g.target(base_url), engine, g.NOON)
    assert by_model(swept) == {
        **dict.fromkeys(CHAT, OK),
        "embeds": ("available", "ok", "embeddings", 200),
        "nowhere": ("unknown", "no_endpoint", "unknown", 404),
    }


@g.ON_SQLITE
def test_one_slip_is_asked_about_again_at_once(engine: Engine, tmp_path: Path) -> None:
    slip = rule("/v1/chat/completions$", problem(500, "Internal Server Error"), sequence=0)
    with mock_llm(tmp_path, listing(*CHAT), ANSWERS, slip) as base_url:
        swept = g.sweep(g.target(base_url, concurrency=1), engine, g.NOON)
    assert by_model(swept) == dict.fromkeys(CHAT, OK)
    assert sorted(each.attempts for each in swept.sweep.observations) == [1, 1, 1, 1, 2]


@g.ON_SQLITE
@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (problem(403, "Forbidden", "Authorization failed"), Cause.CREDENTIAL),
        (problem(402, "Payment Required", "Account 'Zq8aaa': Cloud credits expired"), Cause.QUOTA),
        (NOT_DEPLOYED, Cause.CREDENTIAL),
        (problem(502, "Bad Gateway", "Upstream request failed."), Cause.PROVIDER_OUTAGE),
        ((400, {"type": "MissingSessionID"}), Cause.RULE_CHANGE),
    ],
)
def test_the_same_answer_for_all_touches_no_model(
    engine: Engine, tmp_path: Path, answer: Answer, cause: Cause
) -> None:
    with mock_llm(tmp_path, listing(*CHAT), ANSWERS) as base_url:
        aim = g.target(base_url)
        g.sweep(aim, engine, g.NOON)
        before, events = g.statuses(engine), g.model_events(engine)
        play(base_url, listing(*CHAT), rule("/v1/chat/completions$", answer))
        swept = g.sweep(aim, engine, g.hours(1))
        assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, cause)
        assert g.statuses(engine) == before
        play(base_url, listing(*CHAT), ANSWERS)
        assert g.sweep(aim, engine, g.hours(2)).decision.verdict is Verdict.CONCLUSIVE
    assert g.model_events(engine) == events
    assert len(g.provider_events(engine)) == 2
