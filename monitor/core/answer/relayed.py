"""What a gateway passes on: the true status and the backend's own words inside a client library's sentence.

Gateways call their backends with a client library and answer with what that raised, often under a 500. Each
library has its own words, listed here with where they come from; a number in other words is only a number.
Texts come in lower case.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType

_READ_CHARS = 4000

# What LiteLLM says of itself behind the backend's words (run: LiteLLM 1.108.7).
_OWN_WORDS = re.compile(
    r"\.?\s{0,9}received model group ?=\S{1,512}|\s{0,9}available model group fallbacks ?=\S{1,512}"
    r"|\s{0,9}litellm: model group .{0,3000}?(?:to retry on another model\.|no fallback was attempted\.|\Z)"
    r"|\s{0,9}litellm (?:max )?retrie[sd]: \d{1,4} ?(?:times)?,?",
    re.DOTALL | re.IGNORECASE,
)
_PORTKEY = re.compile(r"\binvalid response received from [\w.-]{1,60}: ")
_LITELLM = re.compile(r"litellm\.(\w{3,40}):\s{0,9}(?:\w{3,40}error: ?)?(?:\w{2,40}exception - ?)?")

_NUMBERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (source, re.compile(pattern))
    for source, pattern in (
        ("openai-python, anthropic-sdk-python, groq-python: _base_client._make_status_error",
         r"\berror code: ([45]\d\d)\b"),
        ("mistralai: SDKError", r"\bapi error occurred: status ([45]\d\d)\b"),
        ("requests: raise_for_status", r"\b([45]\d\d) (?:client|server) error: "),
        ("httpx: raise_for_status", r"(?:client|server) error '([45]\d\d) "),
        ("urllib: HTTPError", r"\bhttp error ([45]\d\d): "),
        ("axios: createError", r"request failed with status code ([45]\d\d)\b"),
        ("reqwest: Error::status", r"http status (?:client|server) error \(([45]\d\d) "),
        ("openai-go: apierror.Error", r"\b(?:post|get) \"https?://[^\"\s]{1,200}\": ([45]\d\d) "),
        ("new-api: service/error.go RelayErrorHandler", r"\bbad response status code ([45]\d\d)\b"),
        ("llm-gateway: the provider's name and status in brackets",
         r"error from provider ?\([^()]{0,80}?\b([45]\d\d)\)"),
    )
)  # fmt: skip

# LiteLLM names no number but a class of openai-python for each (litellm/exceptions.py).
_CLASSES = MappingProxyType(
    {
        "authenticationerror": 401,
        "badrequesterror": 400,
        "contentpolicyviolationerror": 400,
        "contextwindowexceedederror": 400,
        "notfounderror": 404,
        "permissiondeniederror": 403,
        "ratelimiterror": 429,
        "serviceunavailableerror": 503,
        "timeout": 408,
        "unprocessableentityerror": 422,
    }
)


@dataclass(frozen=True, slots=True)
class Relayed:
    """What a sentence passes on: the backend's status, and its words alone."""

    status: int | None
    words: str


def without_own_words(text: str) -> str:
    """Return a text without what a gateway says of itself behind the backend's words."""
    return _OWN_WORDS.sub("", text)


def relayed_in(sentence: str) -> Relayed | None:
    """Return what a client library's sentence passes on; None where no known library has such words."""
    sentence = without_own_words(sentence[:_READ_CHARS].lower())
    by_litellm = _LITELLM.search(sentence)
    passed_on = by_litellm or _PORTKEY.search(sentence)
    words = sentence[passed_on.end() :] if passed_on else sentence
    number = next((match for _, pattern in _NUMBERS if (match := pattern.search(words))), None)
    if number:
        return Relayed(int(number[1]), words[number.end() :].lstrip(" -:"))
    status = _CLASSES.get(by_litellm[1]) if by_litellm else None
    return Relayed(status, words) if passed_on else None
