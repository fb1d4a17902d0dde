"""One HTTP answer of the simulated provider, and transport faults on its way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

ACCOUNT = "demo0account0id0Xq3vT9aB4kLmN7pR2sWz"  # made up, in the form of an account's id
CREATED = 735790403  # the constant NVIDIA's gateway fills in

PLAIN = "text/plain; charset=utf-8"
PROBLEM = "application/problem+json"


class WireFault(StrEnum):
    """How an answer fails below HTTP."""

    HANG = "hang"  # nothing comes until the client gives up
    RESET = "reset"  # the connection is reset
    CLOSE = "close"  # the connection is closed without a byte
    CUT = "cut"  # the body ends before its stated length
    DRIP = "drip"  # a byte now and then, without an end
    FLOOD = "flood"  # a body without an end


@dataclass(frozen=True, slots=True)
class CannedAnswer:
    """One HTTP answer. In body and headers `<model>`, `<uuid>` and `<argument>` are filled in later.

    `slowness` multiplies the server's latency; `delay_s` is added to it.
    """

    status: int = 200
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: WireFault | None = None
    slowness: float = 1.0
    delay_s: float = 0.0

    def filled(self, model: str, argument: str = "") -> "CannedAnswer":
        """Return the answer for one model; the text is safe inside JSON strings."""
        marks = {"<model>": model, "<uuid>": str(uuid5(NAMESPACE_URL, model)), "<argument>": argument}
        body, headers = self.body, dict(self.headers)
        for mark, text in marks.items():
            body = body.replace(mark, json.dumps(text)[1:-1])  # an id may hold quotes
            headers = {name: value.replace(mark, text) for name, value in headers.items()}
        return replace(self, body=body, headers=headers)

    def with_headers(self, **headers: str) -> "CannedAnswer":
        """Return the answer with more headers; `_` stands for `-`."""
        return replace(
            self, headers={**self.headers, **{name.replace("_", "-"): headers[name] for name in headers}}
        )


def as_json(body: object, status: int = 200) -> CannedAnswer:
    """Return an answer with a JSON body."""
    return CannedAnswer(status, json.dumps(body))


def problem(status: int, title: str, detail: str | None = None, kind: str | None = None) -> CannedAnswer:
    """Return a problem document as the gateway writes it; `kind` is its `type`."""
    body: dict[str, object] = {"type": kind} if kind else {}
    body |= {"status": status, "title": title}
    if detail is not None:
        body["detail"] = detail
    return CannedAnswer(status, json.dumps(body), PROBLEM)


def openai_error(status: int, message: str, kind: str, code: str | None = None) -> CannedAnswer:
    """Return an error document as OpenAI writes it."""
    return as_json({"error": {"message": message, "type": kind, "code": code}}, status)


def chat(content: str, *, finish: str = "stop", reasoning: str | None = None) -> CannedAnswer:
    """Return a chat completion with one choice."""
    message: dict[str, str] = {"role": "assistant", "content": content}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    usage = {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    body = {"id": "chatcmpl-<uuid>", "object": "chat.completion", "created": CREATED, "model": "<model>"}
    return as_json({**body, "choices": [choice], "usage": usage}).with_headers(
        nvcf_reqid="<uuid>", nvcf_status="fulfilled"
    )


def completion() -> CannedAnswer:
    """Return a text completion."""
    body = {"id": "cmpl-<uuid>", "object": "text_completion", "created": CREATED, "model": "<model>"}
    return as_json({**body, "choices": [{"index": 0, "text": " there", "finish_reason": "length"}]})


def embedding() -> CannedAnswer:
    """Return one short vector."""
    row = {"object": "embedding", "index": 0, "embedding": [0.1, -0.2, 0.3]}
    return as_json({"object": "list", "model": "<model>", "data": [row]})


def response() -> CannedAnswer:
    """Return what the responses endpoint gives, cut short by its limit."""
    part = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]}
    return as_json({"id": "resp-<uuid>", "object": "response", "model": "<model>", "output": [part]})


def reranking() -> CannedAnswer:
    """Return the score of one document."""
    return as_json({"model": "<model>", "results": [{"index": 0, "relevance_score": 0.5}]})


def moderation() -> CannedAnswer:
    """Return a judgement of one text."""
    return as_json({"id": "modr-<uuid>", "model": "<model>", "results": [{"flagged": False}]})


PAGE_NOT_FOUND = CannedAnswer(404, "404 page not found\n", PLAIN)
HTML = CannedAnswer(
    200, "<!doctype html><html><title>Welcome</title><p>Please sign in.</p></html>", "text/html"
)
