"""The vocabulary as values: what a sweep saw, what is known of a model, what changed.

Times are aware UTC datetimes in whole milliseconds. Everything is frozen: a fold returns new values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.domain.memory import Held, Memory, Streak


class Outcome(StrEnum):
    """What one observation says of a model."""

    AVAILABLE = "available"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


ANSWERED = frozenset({Outcome.AVAILABLE, Outcome.RATE_LIMITED})  # rules.md 2
NOT_RECORDED = ""  # who answered, in observations of a version that did not look: nothing changes by them


class Reason(StrEnum):
    """Stable finer code under an outcome. Imported records may carry others, kept unchanged."""

    OK = "ok"
    TOO_MANY_REQUESTS = "too_many_requests"
    SATURATED = "saturated"
    MODEL_QUOTA = "model_quota"  # a limit of an hour or longer, the model's own (rules.md 6)
    QUEUED = "queued"
    NOT_FOUND = "not_found"
    NOT_FOR_ACCOUNT = "not_for_account"
    END_OF_LIFE = "end_of_life"
    WITHDRAWN = "withdrawn"
    DEGRADED = "degraded"
    NO_CAPACITY = "no_capacity"
    SERVER_ERROR = "server_error"
    SWITCHED_OFF = "switched_off"
    INVALID_ANSWER = "invalid_answer"
    FALLBACK = "fallback"  # another deployment answered in its place (rules.md 37)
    NO_ENDPOINT = "no_endpoint"
    NEEDS_OTHER_REQUEST = "needs_other_request"
    BAD_REQUEST = "bad_request"
    TIMEOUT = "timeout"
    CONNECTION_FAILED = "connection_failed"
    CONNECTION_CLOSED = "connection_closed"
    CREDENTIAL = "credential"
    QUOTA = "quota"
    WRONG_ADDRESS = "wrong_address"
    NOT_PROBED = "not_probed"
    LOOKED_UP = "looked_up"  # a retired model of which only the metadata was read (rules.md 28)
    UNRESPONSIVE = "unresponsive"
    UNCLEAR = "unclear"  # nothing clear for long, and not by time-outs alone (rules.md 4)
    DELISTED = "delisted"
    UNAVAILABLE_TOO_LONG = "unavailable_too_long"


UNASKED = frozenset({Reason.NOT_PROBED, Reason.LOOKED_UP})  # of whom the model itself said nothing


class Kind(StrEnum):
    """The endpoint that serves a model."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"
    IMAGE = "image"
    AUDIO = "audio"
    MODERATION = "moderation"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What is believed of a model, derived from conclusive sweeps."""

    NEW = "new"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    RETIRED = "retired"


class Verdict(StrEnum):
    """Whether a sweep may change what is believed."""

    CONCLUSIVE = "conclusive"
    INCONCLUSIVE = "inconclusive"


class Cause(StrEnum):
    """Why a sweep is inconclusive (rules.md 9). Imported records may carry others, kept unchanged."""

    CREDENTIAL = "credential"
    QUOTA = "quota"
    PROVIDER_OUTAGE = "provider_outage"
    RULE_CHANGE = "rule_change"
    OUR_NETWORK = "our_network"
    CATALOG_UNREADABLE = "catalog_unreadable"
    CATALOG_SHRANK = "catalog_shrank"
    INTERRUPTED = "interrupted"
    VOIDED = "voided"


class EventKind(StrEnum):
    """What can change, of a model or (second group) of a provider."""

    APPEARED = "appeared"
    REAPPEARED = "reappeared"
    BECAME_AVAILABLE = "became_available"
    BECAME_UNAVAILABLE = "became_unavailable"
    RETIRED = "retired"
    FLAPPING_STARTED = "flapping_started"
    FLAPPING_STOPPED = "flapping_stopped"
    RETIREMENT_ANNOUNCED = "retirement_announced"
    KIND_CHANGED = "kind_changed"
    SERVED_MODEL_CHANGED = "served_model_changed"

    CREDENTIAL_REJECTED = "credential_rejected"
    CREDENTIAL_ACCEPTED = "credential_accepted"
    QUOTA_EXHAUSTED = "quota_exhausted"
    QUOTA_RESTORED = "quota_restored"
    PROVIDER_DOWN = "provider_down"
    PROVIDER_UP = "provider_up"
    CATALOG_SHRANK = "catalog_shrank"
    CATALOG_RESTORED = "catalog_restored"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one sweep learned of one listed model.

    `at_ms` counts from the sweep's `started_at`; `attempts` is how many requests it took, 0 if never asked.
    `first_token_ms` (from the request's last byte sent) and `tokens_per_s` (output tokens, two decimals) are
    known only where answers are streamed. `served_as` is the model that the answer itself names, None where
    it names the one asked for, or none (rules.md 37); NOT_RECORDED where nobody looked.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One finished pass over a provider's catalog; also the exchange record of contract.md.

    `listed` is the whole catalog in its order, de-duplicated; empty where it could not be read to its end.
    `verdict` None lets the guard decide; otherwise it and `cause` are believed as given, and `detail` tells
    the trouble in a few redacted words. `accepted` believes what the guard would hold back (rules.md 11).
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

    def moment(self, observation: Observation) -> datetime:
        """When an observation of this sweep was made (rules.md 25)."""
        return self.started_at + timedelta(milliseconds=observation.at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The thresholds a sweep is decided with, stored beside it (rules.md 29)."""

    confirm_down: int = 2
    confirm_up: int = 1
    confirm_unlisted: int = 2
    confirm_unresponsive: int = 4
    retire_after: timedelta = timedelta(days=14)
    flap_window: int = 21
    flap_high: float = 30.0
    flap_low: float = 20.0
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """What is believed of one model after the last conclusive sweep.

    `served_as` is the model that answers in its name, None while it answers itself (rules.md 37).
    """

    status: Status
    reason: str | None
    since: datetime
    listed: bool = True
    flapping: bool = False
    kind: str = Kind.UNKNOWN
    last_checked_at: datetime | None = None
    last_available_at: datetime | None = None
    http_status: int | None = None
    latency_ms: int | None = None
    retires_at: datetime | None = None
    served_as: str | None = None
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """Everything a fold over one provider's sweeps carries from one sweep to the next.

    `believed` is the last believed catalog; `missing` counts the readable catalogs without an id of it,
    `absent` those without a known model while it was tracked (rules.md 11). `answered` is who answered in the
    last conclusive sweep, which started at `concluded_at`; `answered_before` who was not asked in it but
    answered when asked last, and the start of that sweep, of the last 24 hours (rules.md 8). `open_troubles`
    is the kind and cause of each open provider event, `folded_until` the start of the latest sweep folded.
    """

    models: Mapping[str, ModelState] = field(default_factory=dict)
    believed: frozenset[str] = frozenset()
    missing: Mapping[str, Streak] = field(default_factory=dict)
    absent: Mapping[str, Streak] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()
    answered_before: Mapping[str, datetime] = field(default_factory=dict)
    concluded_at: datetime | None = None
    open_troubles: tuple[tuple[EventKind, str], ...] = ()
    held: Held | None = None
    has_answered: bool = False
    folded_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of a model, or of the provider where `model` is None."""

    kind: EventKind
    model: str | None
    began_at: datetime
    confirmed_at: datetime
    from_status: Status | None = None
    to_status: Status | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one sweep means: its verdict, the events in the order of rules.md 26, and the state after it."""

    verdict: Verdict
    cause: str | None
    events: tuple[Event, ...]
    state: ProviderState
