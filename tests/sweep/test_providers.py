"""Several providers, and what their presets bring along: headers, forms of asking, independence."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.app.wiring.application import App
from monitor.app.wiring.targets import target_of
from monitor.config import parse_settings
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.rows import SweepRow
from monitor.demo.answers import CannedAnswer, WireFault, as_json
from monitor.store.query import sweeps
from monitor.sweep import Target
from tests.support import gateway as g
from tests.support import scripted as s
from tests.support.command import KEY, KEY_VARIABLE, PROVIDER, config_file
from tests.support.process import Process, wait_for

CHAT = "chat/completions"
STREAM = "".join(
    f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': word}}]})}\n\n"
    for word in ("He", "llo", "!")
)
MESSAGE = as_json({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}]})


def preset(name: str, base_url: str, **keys: object) -> Target:
    """Return the target of a provider configured by its preset, at another address, as fast as can be."""
    lines = [
        f'name = "{name}"', f'preset = "{name}"', f'base_url = "{base_url}"', 'api_key_env = "K"',
        "requests_per_minute = 0", "starts_per_second = 5000.0", 'timeout = "30s"', 'slow_timeout = "30s"',
        *(f"{key} = {json.dumps(value)}" for key, value in keys.items()),
    ]  # fmt: skip
    settings = parse_settings("[[providers]]\n" + "\n".join(lines) + "\n", "test")
    return target_of(App(settings, {"K": KEY}), settings.providers[0])


@g.ON_SQLITE
def test_the_nvidia_preset_asks_the_server_for_its_own_verdict(engine: Engine) -> None:
    world = s.scripted({"a/m": {CHAT: s.OK}, "a/embed": {"embeddings": s.VECTOR}})
    with g.gateway(world) as there:
        aim = preset("nvidia", there.base_url, same_model_gap="10ms")
        swept = g.sweep(aim, engine, g.NOON)
        assert {each.headers["nvcf-poll-seconds"] for each in there.probes} == {"28"}
        typed = [each.body for each in there.probes if each.path.endswith("/embeddings")]
    assert [body["input_type"] for body in typed] == ["query"]
    assert {str(each.kind) for each in swept.sweep.observations} == {"chat", "embeddings"}


@g.ON_SQLITE
def test_a_nim_reranker_is_asked_under_the_configured_address_alone(engine: Engine) -> None:
    rankings = as_json({"rankings": [{"index": 0, "logit": 0.5}]})
    world = s.scripted({"nvidia/rerank-qa-4.1": {"retrieval/nvidia/rerank-qa-4_1/reranking": rankings}})
    with g.gateway(world) as there:
        swept = g.sweep(preset("nvidia", there.base_url, same_model_gap="10ms"), engine, g.NOON)
        asked = [each.path for each in there.probes]
    assert asked[-1] == "/v1/retrieval/nvidia/rerank-qa-4_1/reranking"
    assert [str(each.kind) for each in swept.sweep.observations] == ["rerank"]


@g.ON_SQLITE
def test_the_anthropic_preset_speaks_anthropics_form(engine: Engine) -> None:
    with g.gateway(s.scripted({"claude-x": {"messages": MESSAGE}}), api_key=None) as there:
        swept = g.sweep(preset("anthropic", there.base_url), engine, g.NOON)
        (probe,) = there.probes
        assert (probe.headers["x-api-key"], probe.headers["anthropic-version"]) == (KEY, "2023-06-01")
    (seen,) = swept.sweep.observations
    assert (str(seen.outcome), str(seen.kind)) == ("available", "chat")


@g.ON_SQLITE
def test_a_stream_tells_when_the_first_token_came(engine: Engine) -> None:
    streaming = CannedAnswer(200, STREAM + "data: [DONE]\n\n", "text/event-stream")
    refusing = s.if_without("stream", s.complaint("streaming is not supported for this model"))
    world = s.scripted(
        {"a/streams": {CHAT: streaming}, "a/plain": {CHAT: refusing}, "a/e": {"embeddings": s.VECTOR}}
    )
    with g.gateway(world) as there:
        aim = replace(g.target(there.base_url), streamed=True)
        for hour in range(2):
            there.forget()
            swept = g.sweep(aim, engine, g.hours(hour))
        assert {each.model: "stream" in each.body for each in there.probes} == {
            "a/streams": True, "a/plain": False, "a/e": False,
        }  # fmt: skip
    assert {str(each.outcome) for each in swept.sweep.observations} == {"available"}
    told = g.rows(engine, "SELECT model, latency_ms, first_token_ms FROM stream_history")
    assert {model for model, _, _ in told} == {"a/streams"}
    assert all(first <= latency for _, latency, first in told)


@g.ON_SQLITE
def test_a_key_that_is_limited_for_a_while_slows_the_sweep_down_and_it_recovers(engine: Engine) -> None:
    busy, requests = CannedAnswer(429, '{"title": "Too Many Requests"}'), count()
    models = {f"a/m{number:02}": {CHAT: s.OK} for number in range(40)}
    limited = {model: {CHAT: lambda _body: busy if 10 <= next(requests) < 40 else s.OK} for model in models}
    with g.gateway(s.scripted(limited), latency_s=0.01) as there:
        aim = g.target(there.base_url, concurrency=8)
        g.sweep(aim, engine, g.NOON)
        slowed = aim.pacer.interval_s
        there.show(s.scripted(models))
        for hour in (1, 2, 3):
            g.sweep(aim, engine, g.hours(hour))
    assert slowed > 0.0002
    assert aim.pacer.interval_s < slowed


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_a_slow_provider_never_delays_another(engine: Engine, database_url: str, tmp_path: Path) -> None:
    silent = s.scripted({f"a/m{number}": {CHAT: CannedAnswer(fault=WireFault.HANG)} for number in range(20)})
    with g.gateway(silent) as slow, g.gateway(s.scripted({"a/m": {CHAT: s.OK}})) as fast:
        config = config_file(tmp_path, fast.base_url, database_url, interval="5s", grace="0s")
        more = {"name": "slow", "base_url": slow.base_url, "api_key_env": KEY_VARIABLE, "interval": "1h",
                "timeout": "90s"}  # fmt: skip
        lines = ["[[providers]]", *(f"{key} = {json.dumps(value)}" for key, value in more.items())]
        config.write_text(config.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
        with Process(config, "run") as daemon:
            wait_for(lambda: len(finished(engine, PROVIDER)) >= 3, daemon)
            assert slow.probes
            assert finished(engine, "slow") == []
    late = [each.started_at - each.slot for each in finished(engine, PROVIDER) if each.slot]
    assert late
    assert max(late) < timedelta(seconds=30), "the slow provider is waited for that long"


def finished(engine: Engine, provider: str) -> list[SweepRow]:
    return [
        each for each in sweeps(engine, provider) if each.finished_at and each.verdict is Verdict.CONCLUSIVE
    ]
