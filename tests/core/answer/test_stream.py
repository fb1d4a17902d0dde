"""What a streamed answer tells: when its first token came, and how fast the rest did."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.answer.stream import has_token, tokens_per_s


def sse(*events: object, name: str = "", end: str = "\n\n") -> str:
    lines = [f"data: {each if isinstance(each, str) else json.dumps(each)}" for each in events]
    return "".join(f"event: {name}\n{line}{end}" if name else f"{line}{end}" for line in lines)


def chunk(content: str | None = None, **more: object) -> dict[str, object]:
    delta = {} if content is None else {"content": content}
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {**delta, **more}}]}


def openai(*tokens: str, told: int | None = None) -> str:
    head = {"object": "chat.completion.chunk", "choices": [{"delta": {"role": "assistant", "content": ""}}]}
    last = {"choices": [{"delta": {}, "finish_reason": "length"}], "usage": None}
    usage = (
        [] if told is None else [{"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": told}}]
    )
    return sse(head, *(chunk(token) for token in tokens), last, *usage, "[DONE]")


def anthropic(*tokens: str, told: int | None = None) -> str:
    begun = {
        "type": "message_start",
        "message": {"content": [], "usage": {"input_tokens": 8, "output_tokens": 1}},
    }
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": token}}
        for token in tokens
    ]
    usage = {} if told is None else {"usage": {"output_tokens": told}}
    ended = {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, **usage}
    return sse(begun, block, {"type": "ping"}, *deltas, ended, {"type": "message_stop"}, name="x")


def responses(*tokens: str, told: int | None = None) -> str:
    text = "".join(tokens)
    usage = None if told is None else {"input_tokens": 8, "output_tokens": told}
    return sse(
        {"type": "response.created", "response": {"object": "response", "output": [], "usage": None}},
        {"type": "response.output_item.added", "item": {"type": "message", "content": []}},
        *({"type": "response.output_text.delta", "delta": token} for token in tokens),
        {"type": "response.output_text.done", "text": text},
        {"type": "response.content_part.done", "part": {"type": "output_text", "text": text}},
        {"type": "response.incomplete", "response": {"status": "incomplete", "output": [], "usage": usage}},
    )


def speed(body: str, first: int | None = 100, latency: int | None = 1100) -> float | None:
    return tokens_per_s(body, first_token_ms=first, latency_ms=latency)


# ---- The first token -------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        sse(chunk("Hi")),
        sse(chunk(" ")),
        sse(chunk('"')),
        sse(chunk("é")),
        sse(chunk(reasoning_content="Hm")),
        sse(chunk(reasoning="Hm")),
        sse({"choices": [{"index": 0, "text": " there"}]}),
        sse({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Hm"}}),
        sse({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}}),
        sse({"type": "response.output_text.delta", "delta": "Hi"}),
        sse({"type": "response.reasoning_summary_text.delta", "delta": "Hm"}),
        'data:{"choices":[{"delta":{"content" : "Hi"}}]}',
        'data: {"choices":[{"delta":{"content":"H',
        json.dumps({"choices": [{"message": {"content": "Hello"}}]}),
    ],
)
def test_a_piece_of_the_answer_is_a_token(body: str) -> None:
    assert has_token(body.encode())
    assert has_token(bytearray(b": keep-alive\n\n" + body.encode()))


@pytest.mark.parametrize(
    "body",
    [
        "",
        ": OPENROUTER PROCESSING\n\n",
        openai(),
        openai(told=3),
        anthropic(),
        sse(
            {"type": "response.created", "response": {"text": {"format": {"type": "text"}}, "reasoning": {}}}
        ),
        sse(chunk("")),
        sse(chunk(None)),
        sse({"error": {"message": "no content here", "code": 503}}),
        'data: {"choices":[{"delta":{"content":',
    ],
)
def test_what_carries_no_text_is_none(body: str) -> None:
    assert not has_token(body.encode())


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=5), st.data())
def test_a_token_that_was_seen_stays_seen(tokens: list[str], data: st.DataObject) -> None:
    body = openai(*tokens).encode()
    cut = data.draw(st.integers(0, len(body)))
    assert has_token(body)
    assert not has_token(body[:cut]) or has_token(body[: cut + 1])


# ---- The speed -------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [openai, anthropic, responses])
def test_the_providers_own_count_wins_over_the_events(stream: object) -> None:
    assert callable(stream)
    assert speed(stream("Hel", "lo", told=11)) == 10.0
    assert speed(stream("Hello", told=21)) == 20.0


@pytest.mark.parametrize("stream", [openai, anthropic])
def test_without_a_count_an_event_with_text_is_one_token(stream: object) -> None:
    assert callable(stream)
    assert speed(stream("a", "b", "c")) == 2.0


@pytest.mark.parametrize(
    ("body", "first", "latency"),
    [
        (openai("a", "b"), None, 1100),
        (openai("a", "b"), 100, None),
        (openai("a", "b"), 100, 100),
        (openai("a", "b"), 200, 100),
        (openai("a"), 100, 1100),
        (openai("a", told=1), 100, 1100),
        (openai(), 100, 1100),
        ("", 100, 1100),
        (
            json.dumps({"choices": [{"message": {"content": "Hello"}}], "usage": {"completion_tokens": 9}}),
            5,
            1100,
        ),
        (sse({"error": {"message": "overloaded"}}), 100, 1100),
    ],
)
def test_a_speed_needs_two_tokens_of_a_stream_and_time_between(
    body: str, first: int | None, latency: int | None
) -> None:
    assert speed(body, first, latency) is None


@pytest.mark.parametrize("told", [-1, 0, True, "12", 1.5, None, [3]])
def test_a_count_that_is_none_is_not_believed(told: object) -> None:
    body = openai("a", "b", "c") + sse({"usage": {"completion_tokens": told}})
    assert speed(body) == 2.0


def test_the_last_count_is_the_whole_one() -> None:
    """Some providers send a growing count with every event."""
    body = sse(*({**chunk("a"), "usage": {"completion_tokens": count}} for count in (1, 2, 3)))
    assert speed(body) == 2.0


@pytest.mark.parametrize("later", [0, -1])
def test_a_count_of_nothing_is_none_beside_one_that_counts(later: int) -> None:
    body = openai("a", "b", "c", told=11) + sse({"usage": {"completion_tokens": later}})
    assert speed(body) == 10.0


def test_a_provider_that_counts_one_token_is_believed() -> None:
    assert speed(openai("a", "b", told=1)) is None


def test_a_line_of_data_may_have_no_blank() -> None:
    assert speed(openai("a", "b", "c", told=11).replace("data: ", "data:")) == 10.0


@pytest.mark.parametrize(("before", "tokens_per_second"), [(9_998, 1.0), (9_999, None)])
def test_ten_thousand_lines_are_read(before: int, tokens_per_second: float | None) -> None:
    assert speed(sse(chunk("a"), end="\n") + ":\n" * before + sse(chunk("b"))) == tokens_per_second


def test_a_speed_has_two_decimals() -> None:
    assert speed(openai("a", told=4), 0, 700) == 4.29


def test_a_separator_inside_a_text_ends_no_event() -> None:
    event = json.dumps({**chunk("a\u2028b\x85c"), "usage": {"completion_tokens": 3}}, ensure_ascii=False)
    assert speed(sse(event)) == 2.0
    assert speed(sse(event, end="\r\n\r\n")) == 2.0


def test_lines_that_cannot_be_read_are_passed_over() -> None:
    assert speed("data: {broken\n\n" + openai("a", "b", "c", told=11) + "data: [1]\ndata: null\n") == 10.0
    assert speed(sse("[" * 5000) + openai("a", "b", "c")) == 2.0


COUNTS = st.integers(2, 100_000)


@given(st.lists(st.text(max_size=8), max_size=8), COUNTS, st.integers(0, 60_000), st.integers(1, 60_000))
def test_the_speed_is_the_tokens_after_the_first_by_the_time_after_it(
    tokens: list[str], told: int, first: int, more: int
) -> None:
    for stream in (openai, anthropic, responses):
        found = speed(stream(*tokens, told=told), first, first + more)
        assert found == round((told - 1) * 1000 / more, 2)


@given(
    st.text(max_size=300) | st.lists(st.text(max_size=60).map(lambda text: f"data: {text}")).map("\n".join)
)
def test_any_body_gives_a_speed_or_none(body: str) -> None:
    found = speed(body)
    assert found is None or found > 0
    assert has_token(body.encode("utf-8", "replace")) in {True, False}
