"""What a streamed answer says beside its text: when the first token came, and how fast the rest."""

import json
import re
from collections.abc import Iterator

_TOKEN = re.compile(rb'"(?:content|reasoning_content|reasoning|thinking|text|delta)"\s{0,4}:\s{0,4}"[^"]')
_MOST_LINES = 10_000
_FEWEST_TOKENS = 2  # of one token there is no rate


def has_token(body: bytes | bytearray) -> bool:
    """Whether a body that is still coming holds a piece of the answer."""
    return _TOKEN.search(body) is not None


def tokens_per_s(body: str, *, first_token_ms: int | None, latency_ms: int | None) -> float | None:
    """Output tokens a second after the first one, to two decimals; None where it cannot be known.

    The count is the provider's own (`usage`), else that of the events that carry text, about one token each.
    """
    if first_token_ms is None or latency_ms is None or latency_ms <= first_token_ms:
        return None
    tokens = _stated(body) or sum(has_token(line.encode("utf-8", "replace")) for line in _lines(body))
    if tokens < _FEWEST_TOKENS:
        return None
    return round((tokens - 1) * 1000 / (latency_ms - first_token_ms), 2)  # the first token is not in the time


def _stated(body: str) -> int:
    """Return the last number of output tokens that the provider states, 0 where it states none."""
    stated = 0
    for event in _events(body):
        whole = event.get("response")  # where `/responses` says it, at the end
        usage = event.get("usage") or (whole.get("usage") if isinstance(whole, dict) else None)
        if isinstance(usage, dict):
            counts = [usage.get(name) for name in ("completion_tokens", "output_tokens")]
            stated = next((count for count in counts if type(count) is int and count > 0), stated)
    return stated


def _events(body: str) -> Iterator[dict[str, object]]:
    for line in _lines(body):
        try:
            event = json.loads(line[5:])
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


def _lines(body: str) -> list[str]:
    """Return the lines of data; only line feeds end them, as text may hold other separators."""
    return [line for line in body.split("\n")[:_MOST_LINES] if line.startswith("data:")]
