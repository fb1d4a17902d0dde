"""The most used gateway, LiteLLM's proxy, in front of another server that nobody here wrote, and swept.

It is slow to start, so one runs for all tests here. It has no database: that is why a wrong key is a 400
and no key a 500. Its models answer by themselves, or by llmock behind them, whose errors it rewrites.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from tests.support import gateway as g
from tests.support.command import KEY, config_file, monitor
from tests.thirdparty.servers import (
    LITELLM,
    START_S,
    ask,
    by_model,
    llmock,
    script_llmock,
    serving,
    sweep_with_key,
)

CHAT = [f"chat-{number}" for number in range(5)]
BEHIND = {f"behind-{status}": status for status in (400, 402, 403, 422, 429, 500, 503, 504, 529)}
OK = ("available", "ok", "chat", 200)
SEEN = {
    **dict.fromkeys([*CHAT, "behind", "resting"], OK),
    "embedder": ("available", "ok", "embeddings", 200),
    "limited": ("rate_limited", "too_many_requests", "unknown", 429),
    "rationed": ("rate_limited", "too_many_requests", "unknown", 429),
    "broken": ("unavailable", "server_error", "unknown", 500),
    "away": ("unavailable", "server_error", "unknown", 500),
    "slow": ("unknown", "timeout", "unknown", 408),
    "too-long": ("unknown", "bad_request", "unknown", 400),
    "behind-400": ("unknown", "bad_request", "unknown", 400),
    "behind-402": ("unavailable", "not_for_account", "unknown", 402),
    "behind-403": ("unavailable", "not_for_account", "unknown", 403),
    "behind-422": ("unknown", "bad_request", "unknown", 422),
    "behind-429": ("rate_limited", "too_many_requests", "unknown", 429),
    "behind-500": ("unavailable", "server_error", "unknown", 500),
    "behind-503": ("unavailable", "server_error", "unknown", 503),
    "behind-504": ("unavailable", "no_capacity", "unknown", 504),
    "behind-529": ("rate_limited", "saturated", "unknown", 529),
}


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its base URL, and the address of the llmock behind it."""

    base_url: str
    behind: str


def model(name: str, *, mode: str | None = None, **parameters: object) -> dict[str, object]:
    """Return a row of its configuration."""
    parameters = {"model": f"openai/{name}", "api_key": "none", **parameters}
    return {
        "model_name": name,
        "litellm_params": parameters,
        "model_info": {"id": name, **({"mode": mode} if mode else {})},
    }


def models(behind: str) -> list[dict[str, object]]:
    """Return all rows, those with a backend at this address."""
    nowhere = f"http://127.0.0.1:{g.closed_port()}/v1"
    return [
        *(model(name, mock_response="hello") for name in CHAT),
        model("embedder", mode="embedding", mock_response=[0.1, 0.2]),
        model("limited", mock_response="litellm.RateLimitError"),
        model("rationed", mock_response="hello", rpm=0),
        model("broken", mock_response="litellm.InternalServerError"),
        model("slow", mock_timeout=True, timeout=0.2),
        model("too-long", mock_response="litellm.ContextWindowExceededError"),
        model("away", api_base=nowhere),
        *(model(name, api_base=f"{behind}/v1", timeout=120) for name in ("behind", "resting", *BEHIND)),
    ]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    place = tmp_path_factory.mktemp("litellm")
    with llmock(place) as behind:
        configuration = {
            "model_list": models(behind),
            "general_settings": {"master_key": KEY},
            "router_settings": {"num_retries": 0, "optional_pre_call_checks": ["enforce_model_rate_limits"]},
        }
        (place / "config.yaml").write_text(json.dumps(configuration), encoding="utf-8")
        with serving(
            place,
            *(LITELLM, "--config", "config.yaml", "--telemetry", "False"),
            *("--host", "127.0.0.1", "--port", "{port}"),
            environ={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            within_s=START_S,
        ) as address:
            yield Proxy(f"{address}/v1", behind)


def fail(name: str, status: int, retry_after: float | None = None) -> dict[str, object]:
    """Describe a model behind the proxy that answers with an error every time."""
    match = {"path": "*/chat/completions", "model": name}
    return {"type": "fail", "status": status, "times": None, "retry_after": retry_after, "match": match}


@g.ON_SQLITE
def test_each_model_is_seen_as_what_it_is(engine: Engine, proxy: Proxy) -> None:
    script_llmock(proxy.behind, *(fail(name, status, 3) for name, status in BEHIND.items()))
    swept = g.sweep(g.target(proxy.base_url), engine, g.NOON)
    assert swept.sweep.listed == tuple(row["model_name"] for row in models(""))
    assert by_model(swept) == SEEN
    assert swept.decision.verdict is Verdict.CONCLUSIVE


@g.ON_SQLITE
def test_a_key_it_does_not_know_says_nothing_of_its_models(engine: Engine, proxy: Proxy) -> None:
    aim = g.target(proxy.base_url)
    assert g.sweep(aim, engine, g.NOON).decision.verdict is Verdict.CONCLUSIVE
    swept = sweep_with_key(aim, "sk-wrong", engine)
    assert swept.sweep.detail == "HTTP 400: No connected db."


@g.ON_SQLITE
def test_a_key_it_does_not_know_is_told_as_such(engine: Engine, proxy: Proxy) -> None:
    swept = g.sweep(g.target(proxy.base_url, key="sk-wrong"), engine, g.NOON)
    assert swept.decision.cause == Cause.CREDENTIAL


@g.ON_SQLITE
def test_no_key_says_nothing_of_its_models(engine: Engine, proxy: Proxy) -> None:
    aim = g.target(proxy.base_url)
    g.sweep(aim, engine, g.NOON)
    assert ask(proxy.base_url, CHAT[0]).status_code == 500
    swept = sweep_with_key(aim, None, engine)
    assert swept.decision.cause == Cause.CATALOG_UNREADABLE
    assert swept.sweep.detail == "HTTP 500: Internal Server Error"


def test_a_live_check_knows_a_model_from_none_and_from_a_wrong_key(proxy: Proxy, tmp_path: Path) -> None:
    config = config_file(tmp_path, proxy.base_url, f"sqlite:///{tmp_path}/monitor.db")

    def check(name: str, key: str = KEY) -> tuple[int, str, str, int]:
        done = monitor(config, "check", name, "--live", "--json", key=key)
        seen = json.loads(done.stdout)
        return done.returncode, seen["outcome"], seen["reason"], seen["http_status"]

    assert check(CHAT[0]) == (0, "available", "ok", 200)
    assert "Invalid model name passed in model=nobody" in ask(proxy.base_url, "nobody", key=KEY).text
    assert check("nobody") == (1, "unavailable", "not_found", 400)
    assert ask(proxy.base_url, CHAT[0], key="sk-wrong").json()["error"]["type"] == "no_db_connection"
    assert check(CHAT[0], "sk-wrong") == (3, "unknown", "credential", 400)


@g.ON_SQLITE
def test_a_model_that_rests_after_its_own_errors_does_not_answer(engine: Engine, proxy: Proxy) -> None:
    """Its router asks a failed backend no more for a while, and says so with the status of a rate limit."""
    script_llmock(proxy.behind, fail("resting", 404, retry_after=3))
    first, second = (ask(proxy.base_url, "resting", key=KEY) for _ in range(2))
    assert first.status_code == 404
    assert (second.status_code, second.headers["retry-after"]) == (429, "3")
    assert second.json()["error"]["type"] == "all_deployments_in_cooldown"
    swept = g.sweep(g.target(proxy.base_url), engine, g.NOON)
    assert by_model(swept)["resting"][0] != "rate_limited"
