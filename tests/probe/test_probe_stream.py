"""A streamed probe tells when the first token came and how fast the others followed."""

import asyncio
import json

import pytest

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.core.request.forms import RequestChange, RequestForm, Route
from tests.probe.probing import MODEL, probe
from tests.probe.wire import CHAT, Play, Request, answer, saying

STREAMED = RequestForm(Route.CHAT, (RequestChange.STREAM,))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
EVENT_S = 0.05


def chunk(text: str, **more: object) -> dict[str, object]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}], **more}


ROLE: dict[str, object] = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
WORDS = [chunk(f"word {number} ") for number in range(5)]
ANTHROPIC = [
    {"type": "message_start", "message": {"type": "message", "content": []}},
    *({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}} for _ in range(5)),
]


def streaming(*events: object, first_after_s: float = 0.03, is_whole: bool = True) -> Play:
    """Send an empty beginning at once, then one event after the other."""

    async def play(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"data: " + json.dumps(ROLE).encode() + b"\n\n")
        await writer.drain()
        await asyncio.sleep(first_after_s)
        for event in events:
            writer.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            await writer.drain()
            await asyncio.sleep(EVENT_S)
        if is_whole:
            writer.write(b"data: [DONE]\n\n")
            return
        await asyncio.sleep(30)

    return play


def seen_of(play: Play, form: RequestForm = STREAMED, *, timeout_s: float = 30.0) -> Observation:
    return probe(play, form=form, timeout_s=timeout_s)[0].observation(MODEL)


def times_of(seen: Observation) -> tuple[int, int]:
    assert seen.first_token_ms is not None
    assert seen.latency_ms is not None
    return seen.first_token_ms, seen.latency_ms


def test_the_first_token_comes_before_the_end() -> None:
    """An event that carries no text is no token yet."""
    seen = seen_of(streaming(*WORDS))
    first_token_ms, latency_ms = times_of(seen)
    assert (seen.outcome, seen.reason) == (Outcome.AVAILABLE, Reason.OK)
    assert 29 <= first_token_ms < latency_ms
    assert latency_ms - first_token_ms >= EVENT_S * 1000  # of five such: a busy machine reads it late


def test_the_speed_is_that_of_the_tokens_after_the_first() -> None:
    seen = seen_of(streaming(*WORDS))
    first_token_ms, latency_ms = times_of(seen)
    assert seen.tokens_per_s == pytest.approx(4 * 1000 / (latency_ms - first_token_ms), abs=0.01)


def test_the_providers_own_count_of_tokens_counts() -> None:
    usage = {"usage": {"prompt_tokens": 1, "completion_tokens": 16}, "choices": []}
    seen = seen_of(streaming(*WORDS, usage))
    first_token_ms, latency_ms = times_of(seen)
    assert seen.tokens_per_s == pytest.approx(15 * 1000 / (latency_ms - first_token_ms), abs=0.01)


def test_messages_are_streamed_in_words_of_their_own() -> None:
    seen = seen_of(streaming(*ANTHROPIC), RequestForm(Route.MESSAGES, (RequestChange.STREAM,)))
    first_token_ms, latency_ms = times_of(seen)
    assert first_token_ms < latency_ms
    assert seen.tokens_per_s is not None


def test_a_single_token_has_no_speed() -> None:
    seen = seen_of(streaming(chunk("Hello")))
    assert (seen.first_token_ms is not None, seen.tokens_per_s) == (True, None)


@pytest.mark.parametrize(
    "play", [streaming(*WORDS), saying(answer(200, CHAT))], ids=["streamed unasked", "whole"]
)
def test_what_was_not_asked_to_stream_has_no_such_times(play: Play) -> None:
    seen = seen_of(play, RequestForm(Route.CHAT))
    assert (seen.outcome, seen.first_token_ms, seen.tokens_per_s) == (Outcome.AVAILABLE, None, None)


def test_a_stream_that_does_not_end_in_time_has_no_times() -> None:
    seen = seen_of(streaming(*WORDS, is_whole=False), timeout_s=2.0)
    assert (seen.reason, seen.latency_ms, seen.first_token_ms, seen.tokens_per_s) == (
        Reason.TIMEOUT,
        None,
        None,
        None,
    )


def test_a_refusal_to_stream_has_no_times() -> None:
    seen = seen_of(saying(answer(400, {"error": {"message": "stream is not supported"}})))
    assert (seen.reason, seen.first_token_ms, seen.tokens_per_s) == (Reason.NEEDS_OTHER_REQUEST, None, None)
