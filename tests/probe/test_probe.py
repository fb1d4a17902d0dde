"""One probe over a real socket: what is sent, and what is observed."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from monitor.core.model import Kind, Observation, Outcome, Reason
from monitor.http import open_client
from monitor.probe.probe import Answer, probe_model
from monitor.probe.stopwatch import Stopwatch
from tests.probe.wire import CHAT, KEY, Play, Request, answer, saying, serve

STARTED = datetime(2026, 11, 21, tzinfo=UTC)
MODEL = "acme/chat-1"


def probe(
    play: Play, *, known_kind: str = Kind.UNKNOWN, timeout_s: float = 5
) -> tuple[Answer, list[Request]]:
    async def run() -> tuple[Answer, list[Request]]:
        async with serve(play) as wire, open_client(wire.endpoint()) as client:
            found = await probe_model(
                client,
                wire.endpoint(),
                MODEL,
                timeout_s=timeout_s,
                stopwatch=Stopwatch.start(STARTED),
                known_kind=known_kind,
            )
        return found, wire.requests

    return asyncio.run(run())


def test_the_smallest_chat_request_is_sent() -> None:
    _, requests = probe(saying(answer(200, CHAT)))
    assert [(request.method, request.target) for request in requests] == [("POST", "/v1/chat/completions")]
    assert json.loads(requests[0].body) == {
        "model": MODEL,
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 16,
    }


def test_an_answer_is_an_available_observation_of_the_kind_it_proves() -> None:
    observation = probe(saying(answer(200, CHAT, headers={"Deprecation": "2099-12-31T23:59:59Z"})))[
        0
    ].observation
    assert observation.latency_ms is not None
    assert observation == Observation(
        model=MODEL,
        outcome=Outcome.AVAILABLE,
        reason=Reason.OK,
        at_ms=observation.at_ms,
        kind=Kind.CHAT,
        http_status=200,
        latency_ms=observation.latency_ms,
        attempts=1,
        retires_at=datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("known", "reason"), [(Kind.CHAT, Reason.NOT_FOUND), (Kind.UNKNOWN, Reason.NO_ENDPOINT)]
)
def test_a_failure_keeps_the_remembered_kind(known: Kind, reason: Reason) -> None:
    observation = probe(saying(answer(404, "404 page not found")), known_kind=known)[0].observation
    assert (observation.kind, observation.reason, observation.http_status) == (known, reason, 404)


def test_a_hanging_model_is_an_observation_without_latency() -> None:
    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    observation = probe(hang, timeout_s=0.2)[0].observation
    assert (observation.reason, observation.latency_ms, observation.http_status) == (
        Reason.TIMEOUT,
        None,
        None,
    )
    assert observation.at_ms >= 190


@pytest.mark.parametrize(
    ("raw", "pause_s"),
    [
        (answer(429, "", headers={"Retry-After": "30"}), 30.0),
        (answer(429, {"error": {"message": "try again in 2s"}}), 2.0),
        (answer(429), None),
        (answer(503, "", headers={"Retry-After": "30"}), None),
    ],
)
def test_only_a_429_pauses_the_provider(raw: bytes, pause_s: float | None) -> None:
    """Rule 7."""
    assert probe(saying(raw))[0].pause_s == pause_s


def test_an_echoed_key_is_not_stored() -> None:
    found, _ = probe(saying(answer(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})))
    assert found.observation.detail is not None
    assert KEY not in repr(found)


def test_a_step_of_the_wall_clock_moves_no_observation() -> None:
    ticks = iter([100.0, 101.25, 101.5])
    stopwatch = Stopwatch.start(STARTED, lambda: next(ticks))
    assert stopwatch.at_ms() == 1250
    assert stopwatch.now() == datetime(2026, 11, 21, 0, 0, 1, 500_000, tzinfo=UTC)
