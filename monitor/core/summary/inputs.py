"""What a provider's summary is made of: rows of its history, read for one span."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.calendar import Span
from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.history.rows import EventRow, OutageRow, StatusAt, WindowRow
from monitor.core.summary.recommend import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryInputs:
    """What is known of a provider for a span, all as it was known when the span ended.

    `events` are the span's and `provider_events` those of the provider itself from the beginning on, each in
    the order of events. `outages` are all that were open in the span or whose end was noticed in it.
    `before` and `after` are the statuses at its two ends by model id, `flapping_since` is of those that
    flapped at its begin, `listed` the last believed catalog. `counts` are the span's by model, up to `until`
    where it is not over. `favourites` are patterns of ids, or of `provider/id`. `choice` is what was worth
    choosing when the span ended. `busy` are the models that came in it and whose last answer was that they
    are limited, with its HTTP status.
    """

    provider: str
    span: Span
    events: Sequence[EventRow] = ()
    provider_events: Sequence[EventRow] = ()
    outages: Sequence[OutageRow] = ()
    before: Mapping[str, StatusAt] = field(default_factory=dict)
    after: Mapping[str, StatusAt] = field(default_factory=dict)
    flapping_since: Mapping[str, datetime] = field(default_factory=dict)
    listed: Collection[str] = ()
    sweeps: SweepCounts = field(default_factory=SweepCounts)
    until: datetime | None = None
    counts: Sequence[WindowRow] = ()
    reliability: Reliability = field(default_factory=Reliability)
    reliability_30d: Reliability = field(default_factory=Reliability)
    choice: Choice = field(default_factory=Choice)
    busy: Mapping[str, int | None] = field(default_factory=dict)
    is_watched: bool = True
    favourites: Sequence[str] = ()

    @property
    def counted_until(self) -> datetime:
        """Up to when the span is known."""
        return self.until or self.span.ends_at

    def of(self, *kinds: EventKind) -> Iterator[EventRow]:
        """Give the models' events of these kinds."""
        return (event for event in self.events if event.model is not None and event.kind in kinds)
