"""What readers get of the history: a value for each view. Times are aware UTC to the millisecond."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.domain.vocabulary import Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One line of `model_status`. `uptime_30d` is a percentage, None without data."""

    provider: str
    model: str
    kind: str
    listed: bool
    status: Status
    flapping: bool
    reason: str | None
    since: datetime
    last_checked_at: datetime | None
    last_available_at: datetime | None
    http_status: int | None
    latency_ms: int | None
    retires_at: datetime | None
    uptime_30d: float | None
    served_as: str | None = None
    publisher: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One line of `change_history`; `model` is None for an event of the provider.

    `retires_at` is the end that a `retirement_announced` names.
    """

    event_id: int
    provider: str
    model: str | None
    kind: str
    began_at: datetime
    confirmed_at: datetime
    from_status: str | None
    to_status: str | None
    reason: str | None
    sweep_id: int
    detail: str | None
    retires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One line of `sweep_history`; `verdict` and `finished_at` are None while it runs.

    `detail` says why it is inconclusive, for a voided one in the operator's words. `clock_step_s` is how far
    the wall clock was set since the sweep before, forwards above 0.
    """

    sweep_id: int
    provider: str
    vantage: str
    started_at: datetime
    finished_at: datetime | None
    verdict: Verdict | None
    cause: str | None
    listed: int
    duplicates: int
    probed: int
    available: int
    rate_limited: int
    unavailable: int
    unknown: int
    requests: int
    slot: datetime | None
    rejected: int
    detail: str | None = None
    clock_step_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRow:
    """One line of `outage_history`; `ended_at` is None while it lasts."""

    provider: str
    model: str
    began_at: datetime
    ended_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UptimeRow:
    """A model's observations of some days (rules.md 27)."""

    provider: str
    model: str
    answered: int
    unavailable: int
    unknown: int

    @property
    def checks(self) -> int:
        """How many observations count."""
        return self.answered + self.unavailable + self.unknown

    @property
    def uptime_percent(self) -> float | None:
        """Return 100 * answered / (answered + unavailable), None without data."""
        return percent(self.answered, self.answered + self.unavailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow(UptimeRow):
    """A model's observations of a window of time (rules.md 27).

    `clear_or_answered` are the observations that prove something, `due` the sweeps that should have made one:
    inconclusive and missed ones included. Latencies are nearest-rank percentiles of its available answers.
    """

    clear_or_answered: int
    due: int
    latency_p50_ms: int | None
    latency_p95_ms: int | None

    @property
    def coverage_percent(self) -> float | None:
        """Return 100 * clear_or_answered / due."""
        return percent(self.clear_or_answered, self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAt:
    """What was believed of a model at a moment; but `kind` and `listed` are what is believed today."""

    provider: str
    model: str
    status: Status
    reason: str | None
    since: datetime
    flapping: bool
    retires_at: datetime | None
    kind: str
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """One line of `stream_history`: a streamed answer, whole after `latency_ms`."""

    provider: str
    model: str
    sweep_id: int
    observed_at: datetime
    latency_ms: int | None
    first_token_ms: int | None
    tokens_per_s: float | None


@dataclass(frozen=True, slots=True)
class ModelStory:
    """Everything shown of one model: what is believed now, its latest events and outages, newest first.

    `streamed` is its latest streamed observation, None where it never had one.
    """

    now: ModelRow
    events: tuple[EventRow, ...]
    outages: tuple[OutageRow, ...]
    streamed: StreamRow | None = None


def percent(part: int, whole: int) -> float | None:
    """Return a percentage; None of nothing."""
    return part * 100 / whole if whole else None  # multiplied first: 29 / 100 * 100 is 28.999999999999996
