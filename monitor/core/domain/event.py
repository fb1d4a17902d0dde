"""What one sweep means: its verdict and what changed."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.domain.state import ProviderState
from monitor.core.domain.vocabulary import EventKind, Status, Verdict


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
