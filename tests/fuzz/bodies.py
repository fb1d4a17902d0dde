"""Feed the reader of bodies whatever a fuzzer can think of: `make fuzz`.

Nothing may raise, and nothing is an answer without a choice or another kind's result (rules.md 39). Inputs
begin with a byte that says under which status the rest came. The first ones are the answers of the table.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["monitor.core"]):
    from monitor.core.answer.answer import read_answer
    from monitor.core.answer.body import Body
    from monitor.core.answer.exchange import Exchange, Failure
    from monitor.core.answer.retry_after import retry_after_s
    from monitor.core.answer.stream import tokens_per_s
    from monitor.core.domain.vocabulary import Outcome
    from monitor.core.request.forms import PLAIN_CHAT

from tests.fuzz.results import holds_a_result

_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_STATUSES = (200, 200, 200, 400, 401, 403, 404, 429, 500, 501, 503, 449)
_MODEL = "acme/model-1"
_ANSWERS = Path(__file__).parents[1] / "core/answer/answers.jsonl"


def read_one(data: bytes) -> None:
    """Read one input as an exchange."""
    first = data[0] if data else 0
    body = data[1:].decode("utf-8", "replace")
    exchange = Exchange(
        http_status=_STATUSES[first % len(_STATUSES)],
        body=body,
        truncated=bool(first & 64),
        failure=Failure.CLOSED if first & 128 else None,
    )
    found = read_answer(exchange, PLAIN_CHAT, _MODEL, now=_NOW, at_ms=0).finding
    assert found.detail is None or found.detail.isprintable()
    if found.outcome is Outcome.AVAILABLE and not exchange.truncated:
        assert holds_a_result(Body(body).document), "an answer without a choice or another result"
    assert (retry_after_s({}, body, _NOW) or 0.0) >= 0.0
    tokens_per_s(body, first_token_ms=1, latency_ms=2)


def fill(corpus: Path) -> None:
    """Write the table's answers where the fuzzer begins."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(_ANSWERS.read_text("utf-8").splitlines()):
        answer = json.loads(line)
        text = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
        first = _STATUSES.index(answer["status"]) if answer["status"] in _STATUSES else 0
        (corpus / f"answer-{number}").write_bytes(bytes([first]) + text.encode())


if __name__ == "__main__":
    place = next(each for each in sys.argv[1:] if not each.startswith("-"))
    fill(Path(place))
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()
