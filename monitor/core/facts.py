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
    ("results", "flagged", Kind.MODERATION),
    ("results", "relevance_score", Kind.RERANK),
    ("rankings", "index", Kind.RERANK),
)


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
    kind_known: bool
    listed: bool


def read_facts(exchange: Exchange, *, known_kind: str, now: datetime, model: str, listed: bool) -> Facts:
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
        kind_known=known_kind == Kind.CHAT,
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
        return Kind.CHAT if _is_cut_off_generation(exchange) else None
    if choice := first_choice(document):
        is_completion = "text" in choice and "message" not in choice
        return Kind.COMPLETIONS if is_completion else _chat_unless_error(document, choice)
    return None if document.get("error") else _other_result(document)


def _chat_unless_error(document: dict[str, object], choice: dict[str, object]) -> Kind | None:
    """Let an error beside an empty message count as the error; beside a text the model did answer."""
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return None if document.get("error") and not content else Kind.CHAT


def _other_result(document: dict[str, object]) -> Kind | None:
    for name, sign, kind in _RESULTS:
        rows = document.get(name)
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and sign in rows[0]:
            return kind
    return None


def _is_cut_off_generation(exchange: Exchange) -> bool:
    """Whether an answer beyond the reader's cap began as a generation: some ignore `max_tokens`."""
    return exchange.truncated and re.search(r'"choices"\s{0,9}:\s{0,9}\[\s{0,9}\{', exchange.body) is not None


def _without_id(text: str, model: str) -> str:
    last = model.rsplit("/", 1)[-1]
    for name in (model, last if re.search(r"[-\d]", last) else ""):
        text = text.replace(name.lower(), "this") if name else text
    return text
