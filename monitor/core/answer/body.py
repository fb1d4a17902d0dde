"""The body of an answer, parsed once: its document, results, error and words. Nothing here raises."""

import json
import re
from dataclasses import dataclass
from functools import cached_property

from monitor.core.answer.envelopes import Document, choice_of, meaning_of, objects_in
from monitor.core.answer.redact import whole_words

_READ_CHARS = 4000  # characters; what explains an error stands at its beginning
_MOST_LEAVES = 300  # strings of a document; an echoed request may have thousands
_DEEPEST = 4  # errors stand inside errors
_TAG = re.compile(r"<[^<>]{0,500}>")  # bounded repeats: bodies come from outside
_TITLE = re.compile(r"<title[^<>]{0,100}>([^<]{1,300})", re.IGNORECASE)
_MARKUP = re.compile(
    r"\s{0,99}<(?:!doctype|!--|\?xml|[a-z][a-z0-9]{0,9}(?:\s{1,9}[a-z-]{1,20}=|\s{0,9}/?>))", re.IGNORECASE
)
# such as "HTTP 404" or "404.0", but no number in a sentence
_STATUS = re.compile(r"\A(?:http[/ \d.]{0,9})?([45]\d\d)(?:\.0)?(?: [a-z -]{1,40})?\Z", re.IGNORECASE)
_STATUS_NAMES = ("code", "status", "status_code", "statusCode", "http_status", "http_code", "error_code")
_PAGE = "html-message"  # in which Portkey wraps what is no JSON
_SENTENCES = ("message", "msg", "detail", "error_message", "error_msg", "errmsg", "status_msg", _PAGE)
_ENVELOPES = ("base_resp", "status", "header", "meta")  # where some put their verdict beside an empty result
_RESULTS = ("choices", "output", "outputs", "response", "result", "results", "data", "text", "content")
_TELLING = ("error", "errors", *_SENTENCES, *_ENVELOPES, "title", "code", "type", "reason", "finish_reason")
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])")
# they repeat the request or a traceback, whose words are no verdict
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
# How an empty answer ends when nothing cut it short.
_SAID_NOTHING = frozenset(  # not "length", which explains it (decisions 0014)
    {"stop", "", None, "eos", "end_turn", "abort", "aborted", "cancelled", "unknown", "null"}
)


@dataclass(frozen=True)
class Body:
    """A body as text; each property is worked out once, when it is first read."""

    text: str

    @cached_property
    def document(self) -> object:
        """The JSON of the body, or what the events of an unasked-for stream mean together; else None.

        An error or a generation that stands in a list, or is written as a text of JSON, is taken out of it.
        """
        document = _json(self.text)
        if isinstance(document, str):  # some wrap their JSON in a text of JSON
            document = _json(document) or document
        # Gemini sends an error as a list of one
        first = document[0] if isinstance(document, list) and document else None
        if isinstance(first, dict) and (first.get("error") or choice_of(first) is not None):
            document = first
        if isinstance(document, dict):
            return meaning_of([document])
        if document is not None or is_page(self.text):
            return document
        return meaning_of(objects_in(self.text))

    @cached_property
    def is_page(self) -> bool:
        """Whether the body is a web page, or the document in which Portkey wraps one."""
        wrapped = self.document.get(_PAGE) if isinstance(self.document, dict) else None
        return is_page(wrapped if isinstance(wrapped, str) else self.text)

    @cached_property
    def choice(self) -> Document | None:
        """The first choice of a generation."""
        return choice_of(self.document)

    @cached_property
    def has_spoken(self) -> bool:
        """Whether the choice holds anything that a model made: text, reasoning, calls, a refusal."""
        choice = self.choice or {}
        message = choice.get("message")
        if isinstance(message, dict) and (
            _is_filled(message.get("content")) or any(message.get(name) for name in _SPOKEN)
        ):
            return True
        return bool(choice.get("text")) or (isinstance(message, str) and bool(message))

    @cached_property
    def failed_choice(self) -> object | None:
        """What says that the choice is a failure: its error, its end, or its text (rules.md 39)."""
        if self.choice is None or not isinstance(self.document, dict):
            return None
        end = _failed_end(self.choice)
        return self.choice.get("error") or ({"finish_reason": end} if end else _failed_text(self.document))

    @cached_property
    def is_empty(self) -> bool:
        """Whether there is no choice, or it holds nothing and neither its end nor its tokens explain that."""
        if not isinstance(self.document, dict) or self.document.get("choices") == []:
            return isinstance(self.document, dict) and not self.document.get("error")
        if self.choice is None or self.has_spoken or output_tokens(self.document):
            return False
        end = self.choice.get("finish_reason")
        return (end if isinstance(end, str) else None) in _SAID_NOTHING

    @cached_property
    def status(self) -> int | None:
        """The HTTP status that the document names."""
        return inner_status(self.document)

    @cached_property
    def error(self) -> object | None:
        """The error object (or text) of the document, wherever providers put it; None if it holds none."""
        document = self.document
        if not isinstance(document, dict):
            return None
        if error := document.get("error"):  # an empty object says nothing
            return error if isinstance(error, dict | str | list) else document
        if document.get("errors") or document.get("object") == "error" or self.status:
            return document
        return self.failed_choice or _error_beside_nothing(document)

    def sentence(self, part: object = None) -> str:
        """Return the sentence that says most, in one printable line, not redacted; of a page its title.

        `part` is what to look at in place of the whole document.
        """
        part = self.document if part is None else part
        text = whole_words(_page_text(self.text) if part is None else _sentence(part), _READ_CHARS)
        return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())

    def words(self, part: object = None) -> str:
        """Return every string (or the tagless text) in one lower-case line to search in.

        Names in one word (`ModelNotFound`) stand there a second time taken apart; what echoes the request is
        left out. `part` is what to look at in place of the whole document.
        """
        part = self.document if part is None else part
        if isinstance(part, str):
            return part[:_READ_CHARS].lower()
        if not isinstance(part, dict | list):
            return _TAG.sub(" ", self.text[:_READ_CHARS]).lower()
        return _leaves(part)


def is_page(text: str) -> bool:
    """Whether a text is a web page, or another document of tags that no API of models speaks."""
    return _MARKUP.match(text[:200].lstrip("\ufeff")) is not None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _failed_end(choice: Document) -> str | None:
    """Return the word by which a generation says that it failed (rules.md 39); None where it says none."""
    passed_on = choice.get("provider_specific_fields")  # LiteLLM's, which calls every end "stop"
    native = passed_on.get("native_finish_reason") if isinstance(passed_on, dict) else None
    ends = (choice.get("finish_reason"), choice.get("native_finish_reason"), native)
    return next((end for end in ends if isinstance(end, str) and _FAILED_END.search(end.lower())), None)


def _is_filled(value: object) -> bool:
    """Whether a content says something; one of parts may hold empty ones alone."""
    if not isinstance(value, list):
        return bool(value)
    parts = [part if isinstance(part, dict) else {"text": part} for part in value]
    return any(part[name] for part in parts for name in part if name != "type")


def _failed_text(document: Document) -> str | None:
    """Return the content of a choice that is an error sentence without a token (rules.md 39)."""
    message = (choice_of(document) or {}).get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, str) or output_tokens(document) != 0:
        return None
    return content if _FAILED_SENTENCE.search(content[:_READ_CHARS]) else None


def output_tokens(document: Document) -> int | None:
    """Return how many tokens an answer says it is long, thoughts included; None where it does not say."""
    usage = document.get("usage")
    if not isinstance(usage, dict):
        return None
    counts = [count for name in _TOKEN_NAMES if (count := _count(usage.get(name))) is not None]
    # thoughts are in neither name at some providers: the difference has them
    total, prompt = _count(usage.get("total_tokens")), _count(usage.get("prompt_tokens"))
    if total is not None and prompt is not None:
        counts.append(max(total - prompt, 0))
    return max(counts, default=None)


def _count(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return int(value)
    return value if type(value) is int else None  # bool is an int, but no count


def _error_beside_nothing(document: Document) -> object | None:
    """Return what says a sentence where no result is: the document, or the envelope of its verdict."""
    if any(document.get(name) for name in _RESULTS):
        return None
    if any(isinstance(document.get(name), str) and document[name] for name in _SENTENCES):
        return document
    return next((part for name in _ENVELOPES if isinstance(part := document.get(name), dict)), None)


def inner_status(error: object, deep: int = _DEEPEST) -> int | None:
    """Return the HTTP status that an error names as a number or text, in itself or in an error inside it."""
    if not isinstance(error, dict) or deep == 0:
        return None
    for name in _STATUS_NAMES:
        if (number := _status_in(error.get(name))) is not None:
            return number
    inside = (error.get(name) for name in ("error", *_ENVELOPES))
    return next((number for part in inside if (number := inner_status(part, deep - 1))), None)


def _status_in(value: object) -> int | None:
    stated = _STATUS.match(str(value)) if isinstance(value, str | int | float) else None
    return int(stated[1]) if stated else None


def _leaves(document: object) -> str:
    leaves: list[str] = []
    waiting: list[object] = [document]
    while waiting and len(leaves) < _MOST_LEAVES:
        value = waiting.pop()
        if isinstance(value, str):
            leaves.append(_with_parts(value[:_READ_CHARS]))
        elif isinstance(value, dict):
            waiting.extend([leaf for name, leaf in value.items() if name not in _ECHOES][:_MOST_LEAVES])
        elif isinstance(value, list):
            waiting.extend(value[:_MOST_LEAVES])
    return " ".join(reversed(leaves)).lower()[: 2 * _READ_CHARS]  # reversed: the stack gives the last first


def _with_parts(leaf: str) -> str:
    if " " in leaf or not _JOINT.search(leaf):
        return leaf
    return f"{leaf} {_JOINT.sub(' ', leaf)}"  # "ModelNotFound" is found by "model not found", too


def _sentence(document: object, deep: int = _DEEPEST) -> str:
    if isinstance(document, str):
        inner = _json(document) if document.startswith("{") else None  # a backend's error as a text of JSON
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
    beginning = whole_words(body, _READ_CHARS)
    title = _TITLE.search(beginning)
    return title[1] if title else _TAG.sub(" ", beginning)
