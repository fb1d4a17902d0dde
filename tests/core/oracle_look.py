"""What the oracle sees of a model in one sweep, and what it says of it at the end."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome, Reason, Status


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the oracle says of one model after the last sweep."""

    status: Status
    listed: bool
    flapping: bool
    since: datetime
    reason: str | None
    kind: str
    retires_at: datetime | None
    last_checked_at: datetime | None
    last_available_at: datetime | None
    http_status: int | None
    latency_ms: int | None
    served_as: str | None


@dataclass(frozen=True)
class Look:
    """A conclusive sweep's observation (or gap) of a listed model, and whether it is up or down, if clear."""

    sweep: int
    moment: datetime
    observation: Observation
    is_up: bool | None


def is_end(observation: Observation) -> bool:
    return observation.reason == Reason.END_OF_LIFE


def was_asked(observation: Observation) -> bool:
    """Rules 1 and 28: neither left out, nor a retired model of which only the metadata were read."""
    return observation.reason not in (Reason.NOT_PROBED, Reason.LOOKED_UP)


def served_by(observation: Observation) -> str | None:
    """Rule 37: who gave an answer, the model itself where none is named; None where nobody answered.

    Reading: of answered observations only `available` ones are an answer that could name its model. A limit
    is said before any model speaks, so it is no proof that the model itself is back. An
    empty name is that of an observation which no version looked at for it, so it says nothing.
    """
    if observation.outcome is not Outcome.AVAILABLE or observation.served_as == "":
        return None
    return observation.served_as or observation.model


def timed_out(observation: Observation) -> bool:
    return observation.outcome is Outcome.UNKNOWN and observation.reason == Reason.TIMEOUT


def status_of(look: Look) -> Status:
    if look.is_up is None:
        return Status.NEW
    return Status.AVAILABLE if look.is_up else Status.UNAVAILABLE
