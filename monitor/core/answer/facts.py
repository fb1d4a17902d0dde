"""An exchange seen the way the classification table asks: its effective status, its words, what it proves."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.answer.body import (
    all_text,
    error_of,
    failed_end,
    failed_sentence,
    has_spoken,
    inner_status,
    is_page,
    output_tokens,
    read_document,
    telling_text,
)
from monitor.core.answer.envelopes import choice_of
from monitor.core.answer.exchange import Exchange, Failure
from monitor.core.answer.relayed import Relayed, relayed_in, without_own_words
from monitor.core.answer.retry_after import retry_after_s
from monitor.core.domain.ids import is_trackable_id
from monitor.core.domain.vocabulary import Kind

NO_STATUS = -1
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
# How an empty answer ends when nothing cut it short.
_SAID_NOTHING = frozenset(
    {"stop", "", None, "eos", "end_turn", "abort", "aborted", "cancelled", "unknown", "null"}
)
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
    `sentence` the one that tells most, `relayed` what it passes on of a backend. `wait_s` is what Retry-After
    asks for. `is_empty` says that a generation held nothing, and nothing says why (rules.md 39). `served_as`
    is the model that an answer itself names where it is not the one asked for (rules.md 37).
    """

    exchange: Exchange
    status: int
    document: object
    text: str
    sentence: str
    proves: Kind | None
    wait_s: float
    listed: bool
    is_page: bool = False
    is_empty: bool = False
    relayed: Relayed | None = None
    served_as: str | None = None


def read_facts(exchange: Exchange, *, now: datetime, model: str, listed: bool) -> Facts:
    """Look at an exchange once, for all rows."""
    document = read_document(exchange.body)
    proves = _proof(exchange, document)
    is_success = exchange.http_status in SUCCESS
    error = error_of(document) if is_success and proves is None else None
    told = document if error is None else error
    sentence = without_own_words(telling_text(told, exchange.body))
    relayed = None if proves else relayed_in(sentence)
    return Facts(
        exchange=_made_whole(exchange, document),
        status=_status(exchange.http_status, document, error, relayed),
        document=document,
        text="" if proves else _searched(_text(told, exchange.body), model),
        sentence=sentence,
        proves=proves,
        wait_s=retry_after_s(exchange.headers, "", now) or 0.0,
        listed=listed,
        is_page=is_page(exchange.body, document) or is_page(sentence),
        is_empty=is_success and proves is None and error is None and _is_empty(document),
        relayed=relayed,
        served_as=_served_as(document, model) if proves else None,
    )


def _made_whole(exchange: Exchange, document: object) -> Exchange:
    """Forgive a closed connection once a whole document has come: a missing last chunk, a wrong length."""
    is_whole = exchange.failure is Failure.CLOSED and isinstance(document, dict)
    return replace(exchange, failure=None) if is_whole else exchange


def _status(http_status: int | None, document: object, error: object | None, relayed: Relayed | None) -> int:
    if http_status is None:
        return NO_STATUS
    hidden = relayed.status if relayed and (http_status in _HIDES_STATUS or error is not None) else None
    if error is None or http_status not in SUCCESS:
        return hidden or http_status
    stated = inner_status(error) or inner_status(document)
    return next((each for each in (stated, hidden) if each and each in _SPEAKING), UNDER_200)


def _served_as(document: object, model: str) -> str | None:
    name = document.get("model") if isinstance(document, dict) else None
    name = name.strip() if isinstance(name, str) else ""
    return name if model and name != model and is_trackable_id(name) else None


# ---- What an answer proves -------------------------------------------------------------


def _proof(exchange: Exchange, document: object) -> Kind | None:
    """Return the kind an answer proves by its results."""
    if exchange.http_status not in SUCCESS:
        return None
    if isinstance(document, list):  # SGLang's ranking stands alone
        return _other_result({"results": document})
    if not isinstance(document, dict):
        return _bare_proof(exchange)
    if choice := choice_of(document):
        return None if _failed(document, choice) or _is_empty(document) else _kind_of(choice)
    return None if document.get("error") else _other_result(document)


def _bare_proof(exchange: Exchange) -> Kind | None:
    """Return what an answer proves that is no document: sound, or a generation beyond the reader's cap."""
    if exchange.headers.get("content-type", "").startswith("audio/") and exchange.body:
        return Kind.AUDIO
    return Kind.CHAT if _is_cut_off_generation(exchange) else None


def _kind_of(choice: dict[str, object]) -> Kind:
    return Kind.COMPLETIONS if "text" in choice and "message" not in choice else Kind.CHAT


def _failed(document: dict[str, object], choice: dict[str, object]) -> bool:
    """Whether a choice is no answer though it is one: by its own word, or by an error beside nothing said."""
    is_told = bool(choice.get("error")) or failed_end(choice) is not None
    is_beside = bool(document.get("error")) and not has_spoken(choice)
    return is_told or is_beside or failed_sentence(document) is not None


def _is_empty(document: object) -> bool:
    """Whether there is no choice, or it holds nothing and neither its end nor its tokens explain that."""
    if not isinstance(document, dict) or document.get("choices") == []:
        return isinstance(document, dict) and not document.get("error")
    choice = choice_of(document)
    if choice is None or has_spoken(choice):
        return False
    end = choice.get("finish_reason")
    is_explained = (
        bool(output_tokens(document)) or (end if isinstance(end, str) else None) not in _SAID_NOTHING
    )
    return not is_explained


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


def _text(told: object, body: str) -> str:
    """Return what is said; of a page only its title, as menus speak of keys, prices and retired models."""
    return telling_text(None, body)[:_TITLE_CHARS].lower() if is_page(body) else all_text(told, body)


def _searched(text: str, model: str) -> str:
    """Return a text as patterns look at it: no addresses, whose words are nobody's, and no id."""
    return _without_id(without_own_words(_ADDRESS.sub(" ", text)), model)


def _without_id(text: str, model: str) -> str:
    last = model.rsplit("/", 1)[-1]
    for name in (model, last if re.search(r"[-\d]", last) else ""):
        if name and name.lower() in text:  # as a word: a short id such as "m" is a part of many
            text = re.sub(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])", "this", text)
    return text
