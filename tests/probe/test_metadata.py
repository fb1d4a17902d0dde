"""A look at the metadata says nothing of whether a model answers (rules.md 28)."""

import asyncio

import pytest

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.http import open_client
from monitor.probe.probe import ProviderSession, check_metadata
from monitor.probe.stopwatch import Stopwatch
from tests.probe.probing import STARTED
from tests.probe.wire import CHAT, Play, Request, answer, saying, serve


def look(
    play: Play, model: str = "acme/m-1", *, timeout_s: float = 30.0
) -> tuple[Observation, list[Request]]:
    async def run() -> tuple[Observation, list[Request]]:
        async with serve(play) as wire, open_client(wire.endpoint()) as client:
            session = ProviderSession(
                client=client, endpoint=wire.endpoint(), stopwatch=Stopwatch.start(STARTED)
            )
            seen = await check_metadata(session, model, timeout_s=timeout_s, kind=Kind.EMBEDDINGS)
            return seen, wire.requests

    return asyncio.run(run())


async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


SAID = [
    ("it is there", saying(answer(200, {"id": "acme/m-1"})), 200),
    ("it even answers", saying(answer(200, CHAT)), 200),
    ("it is not there", saying(answer(404)), 404),
    ("it is gone", saying(answer(410, {"detail": "end of life"})), 410),
    ("it is switched off", saying(answer(503, "", headers={"Retry-After": "10800"})), 503),
    ("the key is refused", saying(answer(401)), 401),
    ("too many requests", saying(answer(429)), 429),
    ("the address is wrong", saying(answer(302)), 302),
    ("nothing comes", hang, None),
    ("the connection closes", saying(b""), None),
    ("garbage", saying(b"\x00\xff what?\r\n\r\n"), None),
]


@pytest.mark.parametrize(("play", "status"), [row[1:] for row in SAID], ids=[row[0] for row in SAID])
def test_whatever_a_look_finds_the_model_stays_unknown(play: Play, status: int | None) -> None:
    seen, _ = look(play, timeout_s=2.0 if play is hang else 30.0)
    assert (seen.outcome, seen.reason) == (Outcome.UNKNOWN, Reason.LOOKED_UP)
    assert (seen.http_status, seen.kind, seen.attempts) == (status, Kind.EMBEDDINGS, 1)
    assert (seen.latency_ms, seen.retires_at, seen.detail) == (None, None, None)


@pytest.mark.parametrize(
    ("model", "target"),
    [("acme/m-1", "/v1/models/acme/m-1"), ("odd id?#%", "/v1/models/odd%20id%3F%23%25")],
)
def test_the_metadata_of_the_model_alone_is_read(model: str, target: str) -> None:
    _, requests = look(saying(answer(200)), model)
    assert [(request.method, request.target, request.body) for request in requests] == [("GET", target, b"")]
