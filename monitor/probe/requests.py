"""The smallest request of each kind. A new kind is one function and one line in the map."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from monitor.core.model import Kind

MAX_TOKENS = 16  # fewer are refused by some backends; an answer cut off there is an answer


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What is posted: the path under the provider's base URL, and the JSON body."""

    path: str
    body: Mapping[str, object]


BuildRequest = Callable[[str], ProbeRequest]


def chat(model: str) -> ProbeRequest:
    """Return a chat completion without system message, temperature or stream, which not every model takes."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": MAX_TOKENS}
    return ProbeRequest("/chat/completions", body)


REQUESTS: Mapping[Kind, BuildRequest] = MappingProxyType({Kind.CHAT: chat})
