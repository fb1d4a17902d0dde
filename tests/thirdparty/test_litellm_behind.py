"""LiteLLM's proxy in front of a real embedding server and of a provider of ours: whom a sweep disturbs there.

After one 404 the proxy lets a model rest for five seconds, for everybody and on every endpoint; and whatever
its providers say, it says in its own words.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Verdict
from monitor.demo.answers import CannedAnswer, as_json
from tests.support import gateway as g
from tests.support import scripted as s
from tests.support.command import KEY
from tests.support.process import WAIT_S
from tests.thirdparty.servers import LITELLM, START_S, by_model, infinity, requests_in, serving

CHAT = "chat/completions"
OK, EMBEDS = ("available", "ok", "chat", 200), ("available", "ok", "embeddings", 200)
SWEEPS = 10
TALKERS = [f"talker-{number}" for number in range(5)]
NO_KIND, KIND = "team/mist", "team/fog"  # both embed; of the first, neither its name nor the catalog says so


def said(content: str, finish_reason: str) -> CannedAnswer:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 1, "completion_tokens": len(content), "total_tokens": 1 + len(content)}
    return as_json({"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})


HELLO = said("Hello", "stop")
REFUSED: dict[str, tuple[CannedAnswer, tuple[str, str]]] = {
    "gone": (s.complaint("The model `gone` does not exist", 404), ("unavailable", "not_found")),
    "unnamed": (s.complaint("Model Not Exist"), ("unavailable", "not_found")),
    "locked": (s.complaint("You do not have access to this model", 403), ("unavailable", "not_for_account")),
    "broke": (
        s.complaint(
            "You exceeded your current quota, please check your plan and billing details",
            429,
            code="insufficient_quota",
        ),
        ("unavailable", "not_for_account"),
    ),
    "rationed": (
        s.complaint("Rate limit reached on tokens per day (TPD): Limit 100000, Used 99822", 429),
        ("rate_limited", "model_quota"),
    ),
    "waits": (
        replace(s.complaint("Rate limit reached", 429), headers={"retry-after": "3600"}),
        ("rate_limited", "too_many_requests"),
    ),
    "cut-off": (said("", "network_error"), ("unavailable", "invalid_answer")),
    "replaced": (s.complaint("The model `replaced` does not exist", 404), ("unavailable", "fallback")),
}
MOST_ASKED = 3


@dataclass
class Caller:
    """Somebody else who embeds through the proxy, and waits where it is asked to wait."""

    base_url: str
    answers: Counter[int] = field(default_factory=Counter)
    _stops: Event = field(default_factory=Event)

    @contextmanager
    def calling(self, *models: str) -> Iterator[None]:
        """Call from a thread for each model, to the end of the block."""
        threads = [Thread(target=self._call, args=(model,), daemon=True) for model in models]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stops.set()
            for thread in threads:
                thread.join(WAIT_S)

    def _call(self, model: str) -> None:
        with httpx.Client(
            trust_env=False, timeout=WAIT_S, headers={"authorization": f"Bearer {KEY}"}
        ) as client:
            while not self._stops.is_set():
                body = {"model": model, "input": ["hi"]}
                answer = client.post(f"{self.base_url}/embeddings", json=body)
                self.answers[answer.status_code] += 1
                self._stops.wait(float(answer.headers.get("retry-after", 0.2)))


@dataclass(frozen=True)
class Proxied:
    """A running proxy: its base URL, the provider behind it, and the place of the embedding server."""

    base_url: str
    provider: g.Gateway
    embedder: Path


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    place, embedder = tmp_path_factory.mktemp("litellm"), tmp_path_factory.mktemp("infinity")
    world = s.scripted(
        {
            **{each: {CHAT: HELLO} for each in TALKERS},
            **{each: {CHAT: says} for each, (says, _) in REFUSED.items()},
        }
    )
    with g.gateway(world, api_key=None) as provider, infinity(embedder, "mist", "fog") as vectors:
        write_configuration(place / "config.yaml", provider.base_url, vectors)
        with serving(
            place,
            *(LITELLM, "--config", "config.yaml", "--telemetry", "False"),
            *("--host", "127.0.0.1", "--port", "{port}"),
            environ={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            within_s=START_S,
        ) as address:
            yield Proxied(f"{address}/v1", provider, embedder)


def write_configuration(file: Path, provider: str, vectors: str) -> None:
    """Write that of a proxy which has a fallback for one model and repeats nothing by itself."""

    def row(name: str, behind: str, **info: str) -> dict[str, object]:
        parameters = {"model": f"openai/{name.removeprefix('team/')}", "api_base": behind, "api_key": "none"}
        return {"model_name": name, "litellm_params": parameters, "model_info": {"id": name, **info}}

    rows = [
        *(row(name, provider) for name in (*TALKERS, *REFUSED)),
        row(NO_KIND, vectors),
        row(KIND, vectors, mode="embedding"),
    ]
    settings = {
        "model_list": rows,
        "general_settings": {"master_key": KEY},
        "router_settings": {"num_retries": 0, "fallbacks": [{"replaced": [TALKERS[0]]}]},
    }
    file.write_text(json.dumps(settings), encoding="utf-8")


@g.ON_SQLITE
def test_ten_sweeps_cost_other_callers_at_most_one_embedding(engine: Engine, proxied: Proxied) -> None:
    """Rule 38."""
    caller = Caller(proxied.base_url)
    aim = g.target(proxied.base_url, policy=Policy(exclude=tuple(REFUSED)))
    with caller.calling(NO_KIND, KIND):
        swept = [g.sweep(aim, engine, g.hours(hour)) for hour in range(SWEEPS)]
    for each in swept:
        assert each.decision.verdict is Verdict.CONCLUSIVE
        assert {model: by_model(each)[model] for model in (NO_KIND, KIND)} == {NO_KIND: EMBEDS, KIND: EMBEDS}
    assert sum(count for status, count in caller.answers.items() if status != 200) <= 1
    assert caller.answers[200] > SWEEPS
    wrong = sum(count for line, count in requests_in(proxied.embedder).items() if "chat/completions" in line)
    assert wrong <= 1


@g.ON_SQLITE
def test_what_its_providers_say_is_read_in_its_own_words(engine: Engine, proxied: Proxied) -> None:
    """Rules 6, 7, 37 and 39; whoever is refused costs few requests."""
    proxied.provider.forget()
    swept = g.sweep(g.target(proxied.base_url), engine, g.NOON)
    seen = by_model(swept)
    assert {each: seen[each] for each in TALKERS} == dict.fromkeys(TALKERS, OK)
    assert {each: seen[each][:2] for each in REFUSED} == {
        each: expected for each, (_, expected) in REFUSED.items()
    }
    asked = Counter(each.model for each in proxied.provider.probes)
    assert {each: asked[each] for each in REFUSED if asked[each] > MOST_ASKED} == {}
    assert swept.decision.verdict is Verdict.CONCLUSIVE
