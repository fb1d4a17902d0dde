"""The vocabulary: every code that a database, a file or a page can hold."""

from enum import StrEnum


class Outcome(StrEnum):
    """What one observation says of a model."""

    AVAILABLE = "available"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


ANSWERED = frozenset({Outcome.AVAILABLE, Outcome.RATE_LIMITED})  # rules.md 2
# not None, which says that the model answered itself
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


# why an answer is RATE_LIMITED
LIMITS = frozenset({Reason.TOO_MANY_REQUESTS, Reason.SATURATED, Reason.MODEL_QUOTA, Reason.QUEUED})
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
