"""What providers and gateways really answered, as a table: `answers.jsonl`, one answer a line.

`of` is who said it (`any`: words of no one provider), `means` the outcome and reason it must be read as,
`adaptation` what the next request should have (`+`) or leave out (`-`), `source` where it was read or run.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.core.answer.answer import read_answer
from monitor.core.answer.classify import Finding
from monitor.core.answer.exchange import Exchange
from monitor.core.request.forms import PLAIN_CHAT

_TABLE = Path(__file__).with_name("answers.jsonl")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One line of the table."""

    of: str
    status: int
    body: object
    means: str
    source: str
    headers: dict[str, str]
    model: str = ""
    adaptation: tuple[str, ...] = ()
    proves: str | None = None
    served_as: str | None = None

    @property
    def exchange(self) -> Exchange:
        """The answer as it came; a body that is no text is JSON."""
        text = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        return Exchange(http_status=self.status, body=text, headers=self.headers, latency_ms=1)

    @property
    def finding(self) -> Finding:
        """What the answer is read as, on the route of chat."""
        return read_answer(self.exchange, PLAIN_CHAT, self.model, now=NOW, at_ms=0).finding

    def __str__(self) -> str:
        return f"{self.of} {self.status} {self.means}"


def _lines() -> Iterator[Answer]:
    for line in _TABLE.read_text("utf-8").splitlines():
        told = json.loads(line)
        yield Answer(**{"headers": {}, **told, "adaptation": tuple(told.get("adaptation", ()))})


ANSWERS = tuple(_lines())
