"""The smallest request of each route, and what each change does to it: two maps."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import pack
from types import MappingProxyType
from urllib.parse import quote
from zlib import compress, crc32

from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import RequestChange, RequestForm, Route

MAX_TOKENS = 16  # fewer are refused by some backends; an answer cut off there is an answer
_MORE_TOKENS = 512  # what models get that must think before they speak; 256 leave some without a word
_SIDE = 64  # pixels; smaller pictures are refused by some

Body = dict[str, object]

_PATHS: Mapping[Route, str] = MappingProxyType(
    {
        Route.CHAT: "/chat/completions",
        Route.MESSAGES: "/messages",
        Route.RESPONSES: "/responses",
        Route.COMPLETIONS: "/completions",
        Route.EMBEDDINGS: "/embeddings",
        Route.RERANK: "/rerank",
        Route.MODERATIONS: "/moderations",
        Route.IMAGE: "/images/generations",
        Route.SPEECH: "/audio/speech",
    }
)


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What is posted: the path under the provider's base URL (or a whole address), and the JSON body."""

    path: str
    body: Mapping[str, object]


def build_request(model: str, form: RequestForm, traits: ProviderTraits) -> ProbeRequest:
    """Return the request that asks a model in a form."""
    path = traits.paths.get(form.route, _PATHS[form.route])
    if form.route is Route.RERANK and "/retrieval/" in path:  # NVIDIA's own form
        body: Body = {"model": model, "query": {"text": "a"}, "passages": [{"text": "b"}], "truncate": "END"}
    else:
        body = _PLAIN[form.route](model)
    for change in form.changes:
        body = _CHANGES[change](body)
    return ProbeRequest(_filled(path, model), body)


def _filled(path: str, model: str) -> str:
    name = model.rpartition("/")[2].replace(".", "_")  # NVIDIA's paths have no publisher, and `_` for `.`
    return path.replace("{model}", quote(model)).replace("{name_}", quote(name))


def _chat(model: str) -> Body:
    """No system message or temperature: not every model takes them. Some stream unless it is forbidden."""
    messages = [{"role": "user", "content": "hi"}]
    return {"model": model, "messages": messages, "max_tokens": MAX_TOKENS, "stream": False}


_PLAIN: Mapping[Route, Callable[[str], Body]] = MappingProxyType(
    {
        Route.CHAT: _chat,
        Route.MESSAGES: _chat,
        Route.RESPONSES: lambda model: {
            "model": model,
            "input": "hi",
            "max_output_tokens": MAX_TOKENS,
            "stream": False,
        },
        Route.COMPLETIONS: lambda model: {
            "model": model,
            "prompt": "hi",
            "max_tokens": MAX_TOKENS,
            "stream": False,
        },
        Route.EMBEDDINGS: lambda model: {"model": model, "input": ["hi"]},
        Route.RERANK: lambda model: {"model": model, "query": "a", "documents": ["b"]},
        Route.MODERATIONS: lambda model: {"model": model, "input": "hi"},
        Route.IMAGE: lambda model: {"model": model, "prompt": "a", "n": 1},
        Route.SPEECH: lambda model: {"model": model, "input": "hi", "voice": "alloy"},
    }
)

_TOKEN_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def _without_limit(body: Body) -> Body:
    return {name: value for name, value in body.items() if name not in _TOKEN_FIELDS}


def _with_messages(body: Body, *, before: list[Body] | None = None, after: list[Body] | None = None) -> Body:
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    return {**body, "messages": [*(before or []), *messages, *(after or [])]}


def _with_content(body: Body, content: list[Body]) -> Body:
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    changed = [{**old, "content": content} if old.get("role") == "user" else old for old in messages]
    return {**body, "messages": changed}


def _picture_part() -> Body:
    # in the request itself: no server has to load it from elsewhere
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_picture()}"}}


_CHANGES: Mapping[RequestChange, Callable[[Body], Body]] = MappingProxyType(
    {
        RequestChange.MAX_COMPLETION_TOKENS: lambda body: {
            "max_completion_tokens" if name == "max_tokens" else name: value for name, value in body.items()
        },
        RequestChange.NO_TOKEN_LIMIT: _without_limit,
        RequestChange.MORE_TOKENS: lambda body: {
            name: _MORE_TOKENS if name in _TOKEN_FIELDS else value for name, value in body.items()
        },
        RequestChange.SYSTEM: lambda body: _with_messages(
            body, before=[{"role": "system", "content": "Answer briefly."}]
        ),
        RequestChange.TEMPERATURE: lambda body: {**body, "temperature": 1},
        RequestChange.NO_THINKING: lambda body: {
            **body,
            "enable_thinking": False,  # both words: servers differ in which they read
            "chat_template_kwargs": {"thinking": False, "enable_thinking": False},
        },
        RequestChange.INPUT_TYPE: lambda body: {
            **body,
            "input_type": "query",
            "encoding_format": "float",
            "truncate": "END",
        },
        RequestChange.IMAGE: lambda body: _with_content(
            body, [{"type": "text", "text": "hi"}, _picture_part()]
        ),
        RequestChange.IMAGE_ALONE: lambda body: _with_content(body, [_picture_part()]),
        RequestChange.TOOLS: lambda body: {
            **body,
            "tools": [{"type": "function", "function": {"name": "markdown_bbox"}}],
        },
        # A whole turn, which is what reward models judge; they take no limit.
        RequestChange.ASSISTANT_LAST: lambda body: _without_limit(
            _with_messages(body, after=[{"role": "assistant", "content": "Hello."}])
        ),
        RequestChange.STREAM: lambda body: {**body, "stream": True},
        RequestChange.NO_STREAM: lambda body: {name: body[name] for name in body if name != "stream"},
    }
)


def _picture() -> str:
    """Return a grey PNG of the least size that every vision model takes, in base 64."""
    rows = b"".join(b"\0" + bytes([128]) * _SIDE for _ in range(_SIDE))
    head = pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)  # 8 bits of grey
    chunks = ((b"IHDR", head), (b"IDAT", compress(rows, 9)), (b"IEND", b""))
    packed = (pack(">I", len(data)) + name + data + pack(">I", crc32(name + data)) for name, data in chunks)
    return b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(packed)).decode()
