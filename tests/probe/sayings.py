"""What providers say, as exchanges: the answers of docs/provider-facts.md that a round must tell apart."""

import json
from collections.abc import Mapping

from monitor.core.answer.exchange import Exchange, Failure
from monitor.core.request.forms import Route

_PROBLEM = {"content-type": "application/problem+json"}


def said(status: int, body: object = "", headers: Mapping[str, str] | None = None) -> Exchange:
    """Return an exchange; a body that is no text is JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Exchange(http_status=status, body=text, headers=headers or {}, latency_ms=5)


def complaint(message: str, status: int = 400) -> Exchange:
    """Return a refusal as OpenAI words it."""
    return said(status, {"error": {"message": message}})


OK = said(200, {"object": "chat.completion", "choices": [{"message": {"content": "Hello"}}]})
OK_OF: Mapping[Route, Exchange] = {
    Route.CHAT: OK,
    Route.MESSAGES: said(200, {"type": "message", "content": [{"type": "text", "text": "Hello"}]}),
    Route.RESPONSES: said(200, {"object": "response", "output": [{"type": "message"}]}),
    Route.COMPLETIONS: said(200, {"object": "text_completion", "choices": [{"text": " there"}]}),
    Route.EMBEDDINGS: said(200, {"object": "list", "data": [{"embedding": [0.5]}]}),
    Route.RERANK: said(200, {"results": [{"index": 0, "relevance_score": 0.5}]}),
}

BUSY = said(429, {"status": 429, "title": "Too Many Requests"})
SATURATED = said(529)
NOT_HERE = said(404, "404 page not found")
NO_SUCH_MODEL = complaint("The model does not exist", 404)
NOT_OF_ACCOUNT = said(404, {"detail": "Function 'f-1': Not found for account 'acc'"}, _PROBLEM)
ENDED = said(410, {"detail": "The model has reached its end of life on 2026-05-14T00:00:00Z"}, _PROBLEM)
REFUSED = complaint("Incorrect API key provided", 401)
NO_MONEY = said(402, {"title": "Payment Required", "detail": "Cloud credits expired"}, _PROBLEM)
WRONG_ADDRESS = said(405)

TIMEOUT = Exchange(failure=Failure.TIMEOUT)
CLOSED = Exchange(failure=Failure.CLOSED)
NO_CONNECTION = Exchange(failure=Failure.CONNECT)
BROKEN = said(500, {"detail": "boom"}, _PROBLEM)
NO_WORKER = said(504, headers={"nvcf-status": "errored", "nvcf-reqid": "r-1"})
DEGRADED = complaint("Function id 'f-1': DEGRADED function cannot be invoked")
PAGE = said(200, "<!doctype html><title>Sign in</title>", {"content-type": "text/html"})
UNEXPLAINED = complaint("no")
SWITCHED_OFF = said(503, {"detail": "Down for maintenance"}, {**_PROBLEM, "retry-after": "10800"})


def resting(seconds: float) -> Exchange:
    """Return a 503 of a model that wants to be left alone for so long."""
    return said(503, headers={"retry-after": str(seconds)})


def busy_for(seconds: float) -> Exchange:
    """Return a 429 that asks to wait."""
    return said(429, headers={"retry-after": str(seconds)})


def cooling(seconds: float) -> Exchange:
    """Return what LiteLLM says of a deployment that it asks no more for so long, after an error of its."""
    error = {
        "message": f"No deployments available for selected model, Try again in {seconds:g} seconds.",
        "type": "all_deployments_in_cooldown",
    }
    return said(429, {"error": error}, {"retry-after": f"{seconds:g}"})


NEEDS_SYSTEM = complaint("a system message is required")
NO_LIMIT = complaint("max_tokens is not supported, use max_completion_tokens instead")
NEEDS_SOMETHING = complaint("the prompt is not right")  # a field is named, but no wish is known
EMBEDS = complaint("This is not a chat model")
