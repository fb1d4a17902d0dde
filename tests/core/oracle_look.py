"""What the oracle sees of a model in one sweep, and what it says of it at the end."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.model import Observation, Outcome, Reason, Status


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


def timed_out(observation: Observation) -> bool:
    return observation.outcome is Outcome.UNKNOWN and observation.reason == Reason.TIMEOUT


def status_of(look: Look) -> Status:
    if look.is_up is None:
        return Status.NEW
    return Status.AVAILABLE if look.is_up else Status.UNAVAILABLE
