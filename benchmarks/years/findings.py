"""What made-up answers say: every finding that can occur is known before the first sweep is made."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason

_TIMED_OUT_MS = 20_000
_CONFIRMED_LATER_MS = 6_000

Words = tuple[str, str, str, int | None, int, str | None]


class Trouble(StrEnum):
    """What a model, or the way to it, suffers from."""

    BROKEN = "broken"
    OVERLOADED = "overloaded"
    NOT_FOUND = "not found"
    GARBLED = "garbled"
    LIMITED = "limited"
    SILENT = "silent"
    CLOSED = "closed"
    ENDED = "ended"
    OUTAGE = "outage"
    NETWORK = "network"
    CREDENTIAL = "credential"
    QUOTA = "quota"


_DOWN, _UNKNOWN = Outcome.UNAVAILABLE, Outcome.UNKNOWN
_ANSWERS: dict[Trouble, tuple[Outcome, Reason, int | None, tuple[str, ...]]] = {
    Trouble.BROKEN: (_DOWN, Reason.SERVER_ERROR, 500, ("Internal server error", "Inference failed")),
    Trouble.OVERLOADED: (
        _DOWN, Reason.NO_CAPACITY, 503,
        ("Service Unavailable", "ResourceExhausted: worker local total request limit reached (32/32)"),
    ),
    Trouble.NOT_FOUND: (_DOWN, Reason.NOT_FOUND, 404, ("404 page not found", "Function not found")),
    Trouble.GARBLED: (_DOWN, Reason.INVALID_ANSWER, 200, ("the answer is not JSON", "no choices in it")),
    Trouble.LIMITED: (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429, ("Too Many Requests",)),
    Trouble.SILENT: (_UNKNOWN, Reason.TIMEOUT, None, ("no answer within 20 s", "no answer within 90 s")),
    Trouble.CLOSED: (_UNKNOWN, Reason.CONNECTION_CLOSED, None, ("the server closed the connection",)),
    Trouble.ENDED: (_DOWN, Reason.END_OF_LIFE, 410, ("The model has reached its end of life",)),
    Trouble.OUTAGE: (_DOWN, Reason.SERVER_ERROR, 502, ("Bad Gateway", "upstream connect error")),
    Trouble.NETWORK: (_UNKNOWN, Reason.CONNECTION_FAILED, None, ("name resolution failed", "refused")),
    Trouble.CREDENTIAL: (_UNKNOWN, Reason.CREDENTIAL, 401, ("Authentication failed",)),
    Trouble.QUOTA: (_UNKNOWN, Reason.QUOTA, 402, ("Account credits exhausted",)),
}  # fmt: skip
_UNTIMED = frozenset({Reason.TIMEOUT, Reason.CONNECTION_CLOSED, Reason.CONNECTION_FAILED})


@dataclass(slots=True)
class Findings:
    """All findings: observations that lack only model, moment and latency. Their numbers begin with 1."""

    samples: list[Observation] = field(default_factory=list)
    _numbers: dict[Observation, int] = field(default_factory=dict)

    def fine(self, kind: Kind, retires_at: datetime | None = None) -> int:
        """Return the number of a good answer, which may announce an end."""
        return self._number(
            Observation(
                "", Outcome.AVAILABLE, Reason.OK, 0, kind=kind, http_status=200, retires_at=retires_at
            )
        )

    def troubled(self, kind: Kind, trouble: Trouble) -> tuple[int, ...]:
        """Return the numbers of the answers that a trouble can give."""
        outcome, reason, status, details = _ANSWERS[trouble]
        attempts = 1 if outcome is Outcome.RATE_LIMITED else 2
        sample = Observation("", outcome, reason, 0, kind=kind, http_status=status, attempts=attempts)
        return tuple(self._number(replace(sample, detail=detail)) for detail in details)

    def sample(self, number: int) -> Observation:
        """Return the finding of a number."""
        return self.samples[number - 1]

    def _number(self, sample: Observation) -> int:
        if sample not in self._numbers:
            self.samples.append(sample)
            self._numbers[sample] = len(self.samples)
        return self._numbers[sample]


def timing(sample: Observation, usual_ms: int) -> tuple[int | None, int]:
    """Return the latency that such an answer has, and how long it takes longer than a good one."""
    if sample.outcome is Outcome.AVAILABLE:
        return usual_ms, 0
    if sample.reason in _UNTIMED:
        return None, _TIMED_OUT_MS if sample.reason == Reason.TIMEOUT else _CONFIRMED_LATER_MS
    return 40 + usual_ms // 7, _CONFIRMED_LATER_MS if sample.attempts > 1 else 0


def words(samples: Sequence[Observation]) -> list[Words]:
    """Return kind, status, reason, HTTP status, attempts and detail of findings."""
    return [
        (
            str(each.kind),
            each.outcome.value,
            str(each.reason),
            each.http_status,
            each.attempts,
            each.detail,
        )
        for each in samples
    ]
