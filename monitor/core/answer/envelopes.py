"""The JSON objects of a body, whatever stands around them, and the one document that they mean together.

Many bodies hold more than one document: gateways stream unless the request forbids it, keep a
connection open with comments and blank events, and put `data: [DONE]` behind a whole document. Nothing here
raises.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

Document = dict[str, Any]

_MOST_LINES = 10_000
_MOST_FAILURES = 50  # of places that begin like an object and are none
_DECODER = json.JSONDecoder()
_LINE = re.compile(r"[ \t]{0,99}(?:data:[ \t]{0,99})?")
_GOES_ON = re.compile(r"\ndata:[ \t]{0,99}(?![{\[])")  # an event of several lines, as the format allows
_TEXTS = ("content", "reasoning_content", "reasoning", "thinking", "refusal")  # what a piece adds to
_PARTS = ("reasoning_details", "tool_calls", "function_call", "audio")
_WRAPPINGS = ("data", "result", "response", "output", "body")  # of gateways: `{"code": 0, "data": {...}}`
_FAILED = ("error", "response.failed")


def objects_in(body: str) -> list[Document]:
    """Return the objects of a body in their order: a stream's events, lines, or what stands before others."""
    text = body.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    return list(_objects(_GOES_ON.sub("\n", text)))


def _objects(text: str) -> Iterator[Document]:
    place, lines, failures = 0, 0, 0
    while place < len(text) and lines < _MOST_LINES and failures < _MOST_FAILURES:
        lines += 1
        begins = _LINE.match(text, place).end()  # type: ignore[union-attr]  # it matches nothing, too
        value, end = _object_at(text, begins)
        failures += value is None and text.startswith("{", begins)
        if value is not None:
            yield value
        after = text.find("\n", max(end, begins))
        place = len(text) if after < 0 else after + 1


def _object_at(text: str, place: int) -> tuple[Document | None, int]:
    if not text.startswith("{", place):
        return None, place
    try:
        value, end = _DECODER.raw_decode(text, place)  # leaves what follows, as `data: [DONE]`
    except (ValueError, RecursionError):
        return None, place
    return value, end


def choice_of(document: object) -> Document | None:
    """Return the first of a document's `choices`; None where there is none."""
    choices = document.get("choices") if isinstance(document, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def meaning_of(objects: Sequence[Document]) -> Document | None:
    """Return the one document that objects mean together: the first with a choice or an error decides.

    The pieces of a generation are put together; one that said nothing before its error is that error.
    """
    objects = [_unwrapped(document) for document in objects]
    for event in objects:
        if event.get("error") or event.get("type") in _FAILED or event.get("object") == "error":
            return _failure_in(event)
        if _says_something(event):
            break
    pieces = [event for event in objects if choice_of(event) is not None]
    if pieces and (len(pieces) > 1 or "delta" in pieces[0]["choices"][0]):
        return _joined(pieces, objects)
    return next(iter(pieces or objects), None)


def _unwrapped(document: Document) -> Document:
    """Return what a gateway put into an object of its own, where that holds the choices or the error."""
    if document.get("choices") or document.get("error"):
        return document
    inside = (document.get(name) for name in _WRAPPINGS)
    return next(
        (part for part in inside if isinstance(part, dict) and (part.get("error") or choice_of(part))),
        document,
    )


def _failure_in(event: Document) -> Document:
    """Return what failed: `/responses` wraps it in the response."""
    response = event.get("response")
    return response if isinstance(response, dict) and not event.get("error") else event


def _says_something(event: Document) -> bool:
    choice = choice_of(event)
    if choice is None:
        return str(event.get("type", "")).endswith("delta")
    message = _piece_of(choice)
    return any(message.get(name) for name in (*_TEXTS, *_PARTS)) or bool(choice.get("text"))


def _piece_of(choice: Document) -> Document:
    piece = choice.get("delta") or choice.get("message")
    return piece if isinstance(piece, dict) else {}


def _joined(pieces: Sequence[Document], objects: Sequence[Document]) -> Document:
    choices = [event["choices"][0] for event in pieces]
    joined: Document = {}
    ends = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    if any("text" in choice for choice in choices):
        joined["text"] = _text_of(choices, "text")
    if any("delta" in choice or "message" in choice for choice in choices):
        joined["message"] = _message_of([_piece_of(choice) for choice in choices])
    if ends:
        joined["finish_reason"] = ends[-1]
    last = {
        name: [event[name] for event in objects if event.get(name)][-1:]
        for name in ("usage", "model", "error")
    }
    # the first piece has the id, the last ones what is known at the end
    return {**pieces[0], **{name: values[0] for name, values in last.items() if values}, "choices": [joined]}


def _message_of(pieces: Sequence[Document]) -> Document:
    parts = {name: piece[name] for piece in pieces for name in (*_TEXTS, *_PARTS) if piece.get(name)}
    texts = {name: text for name in _TEXTS if (text := _text_of(pieces, name))}
    return {**parts, **texts}


def _text_of(pieces: Sequence[Document], name: str) -> str:
    return "".join(value for piece in pieces if isinstance(value := piece.get(name), str))
