"""The vocabulary as values: what a sweep saw, what is known of a model, what changed.

Times are aware UTC datetimes in whole milliseconds. Everything is frozen: a fold returns new values.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.domain.vocabulary import Kind, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Observation:
    """What one sweep learned of one listed model.

    `at_ms` counts from the sweep's `started_at`; `attempts` is how many requests it took, 0 if never asked.
    `first_token_ms` (from the request's last byte sent) and `tokens_per_s` (output tokens, two decimals) are
    known only where answers are streamed. `served_as` is the model that the answer itself names, None where
    it names the one asked for, or none (rules.md 37); NOT_RECORDED where no sweep read it.
    """

    model: str
    outcome: Outcome
    reason: str
    at_ms: int
    kind: str = Kind.UNKNOWN
    http_status: int | None = None
    latency_ms: int | None = None
    attempts: int = 1
    retires_at: datetime | None = None
    detail: str | None = None
    first_token_ms: int | None = None
    tokens_per_s: float | None = None
    served_as: str | None = None


@dataclass(frozen=True, slots=True)
class ModelOrigin:
    """What a catalog says of where a model comes from: its owner's name, and when the model was made."""

    model: str
    owned_by: str | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One finished pass over a provider's catalog; also the sweep record of docs/commands.md.

    `listed` is the whole catalog in its order, de-duplicated; empty where it could not be read to its end.
    `verdict` None lets the guard decide; otherwise it and `cause` are taken as given, and `detail` says
    why in a few redacted words. `accepted` accepts what the guard would hold back (rules.md 11).
    `origins` is what the catalog says of models' origins where no catalog before it said so.
    """

    provider: str
    started_at: datetime
    finished_at: datetime
    listed: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()
    vantage: str = "default"
    verdict: Verdict | None = None
    cause: str | None = None
    slot: datetime | None = None
    duplicates: int = 0
    rejected: int = 0
    requests: int = 0
    accepted: bool = False
    detail: str | None = None
    origins: tuple[ModelOrigin, ...] = ()

    def moment(self, observation: Observation) -> datetime:
        """When an observation of this sweep was made (rules.md 25)."""
        return self.started_at + timedelta(milliseconds=observation.at_ms)
