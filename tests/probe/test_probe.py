"""One probe over a real socket: what is sent in each form, and what is observed."""

import asyncio
import json
from base64 import b64decode
from datetime import UTC, datetime

import pytest

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import KIND_OF, RequestChange, RequestForm, Route
from monitor.probe.stopwatch import Stopwatch
from tests.probe.probing import MODEL, STARTED, probe
from tests.probe.sayings import OK_OF
from tests.probe.wire import CHAT, KEY, Play, Request, answer, saying

FINE = saying(answer(200, CHAT))
HI = [{"role": "user", "content": "hi"}]

# ---- What is sent ----------------------------------------------------------------------

PLAIN: list[tuple[Route, str, dict[str, object]]] = [
    (Route.CHAT, "/v1/chat/completions", {"messages": HI, "max_tokens": 16, "stream": False}),
    (Route.MESSAGES, "/v1/messages", {"messages": HI, "max_tokens": 16, "stream": False}),
    (Route.RESPONSES, "/v1/responses", {"input": "hi", "max_output_tokens": 16, "stream": False}),
    (Route.COMPLETIONS, "/v1/completions", {"prompt": "hi", "max_tokens": 16, "stream": False}),
    (Route.EMBEDDINGS, "/v1/embeddings", {"input": ["hi"]}),
    (Route.RERANK, "/v1/rerank", {"query": "a", "documents": ["b"]}),
    (Route.MODERATIONS, "/v1/moderations", {"input": "hi"}),
    (Route.IMAGE, "/v1/images/generations", {"prompt": "a", "n": 1}),
    (Route.SPEECH, "/v1/audio/speech", {"input": "hi", "voice": "alloy"}),
]


@pytest.mark.parametrize(("route", "target", "body"), PLAIN)
def test_the_smallest_request_of_a_route_is_sent(route: Route, target: str, body: dict[str, object]) -> None:
    _, requests = probe(FINE, form=RequestForm(route))
    assert [(request.method, request.target) for request in requests] == [("POST", target)]
    assert json.loads(requests[0].body) == {"model": MODEL, **body}


def test_every_route_has_a_plain_request() -> None:
    assert {route for route, _, _ in PLAIN} == set(Route)


CHANGED: list[tuple[RequestForm, dict[str, object]]] = [
    (
        RequestForm(Route.CHAT, (RequestChange.MAX_COMPLETION_TOKENS,)),
        {"messages": HI, "max_completion_tokens": 16, "stream": False},
    ),
    (RequestForm(Route.CHAT, (RequestChange.NO_TOKEN_LIMIT,)), {"messages": HI, "stream": False}),
    (
        RequestForm(Route.RESPONSES, (RequestChange.MORE_TOKENS,)),
        {"input": "hi", "max_output_tokens": 512, "stream": False},
    ),
    (
        RequestForm(Route.CHAT, (RequestChange.SYSTEM,)),
        {
            "messages": [{"role": "system", "content": "Answer briefly."}, *HI],
            "max_tokens": 16,
            "stream": False,
        },
    ),
    (
        RequestForm(Route.CHAT, (RequestChange.ASSISTANT_LAST,)),
        {"messages": [*HI, {"role": "assistant", "content": "Hello."}], "stream": False},
    ),
    (RequestForm(Route.CHAT, (RequestChange.STREAM,)), {"messages": HI, "max_tokens": 16, "stream": True}),
    (RequestForm(Route.CHAT, (RequestChange.NO_STREAM,)), {"messages": HI, "max_tokens": 16}),
    (
        RequestForm(Route.EMBEDDINGS, (RequestChange.INPUT_TYPE,)),
        {"input": ["hi"], "input_type": "query", "encoding_format": "float", "truncate": "END"},
    ),
]


@pytest.mark.parametrize(("form", "body"), CHANGED)
def test_a_form_changes_the_plain_request(form: RequestForm, body: dict[str, object]) -> None:
    _, requests = probe(FINE, form=form)
    assert json.loads(requests[0].body) == {"model": MODEL, **body}


@pytest.mark.parametrize(
    ("changes", "types"),
    [
        ((RequestChange.IMAGE,), ["text", "image_url"]),
        ((RequestChange.IMAGE_ALONE, RequestChange.TOOLS), ["image_url"]),
    ],
)
def test_a_picture_is_one_that_every_vision_model_takes(
    changes: tuple[RequestChange, ...], types: list[str]
) -> None:
    body = json.loads(probe(FINE, form=RequestForm(Route.CHAT, changes))[1][0].body)
    content = body["messages"][0]["content"]
    assert [part["type"] for part in content] == types
    picture = b64decode(content[-1]["image_url"]["url"].removeprefix("data:image/png;base64,"))
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert (picture[16:20], picture[20:24]) == ((64).to_bytes(4, "big"),) * 2
    assert ("tools" in body) is (RequestChange.TOOLS in changes)


PATHS = [
    ("/own/{model}/chat", "acme/chat-1.5", "/v1/own/acme/chat-1.5/chat"),
    ("/retrieval/{name_}/reranking", "nvidia/rerank-3.2", "/v1/retrieval/rerank-3_2/reranking"),
    ("/own/{model}", "odd id/ü?#%", "/v1/own/odd%20id/%C3%BC%3F%23%25"),
    ("/own/{name_}", "plain", "/v1/own/plain"),
    ("/own/{name_}", "a/b?c", "/v1/own/b%3Fc"),
]


@pytest.mark.parametrize(("path", "model", "target"), PATHS)
def test_a_path_of_the_providers_own_is_filled_and_quoted(path: str, model: str, target: str) -> None:
    traits = ProviderTraits(paths={Route.CHAT: path})
    _, requests = probe(FINE, model=model, traits=traits)
    assert requests[0].target == target
    assert requests[0].model == model


def test_a_rerank_under_retrieval_is_asked_as_nvidia_wants_it() -> None:
    traits = ProviderTraits(paths={Route.RERANK: "/retrieval/nvidia/{name_}/reranking"})
    _, requests = probe(FINE, form=RequestForm(Route.RERANK), traits=traits)
    assert json.loads(requests[0].body) == {
        "model": MODEL,
        "query": {"text": "a"},
        "passages": [{"text": "b"}],
        "truncate": "END",
    }


@pytest.mark.parametrize(
    ("timeout_s", "seconds"), [(20.0, "18"), (90.0, "88"), (4.9, "2"), (2.5, "1"), (0.5, "1")]
)
def test_the_server_is_asked_for_its_verdict_a_little_before_the_time_is_up(
    timeout_s: float, seconds: str
) -> None:
    _, requests = probe(FINE, traits=ProviderTraits(poll_header="NVCF-POLL-SECONDS"), timeout_s=timeout_s)
    assert requests[0].headers["nvcf-poll-seconds"] == seconds


def test_without_the_quirk_no_seconds_are_sent() -> None:
    assert "nvcf-poll-seconds" not in probe(FINE)[1][0].headers


# ---- What is observed ------------------------------------------------------------------


def test_an_answer_is_an_available_observation_of_the_kind_it_proves() -> None:
    raw = answer(200, CHAT, headers={"Deprecation": "2099-12-31T23:59:59Z"})
    found, _ = probe(saying(raw))
    assert found.observation(MODEL).latency_ms is not None
    assert found.observation(MODEL) == Observation(
        model=MODEL,
        outcome=Outcome.AVAILABLE,
        reason=Reason.OK,
        at_ms=found.observation(MODEL).at_ms,
        kind=Kind.CHAT,
        http_status=200,
        latency_ms=found.observation(MODEL).latency_ms,
        attempts=1,
        retires_at=datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC),
    )
    assert (found.form, found.requests, found.rest_s, found.is_used_up) == (
        RequestForm(Route.CHAT),
        1,
        0.0,
        False,
    )


@pytest.mark.parametrize("route", OK_OF)
def test_what_an_endpoint_answers_proves_its_kind(route: Route) -> None:
    found, _ = probe(saying(answer(200, OK_OF[route].body)), form=RequestForm(route))
    assert (found.observation(MODEL).outcome, found.observation(MODEL).kind) == (
        Outcome.AVAILABLE,
        KIND_OF[route],
    )
    assert found.finding.proves == KIND_OF[route]


def test_a_failure_proves_no_kind() -> None:
    found, _ = probe(saying(answer(404, "404 page not found", headers={"Content-Type": "text/plain"})))
    seen = found.observation(MODEL)
    assert (seen.kind, seen.reason, seen.http_status) == (Kind.UNKNOWN, Reason.NO_ENDPOINT, 404)


def test_words_that_only_a_deployment_has_prove_the_kind_that_was_asked_for() -> None:
    body = {"detail": "Function id 'f': DEGRADED function cannot be invoked"}
    found, _ = probe(saying(answer(400, body)), form=RequestForm(Route.EMBEDDINGS))
    assert (found.observation(MODEL).reason, found.observation(MODEL).kind) == (
        Reason.DEGRADED,
        Kind.EMBEDDINGS,
    )


def test_a_hanging_model_is_an_observation_without_latency() -> None:
    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    seen = probe(hang, timeout_s=2.0)[0].observation(MODEL)
    assert (seen.reason, seen.latency_ms, seen.http_status) == (Reason.TIMEOUT, None, None)
    assert seen.at_ms >= 1999


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        (saying(b""), Reason.CONNECTION_CLOSED),
        (saying(b"\x00\xff what?\r\n\r\n"), Reason.CONNECTION_CLOSED),
        (saying(answer(200, "<!doctype html><html>hello")), Reason.INVALID_ANSWER),
        (saying(answer(599)), Reason.SERVER_ERROR),
        (saying(answer(299, "[" * 5000)), Reason.INVALID_ANSWER),
    ],
)
def test_a_sick_server_is_an_observation(play: Play, reason: Reason) -> None:
    assert probe(play)[0].observation(MODEL).reason == reason


def test_an_echoed_key_is_not_stored() -> None:
    found, _ = probe(saying(answer(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})))
    assert found.observation(MODEL).detail is not None
    assert KEY not in repr(found)


# ---- Rests (rule 7) --------------------------------------------------------------------

LATER = {"Retry-After": "30"}
USED_UP = {"X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": "6m0s"}
LEFT = {"X-RateLimit-Remaining-Requests": "3", "X-RateLimit-Reset-Requests": "6m0s"}
NOBODY = {"error": {"message": "No deployments available for selected model"}}
IN_WORDS = {"error": {"message": "Rate limit reached. Please try again in 2s"}}
WAITS = [
    ("a 429", answer(429, "", headers=LATER), 30.0, False),
    ("a 429 that says so in words", answer(429, {"error": {"message": "try again in 2s"}}), 2.0, False),
    ("a 429 with milliseconds", answer(429, "", headers={"retry-after-ms": "1500"}), 1.5, False),
    ("a 429 without a word", answer(429), 0.0, False),
    ("a 429 of one model", answer(429, NOBODY, headers=LATER), 30.0, False),
    ("a 429 with a reset", answer(429, "", headers=USED_UP), 360.0, True),
    ("a 503", answer(503, "", headers=LATER), 30.0, False),
    ("a 503 without a word", answer(503), 0.0, False),
    ("a 529", answer(529, "", headers=LATER), 30.0, False),
    ("a 500 is asked for no wait", answer(500, "", headers=LATER), 0.0, False),
    ("a limit under another status", answer(200, IN_WORDS), 2.0, False),
    ("an answer that used up the limit", answer(200, CHAT, headers=USED_UP), 0.0, True),
    ("an answer that left some", answer(200, CHAT, headers=LEFT), 0.0, False),
]


@pytest.mark.parametrize(
    ("raw", "rest_s", "is_used_up"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS]
)
def test_a_wait_rests_the_model_that_named_it(raw: bytes, rest_s: float, is_used_up: bool) -> None:
    found, _ = probe(saying(raw))
    assert (found.rest_s, found.is_used_up) == (rest_s, is_used_up)


# ---- The stopwatch ---------------------------------------------------------------------


def test_a_step_of_the_wall_clock_moves_no_observation() -> None:
    ticks = iter([100.0, 101.25, 101.5])
    stopwatch = Stopwatch.start(STARTED, lambda: next(ticks))
    assert stopwatch.at_ms() == 1250
    assert stopwatch.now() == datetime(2026, 11, 21, 0, 0, 1, 500_000, tzinfo=UTC)
