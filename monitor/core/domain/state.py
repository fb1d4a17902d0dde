"""What is known of a model and of a provider after a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.domain.vocabulary import EventKind, Kind, Status


@dataclass(frozen=True, slots=True)
class Streak:
    """How many in a row agreed, and when the first of them was."""

    count: int
    began_at: datetime

    def longer(self) -> "Streak":
        """Return the same streak with one more."""
        return Streak(self.count + 1, self.began_at)


@dataclass(frozen=True, slots=True)
class Swap:
    """Another model that answered once in this one's name, and when; `served_as` None is the model itself."""

    served_as: str | None
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the fold must remember of a model beyond what is shown of it.

    `unclear` counts the looks in a row that got no clear answer, `timeouts` those that only timed out.
    `absent` counts conclusive catalog reads without the model, `is_gone` says that its absence is confirmed,
    `window` holds the last clear observations for flapping, oldest first, True for up. `has_served` says that
    it was available once, so that it is known who answers, `swap` who else did so last (rules.md 37).
    """

    ups: Streak | None = None
    downs: Streak | None = None
    timeouts: Streak | None = None
    unclear: Streak | None = None
    absent: Streak | None = None
    is_gone: bool = False
    window: tuple[bool, ...] = ()
    has_answered: bool = False  # decides whether too long a failure retires it (rules.md 17)
    has_served: bool = False
    swap: Swap | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A mass failure the guard holds back: its class, and how often each model failed so, since when."""

    failure_class: str
    models: Mapping[str, Streak]


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
    has_answered: bool = False  # ends the baseline (rules.md 12)
    folded_until: datetime | None = None
