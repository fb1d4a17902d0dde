"""What an answer is and what is none, whatever stands around it (rules.md 37 and 39; provider facts 6)."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.answer.answer import read_answer
from monitor.core.answer.body import Body, is_page, output_tokens
from monitor.core.answer.classify import Finding
from monitor.core.answer.exchange import Exchange
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.request.forms import PLAIN_CHAT, RequestChange
from tests.fuzz.results import holds_a_result

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MODEL = "acme/chat-1"
UP, DOWN = Outcome.AVAILABLE, Outcome.UNAVAILABLE


def look(body: object, *, status: int = 200, model: str = MODEL, **headers: str) -> Finding:
    text = body if isinstance(body, str) else json.dumps(body)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(
        Exchange(http_status=status, body=text, headers=names), PLAIN_CHAT, model, now=NOW, at_ms=0
    ).finding


def chosen(choice: dict[str, object], **more: object) -> dict[str, object]:
    return {"object": "chat.completion", "choices": [choice], **more}


def said(content: object, finish: str | None = "stop", **more: object) -> dict[str, object]:
    return chosen({"message": {"role": "assistant", "content": content}, "finish_reason": finish}, **more)


def chunk(content: str | None = None, finish: str | None = None, **delta: object) -> str:
    piece = {**({} if content is None else {"content": content}), **delta}
    choice = {"index": 0, "delta": piece, "finish_reason": finish}
    return data({"object": "chat.completion.chunk", "model": MODEL, "choices": [choice]})


def data(event: object) -> str:
    return f"data: {event if isinstance(event, str) else json.dumps(event)}"


def lines(*each: str, end: str = "\n\n") -> str:
    return "".join(f"{line}{end}" for line in each)


NO_CHOICE = data({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]})
ROLE = chunk("", role="assistant")
ERROR = data({"error": {"message": "Provider returned error", "code": 502}})
WHOLE = json.dumps(said("Hello"))


# ---- An event stream that nobody asked for ---------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        lines(NO_CHOICE, chunk("Hel"), chunk("lo", "stop"), "data: [DONE]"),
        lines(": OPENROUTER PROCESSING", ": OPENROUTER PROCESSING", chunk("Hi"), "data: [DONE]"),
        lines("data: ", "data:", chunk("Hi")),
        lines("event: ping", data({"type": "ping"}), chunk("Hi")),
        lines(NO_CHOICE, chunk("Hi"), end="\r\n\r\n"),
        lines(ROLE, chunk("Hi"), chunk(finish="stop")),
        lines(ROLE, chunk(reasoning_content="Hm"), chunk(finish="length")),
        lines(ROLE, chunk(tool_calls=[{"index": 0}]), chunk(finish="tool_calls")),
        lines(ROLE, chunk(finish="length"), data({"choices": [], "usage": {"completion_tokens": 16}})),
        lines(chunk("Hi"), ERROR),
        ": comment\n\n" + WHOLE,
        "data: {\ndata: " + chunk("Hi").removeprefix("data: {") + "\n\ndata: [DONE]",
        "\ufeff" + WHOLE,
        WHOLE + "\n\ndata: [DONE]\n",
        WHOLE + "\n" + json.dumps({"usage": {}}),
        json.dumps(said("Hello"), indent=2) + "\ndata: [DONE]",
        json.dumps(WHOLE),
    ],
)
def test_the_first_event_with_a_choice_decides(body: str) -> None:
    found = look(body)
    assert (found.outcome, found.proves) == (UP, Kind.CHAT)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (lines(NO_CHOICE, ERROR), Reason.SERVER_ERROR),
        (lines(ROLE, ERROR), Reason.SERVER_ERROR),
        (lines(": wait", "event: error\n" + ERROR), Reason.SERVER_ERROR),
        (lines(data({"type": "error", "error": {"type": "overloaded_error"}})), Reason.SATURATED),
        (lines(data({"choices": [], "error": {"code": 429, "message": "m"}})), Reason.TOO_MANY_REQUESTS),
        (lines(ROLE, chunk(finish="error")), Reason.INVALID_ANSWER),
        (lines(NO_CHOICE, "data: [DONE]"), Reason.INVALID_ANSWER),
        (lines(": only comments"), Reason.INVALID_ANSWER),
        ("data: {", Reason.INVALID_ANSWER),
        (
            lines(
                data({"type": "response.created", "response": {"object": "response", "output": []}}),
                data({"type": "response.failed", "response": {"error": {"code": "server_error"}}}),
            ),
            Reason.INVALID_ANSWER,
        ),
    ],
)
def test_an_error_before_anything_was_said_decides(body: str, reason: Reason) -> None:
    found = look(body)
    assert (found.outcome, found.reason) != (UP, Reason.OK)
    assert found.reason == reason


def test_a_stream_of_texts_proves_completions() -> None:
    event = data({"object": "text_completion", "choices": [{"index": 0, "text": " there"}]})
    assert look(lines(event, "data: [DONE]")).proves is Kind.COMPLETIONS


# ---- Empty, though well-formed (rules.md 39) -------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        said(""),
        said(None),
        said([]),
        said([{"type": "text", "text": ""}]),
        said("", None),
        said("", "abort"),
        said("", usage={"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}),
        chosen({"text": "", "finish_reason": "stop"}),
        chosen({"index": 0}),
        {"object": "chat.completion", "choices": []},
        lines(ROLE, chunk(finish="stop"), "data: [DONE]"),
    ],
)
def test_an_empty_answer_wishes_for_more_room(body: object) -> None:
    """Rule 39."""
    found = look(body)
    assert (found.outcome, found.reason) == (DOWN, Reason.INVALID_ANSWER)
    assert found.adaptation is not None
    assert found.adaptation.make == {RequestChange.MORE_TOKENS}


@pytest.mark.parametrize(
    "body",
    [
        said("", "length"),
        said("", "content_filter"),
        said("", "sensitive"),
        said("", usage={"completion_tokens": 5}),
        said("", usage={"output_tokens": "5"}),
        said("", usage={"prompt_tokens": 3, "total_tokens": 9}),
        said("", usage={"completion_tokens": 0, "prompt_tokens": 2, "total_tokens": 14}),
        chosen({"message": {"content": None, "reasoning": "Hm"}, "finish_reason": "stop"}),
        chosen({"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}),
        chosen({"message": {"content": None, "tool_calls": [{"id": "1"}]}, "finish_reason": "stop"}),
        chosen({"message": {"content": [{"type": "text", "text": "Hi"}]}, "finish_reason": "stop"}),
        said("Hello", usage={"completion_tokens": 0}),
        said("An error is a mistake that teaches.", usage={"completion_tokens": 9}),
        said("Error code: 404", usage=None),
    ],
)
def test_what_is_explained_or_said_is_an_answer(body: object) -> None:
    found = look(body)
    assert (found.outcome, found.adaptation) == (UP, None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (said("", "network_error"), Reason.INVALID_ANSWER),
        (said("", "error"), Reason.INVALID_ANSWER),
        (said("half a sent", "error"), Reason.INVALID_ANSWER),
        (said("", "engine_failed"), Reason.INVALID_ANSWER),
        (said("", "insufficient_system_resource"), Reason.SATURATED),
        (
            chosen(
                {
                    "message": {"content": ""},
                    "finish_reason": "stop",
                    "provider_specific_fields": {"native_finish_reason": "network_error"},
                }
            ),
            Reason.INVALID_ANSWER,
        ),
        (said("Error code: 404 - {'error': {}}", usage={"completion_tokens": 0}), Reason.NO_ENDPOINT),
        (said("Error: it broke", usage={"completion_tokens": 0}), Reason.INVALID_ANSWER),
        (said("No consistent answer found.", usage={"completion_tokens": 0}), Reason.INVALID_ANSWER),
        (said("litellm.RateLimitError: RateLimitError: slow", usage={"completion_tokens": 0}),
         Reason.TOO_MANY_REQUESTS),
    ],
)  # fmt: skip
def test_an_error_word_or_an_error_sentence_without_tokens_is_no_answer(body: object, reason: Reason) -> None:
    """Rule 39."""
    found = look(body)
    assert found.outcome is not UP
    assert (found.reason, found.adaptation) == (reason, None)


@pytest.mark.parametrize("finish", ["stop", "length", None])
def test_what_a_model_says_is_never_read_as_an_error(finish: str | None) -> None:
    """Nor are words in an answer of an unknown shape."""
    text = "insufficient_quota: this model has been retired, rate limit reached, does not exist"
    assert look(said(text, finish)).outcome is UP
    assert look(lines(chunk(text), chunk(finish=finish))).outcome is UP
    assert look({"output": text, "message": text}).reason is Reason.INVALID_ANSWER
    assert look(said(text, "error")).reason is Reason.INVALID_ANSWER


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"completion_tokens": 3}, 3),
        ({"output_tokens": 3}, 3),
        ({"completion_tokens": "3"}, 3),
        ({"prompt_tokens": 2, "total_tokens": 5}, 3),
        ({"completion_tokens": 0}, 0),
        ({"completion_tokens": None}, None),
        ({}, None),
        ([], None),
    ],
)
def test_every_shape_of_usage_tells_how_long_an_answer_is(usage: object, tokens: int | None) -> None:
    assert output_tokens({"usage": usage}) == tokens


# ---- Numbers inside --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, {"error": "Error code: 404 - {'error': {'message': 'no model x does not exist'}}"},
         Reason.NOT_FOUND),
        (500, {"error": "Error code: 404 - {'detail': 'Not Found'}"}, Reason.NO_ENDPOINT),
        (500, {"error": "Error code: 401 - {'error': {'message': 'no'}}"}, Reason.CREDENTIAL),
        (500, {"error": "Error code: 403 - {'error': {'message': 'no'}}"}, Reason.CREDENTIAL),
        (500, {"error": "Error code: 429 - {'error': {'message': 'no'}}"}, Reason.TOO_MANY_REQUESTS),
        (500, {"detail": "404 Client Error: Not Found for url: http://b/v1"}, Reason.NOT_FOUND),
        (500, {"detail": "Client error '429 Too Many Requests' for url 'http://b'"},
         Reason.TOO_MANY_REQUESTS),
        (502, {"message": "Request failed with status code 401"}, Reason.CREDENTIAL),
        (500, {"error": {"message": "Error from provider(x,y: 429): slow"}}, Reason.TOO_MANY_REQUESTS),
        (500, {"error": {"message": "litellm.NotFoundError: NotFoundError: OpenAIException - gone"}},
         Reason.NOT_FOUND),
        (500, {"error": {"message": "404 of our 500 tests failed"}}, Reason.SERVER_ERROR),
        (503, {"error": {"message": "Error code: 404"}}, Reason.SERVER_ERROR),
        (200, {"status": "449", "msg": "You exceeded your current rate limit"}, Reason.TOO_MANY_REQUESTS),
        (200, {"status": 449, "msg": "hm"}, Reason.INVALID_ANSWER),
        (200, {"status": "429 Too Many Requests", "msg": "hm"}, Reason.TOO_MANY_REQUESTS),
        (200, {"error": {"error": {"code": 401}}}, Reason.CREDENTIAL),
        (200, {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
         Reason.QUOTA),
        (200, {"errors": [{"code": 5007, "message": "No such model x"}]}, Reason.NOT_FOUND),
        (449, {"msg": "You exceeded your current rate limit"}, Reason.TOO_MANY_REQUESTS),
    ],
)  # fmt: skip
def test_an_inner_status_or_its_words_decide(status: int, body: object, reason: Reason) -> None:
    assert look(body, status=status).reason == reason


# ---- Who answered (rules.md 37) --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "served_as"),
    [
        (MODEL, None),
        (f" {MODEL} ", None),
        ("chat-1", "chat-1"),
        ("ACME/chat-1", "ACME/chat-1"),
        ("acme/chat-1-2024-08-06", "acme/chat-1-2024-08-06"),
        ("", None),
        (None, None),
        (7, None),
        ("a" * 513, None),
        ("a\nb", None),
        ("\ud800", None),
    ],
)
def test_the_answers_own_model_is_kept_where_it_is_another(name: object, served_as: str | None) -> None:
    """Rule 37."""
    assert look(said("Hi", model=name)).served_as == served_as


def test_a_stream_and_other_kinds_name_their_model_too() -> None:
    assert look(lines(NO_CHOICE, chunk("Hi")), model="alias").served_as == MODEL
    assert look({"model": "vectors-2", "data": [{"embedding": [0.1]}]}).served_as == "vectors-2"


def test_only_an_answer_names_who_answered() -> None:
    assert look({"error": {"message": "no"}, "model": "other"}, status=500).served_as is None
    assert look({"model": "other", "choices": []}).served_as is None


@pytest.mark.parametrize(
    ("told", "reason"),
    [("1", Reason.FALLBACK), ("2", Reason.FALLBACK), ("0", Reason.OK), ("", Reason.OK), ("x", Reason.OK)],
)
def test_a_proxys_word_that_another_answered_is_no_answer_of_the_model(told: str, reason: Reason) -> None:
    """Rule 37."""
    found = look(said("Hi", model="other"), x_litellm_attempted_fallbacks=told)
    assert found.reason is reason
    if reason is Reason.FALLBACK:
        assert (found.outcome, found.proves, found.served_as) == (DOWN, None, None)
        assert found.detail == "other answered in its place"


# ---- No page is an API (rules.md 6) ----------------------------------------------------


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        ("<p>Blocked", True),
        ('<html lang="en"><body>', True),
        ("<!-- served by the edge --><html>", True),
        ("<class 'ValueError'>", False),
        ("<Response [404]>", False),
        ("<5000202> InternalError.Algo", False),
        ("a < b", False),
    ],
)
def test_a_page_begins_with_a_tag(body: str, is_one: bool) -> None:
    assert is_page(body) is is_one


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html><title>Just a moment...</title></html>",
        "\n\n<html><body>403 Forbidden</body></html>",
        "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        "<head><title>Access Denied</title></head>",
        "error code: 1020",
        {"error": {"message": "<html><head><title>Attention Required!</title></head></html>"}},
        {"html-message": "<html><head><title>Attention Required!</title></head></html>"},
        {"error": {"message": "litellm.APIError: APIError: OpenAIException - Error code: 403"}},
    ],
)
def test_a_page_under_403_is_nobodys_key(body: object) -> None:
    found = look(body, status=403)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.INVALID_ANSWER)


# ---- Any body --------------------------------------------------------------------------

LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
KEYS = st.sampled_from(
    ["choices", "message", "delta", "text", "content", "finish_reason", "error", "usage", "completion_tokens",
     "code", "status", "type", "object", "model", "data", "embedding", "detail", "loc", "msg"]
)  # fmt: skip
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)
LINES = st.one_of(
    JSON.map(json.dumps),
    JSON.map(lambda value: f"data: {json.dumps(value)}"),
    st.sampled_from(
        ["data: [DONE]", "data:", ": keep-alive", "", "event: error", "id: 1", "data: {", "<html>"]
    ),
    st.text(max_size=30),
)
BODIES = st.lists(LINES, max_size=8).flatmap(
    lambda some: st.sampled_from(["\n", "\n\n", "\r\n", "\r"]).map(lambda end: end.join(some))
)


@given(BODIES, st.booleans())
def test_no_body_is_an_answer_without_a_choice_or_another_result(body: str, truncated: bool) -> None:
    exchange = Exchange(http_status=200, body=body, truncated=truncated)
    found = read_answer(exchange, PLAIN_CHAT, MODEL, now=NOW, at_ms=0).finding
    if found.outcome is UP and not truncated:
        assert holds_a_result(Body(body).document)


@given(BODIES, st.integers(100, 599))
def test_every_body_is_read_without_a_fault(body: str, status: int) -> None:
    found = look(body, status=status)
    assert found.detail is None or found.detail.isprintable()
    assert found.adaptation is None or found.outcome is not UP
