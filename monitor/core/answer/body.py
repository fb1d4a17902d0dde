"""What stands in the body of an answer: its document, its error, its results and its most telling text.

Whatever a server sends must be safe to look at: nothing here raises.
"""

import json
import re
from typing import Any

from monitor.core.answer.envelopes import choice_of, meaning_of, objects_in

_READ_CHARS = 4000
_MOST_LEAVES = 300
_DEEPEST = 4  # errors stand inside errors
_TAG = re.compile(r"<[^<>]{0,500}>")
_TITLE = re.compile(r"<title[^<>]{0,100}>([^<]{1,300})", re.IGNORECASE)
_MARKUP = re.compile(
    r"\s{0,99}<(?:!doctype|!--|\?xml|[a-z][a-z0-9]{0,9}(?:\s{1,9}[a-z-]{1,20}=|\s{0,9}/?>))", re.IGNORECASE
)
_STATUS = re.compile(r"\A(?:http[/ \d.]{0,9})?([45]\d\d)(?:\.0)?(?: [a-z -]{1,40})?\Z", re.IGNORECASE)
_STATUS_NAMES = ("code", "status", "status_code", "statusCode", "http_status", "http_code", "error_code")
_PAGE = "html-message"  # in which Portkey wraps what is no JSON
_SENTENCES = ("message", "msg", "detail", "error_message", "error_msg", "errmsg", "status_msg", _PAGE)
_ENVELOPES = ("base_resp", "status", "header", "meta")  # where some put their verdict beside an empty result
_RESULTS = ("choices", "output", "outputs", "response", "result", "results", "data", "text", "content")
_TELLING = ("error", "errors", *_SENTENCES, *_ENVELOPES, "title", "code", "type", "reason", "finish_reason")
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ECHOES = frozenset({"input", "instance", "request_id", "requestId", "documentation_url", "traceback"})
_FAILED_END = re.compile(r"(?:\A|_)(?:error|failed|failure|exception)\Z|\Ainsufficient_system_resource\Z")
_FAILED_SENTENCE = re.compile(
    r"\A\W{0,9}(?:(?:an? |internal |unexpected |api |http |server |upstream )*(?:error|exception)\b"
    r"|traceback|failed to|request failed|no consistent answer|could not generate|"
    r"(?:[\w.]{1,60} ?){0,6}(?:error|exception)\b ?(?:code)?:)",
    re.IGNORECASE,
)
_TOKEN_NAMES = ("completion_tokens", "output_tokens", "generated_tokens", "completionTokens", "outputTokens")
_SPOKEN = (
    *("reasoning_content", "reasoning", "reasoning_details", "thinking"),
    *("tool_calls", "function_call", "refusal", "audio"),
)


def read_document(body: str) -> object:
    """Return the JSON of a body, or what the events of an unasked-for stream mean together; else None.

    An error or a generation that stands in a list, or is written as a text of JSON, is taken out of it.
    """
    document = _json(body)
    if isinstance(document, str):
        document = _json(document) or document
    if isinstance(document, list) and document and isinstance(document[0], dict) and _is_whole(document[0]):
        document = document[0]
    if isinstance(document, dict):
        return meaning_of([document])
    return None if is_page(body) else document if document is not None else meaning_of(objects_in(body))


def _is_whole(document: dict[str, Any]) -> bool:
    return bool(document.get("error")) or choice_of(document) is not None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_page(body: str, document: object = None) -> bool:
    """Whether a body is a web page, or another document of tags that no API of models speaks."""
    wrapped = document.get(_PAGE) if isinstance(document, dict) else None
    text = wrapped if isinstance(wrapped, str) else body
    return _MARKUP.match(text[:200].lstrip("\ufeff")) is not None


# ---- Results ---------------------------------------------------------------------------


def failed_end(choice: dict[str, Any]) -> str | None:
    """Return the word by which a generation says that it failed (rules.md 39); None where it says none."""
    passed_on = choice.get("provider_specific_fields")  # LiteLLM's, which calls every end "stop"
    native = passed_on.get("native_finish_reason") if isinstance(passed_on, dict) else None
    ends = (choice.get("finish_reason"), choice.get("native_finish_reason"), native)
    return next((end for end in ends if isinstance(end, str) and _FAILED_END.search(end.lower())), None)


def has_spoken(choice: dict[str, Any]) -> bool:
    """Whether a choice holds anything that a model made: text, reasoning, calls, a refusal."""
    message = choice.get("message")
    if isinstance(message, dict) and (
        _is_filled(message.get("content")) or any(message.get(name) for name in _SPOKEN)
    ):
        return True
    return bool(choice.get("text")) or (isinstance(message, str) and bool(message))


def _is_filled(value: object) -> bool:
    """Whether a content says something; one of parts may hold empty ones alone."""
    if not isinstance(value, list):
        return bool(value)
    parts = [part if isinstance(part, dict) else {"text": part} for part in value]
    return any(part[name] for part in parts for name in part if name != "type")


def failed_sentence(document: dict[str, Any]) -> str | None:
    """Return the content of a choice that is an error sentence without a token (rules.md 39)."""
    message = (choice_of(document) or {}).get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str) or output_tokens(document) != 0:
        return None
    return content if _FAILED_SENTENCE.search(content[:_READ_CHARS]) else None


def output_tokens(document: dict[str, Any]) -> int | None:
    """Return how many tokens an answer says it is long, thoughts included; None where it does not say."""
    usage = document.get("usage")
    if not isinstance(usage, dict):
        return None
    counts = [count for name in _TOKEN_NAMES if (count := _count(usage.get(name))) is not None]
    total, prompt = _count(usage.get("total_tokens")), _count(usage.get("prompt_tokens"))
    if total is not None and prompt is not None:
        counts.append(max(total - prompt, 0))
    return max(counts, default=None)


def _count(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return int(value)
    return value if type(value) is int else None


# ---- Errors ----------------------------------------------------------------------------


def error_of(document: object) -> object | None:
    """Return the error object (or text) of a document, wherever providers put it; None if it holds none."""
    if not isinstance(document, dict):
        return None
    if document.get("error"):
        return document["error"] if isinstance(document["error"], dict | str | list) else document
    if document.get("errors") or document.get("object") == "error" or inner_status(document):
        return document
    return _error_in_choice(document) or _error_beside_nothing(document)


def _error_in_choice(document: dict[str, Any]) -> object | None:
    choice = choice_of(document)
    if choice is None:
        return None
    end = failed_end(choice)
    return choice.get("error") or ({"finish_reason": end} if end else failed_sentence(document))


def _error_beside_nothing(document: dict[str, Any]) -> object | None:
    """Return what says a sentence where no result is: the document, or the envelope of its verdict."""
    if any(document.get(name) for name in _RESULTS):
        return None
    if any(isinstance(document.get(name), str) and document[name] for name in _SENTENCES):
        return document
    return next((each for name in _ENVELOPES if isinstance(each := document.get(name), dict)), None)


def inner_status(error: object, deep: int = _DEEPEST) -> int | None:
    """Return the HTTP status that an error names as a number or text, in itself or in an error inside it."""
    if not isinstance(error, dict) or deep == 0:
        return None
    for name in _STATUS_NAMES:
        if (number := _status_in(error.get(name))) is not None:
            return number
    inside = (error.get(name) for name in ("error", *_ENVELOPES))
    return next((number for each in inside if (number := inner_status(each, deep - 1))), None)


def _status_in(value: object) -> int | None:
    stated = _STATUS.match(str(value)) if isinstance(value, str | int | float) else None
    return int(stated[1]) if stated else None


# ---- Texts -----------------------------------------------------------------------------


def all_text(document: object, body: str) -> str:
    """Return every string of a document (or the tagless body) in one lower-case line to search in.

    Names in one word (`ModelNotFound`) stand there a second time taken apart; what echoes the request is not.
    """
    if isinstance(document, str):
        return document[:_READ_CHARS].lower()
    if not isinstance(document, dict | list):
        return _TAG.sub(" ", body[:_READ_CHARS]).lower()
    leaves: list[str] = []
    waiting: list[object] = [document]
    while waiting and len(leaves) < _MOST_LEAVES:
        value = waiting.pop()
        if isinstance(value, str):
            leaves.append(_with_parts(value[:_READ_CHARS]))
        elif isinstance(value, dict):
            waiting.extend([each for name, each in value.items() if name not in _ECHOES][:_MOST_LEAVES])
        elif isinstance(value, list):
            waiting.extend(value[:_MOST_LEAVES])
    return " ".join(reversed(leaves)).lower()[: 2 * _READ_CHARS]


def _with_parts(leaf: str) -> str:
    if " " in leaf or not _JOINT.search(leaf):
        return leaf
    return f"{leaf} {_JOINT.sub(' ', leaf)}"


def telling_text(document: object, body: str) -> str:
    """Return the sentence of an error that tells most, in one printable line, not redacted."""
    text = _sentence(document) if document is not None else _page_text(body)
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text[:_READ_CHARS]).split())


def _sentence(document: object, deep: int = _DEEPEST) -> str:
    if isinstance(document, str):
        inner = _json(document) if document.startswith("{") else None
        return (_sentence(inner, deep - 1) if deep else "") or document
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict) or deep == 0:
        return document if isinstance(document, str) else ""
    for name in _TELLING:
        value = document.get(name)
        if text := _validation(value) or _sentence(value, deep - 1):
            return text
    return ""


def _validation(detail: object) -> str:
    """Return `field: complaint` of a FastAPI error list."""
    first = detail[0] if isinstance(detail, list) and detail else None
    if not isinstance(first, dict) or not isinstance(first.get("loc"), list):
        return ""
    names = ".".join(str(part) for part in first["loc"][:6] if isinstance(part, str | int))
    complaint = first.get("msg")
    return f"{names}: {complaint if isinstance(complaint, str) else ''}".strip(": ")


def _page_text(body: str) -> str:
    title = _TITLE.search(body[:_READ_CHARS])
    return title[1] if title else _TAG.sub(" ", body[:_READ_CHARS])
