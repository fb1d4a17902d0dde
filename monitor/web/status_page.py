"""What the status page shows: rows of the history arranged for a reader; it reads and renders nothing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from monitor.core.domain.vocabulary import Status, Verdict
from monitor.core.history.rows import EventRow, ModelRow, SweepRow
from monitor.core.lifecycle.rules import BASELINE
from monitor.core.notification.maintenance import RunningWindow
from monitor.report.words.codes import cause_words, change_words
from monitor.report.words.maintenance import window_words

_SHOWN_CHANGES: Final = 20
_ORDER: Final = (Status.AVAILABLE, Status.NEW, Status.UNAVAILABLE, Status.RETIRED)


@dataclass(frozen=True, kw_only=True)
class ProviderSection:
    """One provider's part of the page; `interval` is None where it is not watched (rules.md 34)."""

    name: str
    interval: timedelta | None
    is_stale: bool
    last_conclusive_at: datetime | None
    models: Sequence[ModelRow]
    sweeps: Sequence[SweepRow]  # newest first
    maintenance: Sequence[RunningWindow] = ()
    missed: str = ""  # a sentence on what was not swept lately
    busy: Collection[tuple[str, str]] = ()  # provider and id of models that were limited when last asked

    @property
    def is_watched(self) -> bool:
        """Whether it is in the configuration."""
        return self.interval is not None

    @property
    def is_running(self) -> bool:
        """Whether the newest sweep has not ended yet."""
        return bool(self.sweeps) and self.sweeps[0].finished_at is None

    @property
    def notices(self) -> Sequence[str]:
        """The maintenance windows that run and what was missed, in words."""
        return [*map(window_words, self.maintenance), *filter(None, [self.missed])]

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many models there are of each status."""
        return Counter(row.status for row in self.models)

    @cached_property
    def present(self) -> Sequence[ModelRow]:
        """The models that are not retired, what answers first."""
        rows = (row for row in self.models if row.status != Status.RETIRED)
        return sorted(rows, key=lambda row: (_ORDER.index(row.status), row.model))

    @cached_property
    def retired(self) -> Sequence[ModelRow]:
        """The retired models."""
        return sorted((row for row in self.models if row.status == Status.RETIRED), key=lambda row: row.model)

    @property
    def next_due_at(self) -> datetime | None:
        """When the next sweep is due, None where no schedule says it."""
        return self.sweeps[0].started_at + self.interval if self.interval and self.sweeps else None

    @property
    def trouble(self) -> str:
        """Why the newest finished sweep is inconclusive; an empty text when it is not."""
        newest = next((sweep for sweep in self.sweeps if sweep.verdict is not None), None)
        if newest is None or newest.verdict == Verdict.CONCLUSIVE:
            return ""
        return cause_words(newest.cause) or "no cause was recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordedChange:
    """One event in words; `subject` is the model, or the provider where the event is its own."""

    at: datetime
    provider: str
    subject: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """The whole status page; `counts` are over the providers that are watched."""

    now: datetime
    sections: Sequence[ProviderSection]
    counts: Mapping[Status, int]
    flapping: int
    changes: Sequence[WordedChange]
    has_baseline: bool


def arrange(sections: Iterable[ProviderSection], events: Sequence[EventRow], *, now: datetime) -> StatusPage:
    """Arrange the page: watched providers first, then by name. `events` are newest first."""
    sections = sorted(sections, key=lambda section: (not section.is_watched, section.name))
    watched = [section for section in sections if section.is_watched]
    changes = [event for event in events if event.detail != BASELINE]
    return StatusPage(
        now=now,
        sections=sections,
        counts=Counter(row.status for section in watched for row in section.models),
        flapping=sum(row.flapping for section in watched for row in section.present),
        changes=[worded(event) for event in changes[:_SHOWN_CHANGES]],
        has_baseline=len(changes) < len(events),
    )


def worded(event: EventRow) -> WordedChange:
    """Put one event into words."""
    return WordedChange(
        at=event.confirmed_at,
        provider=event.provider,
        subject=event.provider if event.model is None else event.model,
        words=change_words(event.kind, to_status=event.to_status, reason=event.reason, detail=event.detail),
    )
