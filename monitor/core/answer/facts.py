"""An exchange seen the way the classification table asks: its effective status, its words, what it proves."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.answer.body import Body, inner_status, is_page
from monitor.core.answer.envelopes import Document
from monitor.core.answer.exchange import Exchange, Failure
from monitor.core.answer.relayed import Relayed, relayed_in, without_own_words
from monitor.core.answer.retry_after import Wait, read_wait
from monitor.core.domain.ids import is_trackable_id
from monitor.core.domain.vocabulary import Kind

NO_STATUS = -1  # below every status: ranges of rows distinguish them
UNDER_200 = 0
SUCCESS = range(200, 300)

# Results by which other endpoints answer: list, field of its first row, kind.
_RESULTS = (
    ("data", "embedding", Kind.EMBEDDINGS),
    ("data", "relevance_score", Kind.RERANK),
    ("data", "url", Kind.IMAGE),
    ("data", "b64_json", Kind.IMAGE),
    ("artifacts", "base64", Kind.IMAGE),
    ("results", "flagged", Kind.MODERATION),
    ("results", "relevance_score", Kind.RERANK),
    ("results", "score", Kind.RERANK),
    ("rankings", "index", Kind.RERANK),
)
_STREAM_BEGINS = ("message_start", "response.created")
_TITLE_CHARS = 200
_HIDES_STATUS = frozenset({500, 502})  # under which gateways pass on what their client library raised
# Statuses that say something by themselves; any other is only the words beside it.
_SPEAKING = frozenset({400, 401, 402, 403, 404, 405, 407, 408, 410, 422, 429, *range(500, 600)})
_ADDRESS = re.compile(r"https?://[^\s'\"<>)\]]{1,500}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows of the table look at.

    `status` is the HTTP status, or the one that a gateway's words pass on; NO_STATUS where none came, and for
    an error object inside a 2xx the status that object names, or UNDER_200. `text` holds every string of the
    body (of the error alone where it came under a 2xx) in lower case without addresses and the model's id,
    `sentence` the one that says most, `relayed` what it passes on of a backend; beside a result, whose words
    are a model's, all three are empty. `is_empty` says that a generation held nothing, and nothing says why
    (rules.md 39). `served_as` is the model that an answer itself names where it is not the one asked for
    (rules.md 37).
    """

    exchange: Exchange
    status: int
    body: Body
    text: str
    sentence: str
    proves: Kind | None
    wait: Wait
    listed: bool
    is_page: bool = False
    is_empty: bool = False
    relayed: Relayed | None = None
    served_as: str | None = None


def read_facts(exchange: Exchange, *, now: datetime, model: str, listed: bool) -> Facts:
    """Look at an exchange once, for all rows."""
    body = Body(exchange.body)
    proves = _proof(exchange, body)
    is_success = exchange.http_status in SUCCESS
    error = body.error if is_success and proves is None else None
    sentence = "" if proves else without_own_words(body.sentence(error))
    relayed = None if proves else relayed_in(sentence)
    return Facts(
        exchange=_made_whole(exchange, body.document),
        status=_status(exchange.http_status, body, error, relayed),
        body=body,
        text="" if proves else _searched(body, error, model),
        sentence=sentence,
        proves=proves,
        # a result's words are a model's, and ask for no wait
        wait=read_wait(exchange.headers, "" if proves else exchange.body, now),
        listed=listed,
        is_page=body.is_page or is_page(sentence),
        is_empty=is_success and proves is None and error is None and body.is_empty,
        relayed=relayed,
        served_as=_served_as(body.document, model) if proves else None,
    )


def _made_whole(exchange: Exchange, document: object) -> Exchange:
    """Forgive a closed connection once a whole document has come: a missing last chunk, a wrong length."""
    is_whole = exchange.failure is Failure.CLOSED and isinstance(document, dict)
    return replace(exchange, failure=None) if is_whole else exchange


def _status(http_status: int | None, body: Body, error: object | None, relayed: Relayed | None) -> int:
    if http_status is None:
        return NO_STATUS
    # under 404 the gateway's own status is true
    hidden = relayed.status if relayed and (http_status in _HIDES_STATUS or error is not None) else None
    if error is None or http_status not in SUCCESS:
        return hidden or http_status
    stated = inner_status(error) or body.status
    # an inner code that is no HTTP status (1002, 20012) says nothing
    return next((status for status in (stated, hidden) if status and status in _SPEAKING), UNDER_200)


def _served_as(document: object, model: str) -> str | None:
    name = document.get("model") if isinstance(document, dict) else None
    name = name.strip() if isinstance(name, str) else ""
    return name if model and name != model and is_trackable_id(name) else None


def _proof(exchange: Exchange, body: Body) -> Kind | None:
    """Return the kind an answer proves by its results."""
    document = body.document
    if exchange.http_status not in SUCCESS:
        return None
    if isinstance(document, list):  # SGLang's ranking stands alone
        return _other_result({"results": document})
    if not isinstance(document, dict):
        return _bare_proof(exchange)
    if body.choice is None:
        return None if document.get("error") else _other_result(document)
    is_beside_error = bool(document.get("error")) and not body.has_spoken
    if body.failed_choice or is_beside_error or body.is_empty:
        return None
    # some put both: the message decides
    return Kind.COMPLETIONS if "text" in body.choice and "message" not in body.choice else Kind.CHAT


def _bare_proof(exchange: Exchange) -> Kind | None:
    """Return what an answer proves that is no document: sound, or a generation beyond the reader's cap."""
    if exchange.headers.get("content-type", "").startswith("audio/") and exchange.body:
        return Kind.AUDIO
    # Some ignore `max_tokens`, so that an answer goes beyond the cap.
    begins = r'"choices"\s{0,9}:\s{0,9}\[\s{0,9}\{'
    return Kind.CHAT if exchange.truncated and re.search(begins, exchange.body) else None


def _other_result(document: Document) -> Kind | None:
    # a stream that was cut after its first event
    if _is_response(document) or _is_message(document) or document.get("type") in _STREAM_BEGINS:
        return Kind.CHAT
    for name, sign, kind in _RESULTS:
        rows = document.get(name)
        if isinstance(rows, list) and rows and isinstance(rows[0], dict) and sign in rows[0]:
            return kind
    return None


def _is_response(document: Document) -> bool:
    """Whether this is what `/responses` gives; one cut short by its limit may have no output yet."""
    is_one = document.get("object") == "response"
    return is_one and (bool(document.get("output")) or document.get("status") == "incomplete")


def _is_message(document: Document) -> bool:
    """Whether this is a message as Anthropic writes it; its content may be empty at the token limit."""
    is_one = document.get("type") == "message" and isinstance(document.get("content"), list)
    return is_one and bool(document["content"] or document.get("stop_reason"))


def _searched(body: Body, error: object | None, model: str) -> str:
    """Return what is said as patterns look at it: no addresses, whose words say nothing, and no id.

    Of a page only its title, as menus speak of keys, prices and retired models.
    """
    text = body.sentence()[:_TITLE_CHARS].lower() if is_page(body.text) else body.words(error)
    text = without_own_words(_ADDRESS.sub(" ", text))
    last = model.rsplit("/", 1)[-1]
    for name in (model, last if re.search(r"[-\d]", last) else ""):  # "base" is also an English word
        if name and name.lower() in text:  # as a word: a short id such as "m" is a part of many
            text = re.sub(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])", "this", text)
    return text
