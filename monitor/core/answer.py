"""What stands in the body of an answer: its document, its error, its results and its most telling text.

Whatever a server sends must be safe to look at: nothing here raises.
"""

import json
import re
from typing import Any

_READ_CHARS = 4000
_MOST_LEAVES = 300
_TAG = re.compile(r"<[^<>]{0,500}>")
_TITLE = re.compile(r"<title[^<>]{0,100}>([^<]{1,300})", re.IGNORECASE)
_STREAM_STARTS = ("data:", "event:", "id:", "retry:", ":")  # a comment too: some send one to keep alive
_CLIENT_ERROR = 400
_LAST_ERROR = 599


def read_document(body: str) -> object:
    """Return the JSON of a body, or of the most telling event of an unasked-for stream; else None."""
    document = _json(body)
    if document is None and body.lstrip().startswith(_STREAM_STARTS):
        return _event(body)
    return document


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _event(body: str) -> object:
    events = [_json(line[5:]) for line in body.splitlines()[:1000] if line.startswith("data:")]
    objects = [event for event in events if isinstance(event, dict)]
    return next((event for event in objects if event.get("error")), next(iter(objects), None))


def is_html(body: str, content_type: str) -> bool:
    """Whether a body is a web page."""
    head = body[:200].lstrip().lower()
    return head.startswith(("<!doctype html", "<html")) or ("text/html" in content_type and "<" in head)


def first_choice(document: object) -> dict[str, Any] | None:
    """Return the first of `choices` that tells of a generation; None for errors and empty lists."""
    choices = document.get("choices") if isinstance(document, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or choice.get("error") or choice.get("finish_reason") == "error":
        return None
    return choice


def error_of(document: object) -> object | None:
    """Return the error object (or text) of a document, wherever providers put it; None if it holds none."""
    if not isinstance(document, dict):
        return None
    if document.get("error"):
        return document["error"] if isinstance(document["error"], dict | str) else document
    if document.get("object") == "error" or inner_status(document):
        return document
    return _error_in_choice(document)


def _error_in_choice(document: dict[str, Any]) -> object | None:
    choices = document.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or first_choice(document):
        return None
    return choice.get("error") or choice


def inner_status(error: object) -> int | None:
    """Return the HTTP status an error object names in `code` or `status`, if any."""
    if not isinstance(error, dict):
        return None
    for name in ("code", "status", "status_code"):
        value = error.get(name)
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[1-9]\d\d", value) else value
        if type(number) is int and _CLIENT_ERROR <= number <= _LAST_ERROR:
            return number
    return None


def all_text(document: object, body: str) -> str:
    """Return every string of a document (or the tagless body) in one lower-case line to search in."""
    if not isinstance(document, dict | list):
        return _TAG.sub(" ", body[:_READ_CHARS]).lower()
    leaves: list[str] = []
    waiting: list[object] = [document]
    while waiting and len(leaves) < _MOST_LEAVES:
        value = waiting.pop()
        if isinstance(value, str):
            leaves.append(value[:_READ_CHARS])
        elif isinstance(value, dict | list):
            waiting.extend(list(value.values() if isinstance(value, dict) else value)[:_MOST_LEAVES])
    return " ".join(reversed(leaves)).lower()[: 2 * _READ_CHARS]


def telling_text(document: object, body: str) -> str:
    """Return the sentence of an error that tells most, in one printable line, not redacted."""
    text = _sentence(document) if document is not None else _page_text(body)
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text[:_READ_CHARS]).split())


def _sentence(document: object) -> str:
    if isinstance(document, str):
        return document
    if isinstance(document, list):
        return _sentence(document[0]) if document else ""
    if not isinstance(document, dict):
        return ""
    for name in ("error", "message", "msg", "detail", "title", "code"):
        value = document.get(name)
        text = _validation(value) or (_sentence(value) if isinstance(value, dict | str) else "")
        if text:
            return text
    return ""


def _validation(detail: object) -> str:
    """Return `field: complaint` of a FastAPI error list."""
    first = detail[0] if isinstance(detail, list) and detail else None
    if not isinstance(first, dict):
        return ""
    where = first.get("loc")
    names = ".".join(str(part) for part in where[:6]) if isinstance(where, list) else ""
    return f"{names}: {first.get('msg', '')}".strip(": ")


def _page_text(body: str) -> str:
    title = _TITLE.search(body[:_READ_CHARS])
    return title[1] if title else _TAG.sub(" ", body[:_READ_CHARS])
