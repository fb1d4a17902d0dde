"""What is copied into `base_url` beyond the base: paths of single requests, queries, versions, model ids."""

import re
from typing import Final

# The longer before those that they end with.
_ENDPOINTS: Final = (
    "/chat/completions",
    "/completions",
    "/responses",
    "/messages/count_tokens",
    "/messages/batches",
    "/messages",
    "/embeddings",
    "/reranking",
    "/rerank",
    "/moderations",
    "/images/generations",
    "/images/edits",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/model/info",
    "/models",
)
_ENDPOINT = re.compile(rf"(?:{'|'.join(map(re.escape, _ENDPOINTS))})$", re.IGNORECASE)
# the interfaces of Ollama, LM Studio and Azure that are older than their OpenAI-compatible ones
_OTHER_INTERFACE = re.compile(
    r"/api/(?:chat|generate|tags|embed|show|ps|version|v0(?:/.*)?)$|(?<=/openai)/deployments/[^/]+$",
    re.IGNORECASE,
)
_REPEATED = re.compile(r"(?P<version>/v[0-9]+(?:alpha|beta)?)(?P=version)+$", re.IGNORECASE)
_VERSION = re.compile(r"v[0-9]+\w*", re.IGNORECASE)
# Hugging Face's /models/OWNER/NAME/v1 is a base
_NAMED_MODEL = re.compile(r"/models/(?P<id>[^/]+(?:/[^/]+){0,2})$", re.IGNORECASE)
_LAST_MODEL = re.compile(r"(?P<base>/v[0-9]+\w*)/(?P<id>(?:[^/]+/){0,2}(?P<name>[^/]+))$", re.IGNORECASE)
_FAMILIES = (
    "chatgpt|claude|codestral|command|deepseek|devstral|gemini|gemma|glm|gpt|granite|grok|kimi|llama|"
    "magistral|ministral|mistral|mixtral|nemotron|o[1-9]|phi|pixtral|qwen|qwq|text-embedding|whisper|yi"
)
_LIKE_A_MODEL = re.compile(
    rf"(?:\w+[-_])?(?:{_FAMILIES})(?:[-_.:]?[0-9].*|[-_.:]\w.*)"
    r"|.*[-_.:](?:[0-9]+(?:\.[0-9]+)?b|instruct)(?:[-_.:].*)?",
    re.IGNORECASE,
)
_PARTS: Final = {"?": "has a query", "#": "has a fragment"}
_LIKE_A_KEY = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[^/.]{20,}")

Cut = tuple[str, str]  # the shorter path, and in words what was cut off


def base_of(url: str) -> tuple[str, list[str]]:
    """Return an address without what belongs to single requests, and in words what that was.

    `url` has no credentials. No word quotes a query or fragment, which may hold a key.
    """
    words = [word for mark, word in _PARTS.items() if mark in url]
    address = re.split("[?#]", url, maxsplit=1)[0].rstrip("/")
    head, path = re.fullmatch(r"([^/]*//[^/]*)(.*)", address).groups()  # type: ignore[union-attr]
    while cut := _cut(path):
        path, word = cut[0].rstrip("/"), cut[1]
        words.append(word)
    return head + path, words


def is_showable(url: str) -> bool:
    """Return whether no part of an address looks like a key that was pasted into it."""
    return not any(_LIKE_A_KEY.fullmatch(part) for part in url.split("/"))


def _cut(path: str) -> Cut | None:
    """Return a path without the last thing that no base has; None for a base."""
    if match := _ENDPOINT.search(path):
        return path[: match.start()], f'ends with "{match[0]}", the path of a request'
    if match := _OTHER_INTERFACE.search(path):
        return f"{path[: match.start()]}/v1", f'ends with "{_shown(match[0])}", a path of another interface'
    if match := _REPEATED.search(path):
        return path[: match.start()] + match["version"], f'has "{match["version"]}" twice'
    if (match := _NAMED_MODEL.search(path)) and not _VERSION.fullmatch(match["id"].rpartition("/")[2]):
        return path[: match.start()], f'ends with the model id "{_shown(match["id"])}"'
    if (match := _LAST_MODEL.search(path)) and _LIKE_A_MODEL.fullmatch(match["name"]):
        return path[: match.end("base")], f'ends with the model id "{_shown(match["id"])}"'
    return None


def _shown(part: str) -> str:
    return part if is_showable(part) else "..."
