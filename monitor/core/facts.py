"""An exchange seen the way the classification table asks: its effective status, its words, what it proves."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.answer import all_text, error_of, first_choice, inner_status, read_document, telling_text
from monitor.core.exchange import Exchange, Failure
from monitor.core.model import Kind
from monitor.core.ratelimit import retry_after_s

NO_STATUS = -1
UNDER_200 = 0
SUCCESS = range(200, 300)

# Results by which other endpoints answer: list, field of its first row, kind.
_RESULTS = (
    ("data", "embedding", Kind.EMBEDDINGS),
    ("data", "url", Kind.IMAGE),
    ("data", "b64_json", Kind.IMAGE),
    ("artifacts", "base64", Kind.IMAGE),
    ("results", "flagged", Kind.MODERATION),
    ("results", "relevance_score", Kind.RERANK),
    ("rankings", "index", Kind.RERANK),
)
_STREAM_BEGINS = frozenset({"message_start", "response.created"})
_SAID_NOTHING = frozenset({"stop", "", None})  # how an empty answer ends when nothing cut it short
_SPOKEN = ("reasoning_content", "reasoning", "tool_calls", "function_call", "refusal", "audio")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows of the table look at.

    `status` is the HTTP status, NO_STATUS where none came, and for an error object inside a 2xx the status
    that object names, or UNDER_200. `text` holds every string of the body in lower case without the model's
    id, `sentence` the one that tells most, `wait_s` what Retry-After asks for.
    """

    exchange: Exchange
    status: int
    document: object
    text: str
    sentence: str
    proves: Kind | None
    wait_s: float
    listed: bool


def read_facts(exchange: Exchange, *, now: datetime, model: str, listed: bool) -> Facts:
    """Look at an exchange once, for all rows."""
    document = read_document(exchange.body)
    proves = _proof(exchange, document)
    error = None if proves else error_of(document)
    return Facts(
        exchange=_made_whole(exchange, document),
        status=_status(exchange.http_status, document, error),
        document=document,
        text=_without_id(all_text(document, exchange.body), model),
        sentence=telling_text(document if error is None else error, exchange.body),
        proves=proves,
        wait_s=retry_after_s(exchange.headers, "", now) or 0.0,
        listed=listed,
    )


def _made_whole(exchange: Exchange, document: object) -> Exchange:
    """Forgive a closed connection once a whole document has come: a missing last chunk, a wrong length."""
    is_whole = exchange.failure is Failure.CLOSED and isinstance(document, dict)
    return replace(exchange, failure=None) if is_whole else exchange


def _status(http_status: int | None, document: object, error: object | None) -> int:
    status = NO_STATUS if http_status is None else http_status
    if error is None or status not in SUCCESS:
        return status
    return inner_status(error) or inner_status(document) or UNDER_200


def _proof(exchange: Exchange, document: object) -> Kind | None:
    """Return the kind an answer proves by its results."""
    if exchange.http_status not in SUCCESS:
        return None
    if not isinstance(document, dict):
        return _bare_proof(exchange)
    if choice := first_choice(document):
        is_completion = "text" in choice and "message" not in choice
        return Kind.COMPLETIONS if is_completion else _chat_if_said(document, choice)
    return None if document.get("error") else _other_result(document)


def _bare_proof(exchange: Exchange) -> Kind | None:
    """Return what an answer proves that is no document: sound, or a generation beyond the reader's cap."""
    if exchange.headers.get("content-type", "").startswith("audio/") and exchange.body:
        return Kind.AUDIO
    return Kind.CHAT if _is_cut_off_generation(exchange) else None


def _chat_if_said(document: dict[str, object], choice: dict[str, object]) -> Kind | None:
    """Return chat unless the message is empty and an error stands beside it, or nothing explains why."""
    message = choice.get("message")
    if not isinstance(message, dict) or message.get("content"):
        return Kind.CHAT
    is_explained = any(message.get(name) for name in _SPOKEN) or _counts_tokens(document)
    is_silent = choice.get("finish_reason") in _SAID_NOTHING and not is_explained
    return None if document.get("error") or is_silent else Kind.CHAT


def _counts_tokens(document: dict[str, object]) -> bool:
    usage = document.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return isinstance(tokens, int) and tokens > 0


def _other_result(document: dict[str, object]) -> Kind | None:
    if _is_response(document) or _is_message(document) or document.get("type") in _STREAM_BEGINS:
        return Kind.CHAT
    for name, sign, kind in _RESULTS:
        rows = document.get(name)
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and sign in rows[0]:
            return kind
    return None


def _is_response(document: dict[str, object]) -> bool:
    """Whether this is what `/responses` gives; one cut short by its limit may have no output yet."""
    is_one = document.get("object") == "response"
    return is_one and (bool(document.get("output")) or document.get("status") == "incomplete")


def _is_message(document: dict[str, object]) -> bool:
    """Whether this is a message as Anthropic writes it; its content may be empty at the token limit."""
    is_one = document.get("type") == "message" and isinstance(document.get("content"), list)
    return is_one and bool(document["content"] or document.get("stop_reason"))


def _is_cut_off_generation(exchange: Exchange) -> bool:
    """Whether an answer beyond the reader's cap began as a generation: some ignore `max_tokens`."""
    return exchange.truncated and re.search(r'"choices"\s{0,9}:\s{0,9}\[\s{0,9}\{', exchange.body) is not None


def _without_id(text: str, model: str) -> str:
    last = model.rsplit("/", 1)[-1]
    for name in (model, last if re.search(r"[-\d]", last) else ""):
        if name and name.lower() in text:  # as a word: a short id such as "m" is a part of many
            text = re.sub(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])", "this", text)
    return text
