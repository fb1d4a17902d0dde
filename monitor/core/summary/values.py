"""What happened in a span of days, as one value that every rendering shows (docs/summaries.md).

It holds what was known when the span ended: an event belongs to the day in which it was confirmed, and an
outage that ended later is still open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.core.history.calendar import Span
from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.summary.standing_values import Favourite, ModelOutages, Standing


class Way(StrEnum):
    """How a model came to be among those that count: the last two end no outage and begin none."""

    APPEARED = "appeared"
    REAPPEARED = "reappeared"
    ANSWERED = "answered"  # for the first time, or since it reappeared
    REFUSED = "refused"  # its first clear answer was that it does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A model that came in the span, with its status at the end of the span and why that is so.

    `is_busy` if its last answer in the span was that it is limited, with `http_status`.
    """

    model: str
    at: datetime
    way: Way
    kind: str
    status: str
    reason: str | None
    is_busy: bool = False
    http_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """A model that began to be gone `at` a moment for a `reason`; `is_back` if it reappeared in the span."""

    model: str
    at: datetime
    reason: str | None
    is_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A model whose end was announced for `on`, before that for `was`; `is_new` if within the span."""

    model: str
    on: datetime
    is_new: bool
    was: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """An outage; `ended_at` is None where it lasted at the end of the span.

    `is_new` if it was noticed in the span, `is_flapping` if its model's ups and downs are one Flap,
    `is_final` if it ended because the model was retired.
    """

    model: str
    began_at: datetime
    ended_at: datetime | None
    reason: str | None
    is_new: bool = True
    is_flapping: bool = False
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageTotals:
    """What all outages of the span came to, those of flapping models included.

    `began` outages of so many `models` were noticed in it, `ended` ones ended in it, `final` of them because
    the model was retired. `longest` is the longest of all these, None where there was none.
    """

    began: int
    models: int
    ended: int
    final: int
    longest: Down | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flap:
    """A model that flapped in the span; at its end it still does where `stopped_at` is None.

    `times` counts how often it flapped, the last time from `started_at` to `stopped_at`; `changes` counts its
    ups and downs within the span: none where no failure was confirmed. `status`, `since` and `reason` are
    those at the end of the span. `is_new` if it started to flap within it.
    """

    model: str
    started_at: datetime
    stopped_at: datetime | None
    percent: str | None
    times: int
    changes: int
    status: str
    since: datetime
    reason: str | None
    is_new: bool

    @property
    def is_news(self) -> bool:
        """Whether anything came of it in the span."""
        return bool(self.is_new or self.changes or self.stopped_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A change of a model's kind."""

    model: str
    at: datetime
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentSwap:
    """Who answered for a model before the span and who does at its end, since `at`, after so many `changes`.

    Both are the same where the first came back (rules.md 37).
    """

    model: str
    at: datetime
    before: str
    after: str
    changes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A trouble of the provider or with it: the kind of the event that opened it, and its cause."""

    kind: str
    cause: str | None
    began_at: datetime
    ended_at: datetime | None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """A model worth choosing now: available, not flapping, not going. Its figures are of the last 30 days.

    `coverage_percent` is the share of all conclusive sweeps of that window in which it was clear, whenever it
    was first seen. `is_new` if it was not among the best when the span began.
    """

    model: str
    kind: str
    uptime_percent: float
    coverage_percent: float | None
    latency_p50_ms: int | None
    checks: int = 0
    first_seen_at: datetime | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSummary:
    """The span of one provider.

    `baseline` counts models first seen when watching began: they are no news. `outages` were noticed or
    ended in the span, `still_down` are older ones that lasted beyond it; `by_model` has a row for each model
    that was down in the span. `by_status` counts the listed models at its end, `standing` all by how they
    stand, `favourites` those of them that the reader named. `going` holds what was announced in the span, and
    what is to come soon after it. `promising` models have too short a past to be among the `best`;
    `changed_choices` and `changed_promising` are the kinds of which that list changed in the span.
    """

    provider: str
    sweeps: SweepCounts
    reliability: Reliability
    reliability_30d: Reliability
    is_watched: bool = True
    by_status: Mapping[str, int] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    baseline: int = 0
    arrivals: tuple[Arrival, ...] = ()
    retirements: tuple[Retirement, ...] = ()
    going: tuple[Going, ...] = ()
    outages: tuple[Down, ...] = ()
    still_down: tuple[Down, ...] = ()
    by_model: tuple[ModelOutages, ...] = ()
    flaps: tuple[Flap, ...] = ()
    switches: tuple[Switch, ...] = ()
    swaps: tuple[SilentSwap, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    best: tuple[Best, ...] = ()
    promising: tuple[Best, ...] = ()
    changed_choices: tuple[str, ...] = ()
    changed_promising: tuple[str, ...] = ()
    favourites: tuple[Favourite, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing changed: one line says it all."""
        moved = (self.arrivals, self.retirements, self.outages, self.troubles, self.baseline)
        changed = (*moved, self.switches, self.swaps)
        announced = any(model.is_new for model in self.going)
        restless = any(flap.is_news for flap in self.flaps)
        return not any(changed) and not announced and not restless

    @property
    def needs_reader(self) -> bool:
        """Whether a reader may have to act on what changed: models go, are gone, are down or differ."""
        is_going = any(model.is_new for model in self.going) or any(
            not row.is_back for row in self.retirements
        )
        is_down = any(row.ended_at is None and not row.is_flapping for row in self.outages)
        is_troubled = any(trouble.ended_at is None for trouble in self.troubles)
        return bool(is_going or is_down or is_troubled or self.switches or self.swaps or self.baseline)

    def outage_totals(self, until: datetime) -> OutageTotals:
        """Return what its outages came to; those that last are measured up to `until`."""
        began = [outage for outage in self.outages if outage.is_new]
        ended = [outage for outage in self.outages if outage.ended_at is not None]
        return OutageTotals(
            began=len(began),
            models=len({outage.model for outage in began}),
            ended=len(ended),
            final=sum(outage.is_final for outage in ended),
            longest=max(
                self.outages, key=lambda outage: (outage.ended_at or until) - outage.began_at, default=None
            ),
        )

    @property
    def has_history(self) -> bool:
        """Whether anything was looked at or missed in the span: a day without is not reported."""
        return bool(self.sweeps.made or self.sweeps.missed) or not self.is_quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What happened in a span, provider by provider, and how many messages were given up by channel.

    `known_until` is the moment it was made where the span was not over then, else None.
    """

    span: Span
    providers: tuple[ProviderSummary, ...]
    undelivered: Mapping[str, int] = field(default_factory=dict)
    known_until: datetime | None = None

    @property
    def until(self) -> datetime:
        """The end of what it reports."""
        return self.known_until or self.span.ends_at

    @property
    def is_complete(self) -> bool:
        """Whether the span is over."""
        return self.known_until is None
