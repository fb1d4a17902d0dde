"""What the status page shows: rows of the history arranged for a reader, nothing looked up, nothing rendered.

The rows come from the store as they are; here they are only described by what the page needs of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from monitor.core.domain.vocabulary import Status, Verdict
from monitor.core.lifecycle.rules import BASELINE
from monitor.report.words.codes import cause_words, change_words

_SHOWN_CHANGES: Final = 20
_ORDER: Final = (Status.AVAILABLE, Status.NEW, Status.UNAVAILABLE, Status.RETIRED)


class ModelLine(Protocol):
    """What arranging needs of a row of `model_status`; the template shows its other columns."""

    @property
    def model(self) -> str:
        """The id."""

    @property
    def status(self) -> Status:
        """What is believed of it."""

    @property
    def flapping(self) -> bool:
        """Whether it changes too often."""


class SweepLine(Protocol):
    """What arranging needs of a row of `sweep_history`; a running sweep has no verdict."""

    @property
    def started_at(self) -> datetime:
        """When it began."""

    @property
    def finished_at(self) -> datetime | None:
        """When it ended."""

    @property
    def verdict(self) -> str | None:
        """What it was good for."""

    @property
    def cause(self) -> str | None:
        """Why it is inconclusive."""


class ChangeLine(Protocol):
    """One event, as in the view `change_history`."""

    @property
    def provider(self) -> str:
        """Whose it is."""

    @property
    def model(self) -> str | None:
        """The id; None where the provider itself changed."""

    @property
    def kind(self) -> str:
        """What happened."""

    @property
    def confirmed_at(self) -> datetime:
        """When it was certain."""

    @property
    def to_status(self) -> str | None:
        """The status after it."""

    @property
    def reason(self) -> str | None:
        """Why."""

    @property
    def detail(self) -> str | None:
        """What a kind says besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """What is known of one provider; `interval` None where it is not watched (rules.md 34)."""

    name: str
    interval: timedelta | None
    is_stale: bool
    last_conclusive_at: datetime | None
    models: Sequence[ModelLine]
    sweeps: Sequence[SweepLine]  # newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event in words; `subject` is the model, or the provider where the event is its own."""

    at: datetime
    provider: str
    subject: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One provider's part of the page."""

    facts: ProviderFacts
    present: Sequence[ModelLine]
    retired: Sequence[ModelLine]
    counts: Mapping[Status, int]
    next_due_at: datetime | None
    trouble: str

    @property
    def is_running(self) -> bool:
        """Whether the newest sweep has not ended yet."""
        return bool(self.facts.sweeps) and self.facts.sweeps[0].finished_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole status page; `counts` are over the providers that are watched."""

    now: datetime
    sections: Sequence[Section]
    counts: Mapping[Status, int]
    flapping: int
    changes: Sequence[Change]
    has_baseline: bool


def arrange(facts: Iterable[ProviderFacts], changes: Iterable[ChangeLine], *, now: datetime) -> Page:
    """Arrange the page: watched providers first, in each what answers first. `changes` are newest first."""
    sections = sorted((_section(one) for one in facts), key=_place)
    watched = [section for section in sections if section.facts.interval is not None]
    told = list(changes)
    return Page(
        now=now,
        sections=sections,
        counts={status: sum(section.counts[status] for section in watched) for status in Status},
        flapping=sum(line.flapping for section in watched for line in section.present),
        changes=[worded(line) for line in told if not _is_baseline(line)][:_SHOWN_CHANGES],
        has_baseline=any(_is_baseline(line) for line in told),
    )


def _place(section: Section) -> tuple[bool, str]:
    return section.facts.interval is None, section.facts.name


def _section(facts: ProviderFacts) -> Section:
    lines = sorted(facts.models, key=lambda line: (_ORDER.index(line.status), line.model))
    statuses = Counter(line.status for line in lines)
    return Section(
        facts=facts,
        present=[line for line in lines if line.status != Status.RETIRED],
        retired=[line for line in lines if line.status == Status.RETIRED],
        counts={status: statuses[status] for status in Status},
        next_due_at=_next_due_at(facts),
        trouble=_trouble(facts.sweeps),
    )


def _next_due_at(facts: ProviderFacts) -> datetime | None:
    if facts.interval is None or not facts.sweeps:
        return None
    return facts.sweeps[0].started_at + facts.interval


def _trouble(sweeps: Sequence[SweepLine]) -> str:
    """Say why the newest finished sweep told nothing of the models; an empty text when it did."""
    newest = next((sweep for sweep in sweeps if sweep.verdict is not None), None)
    if newest is None or newest.verdict == Verdict.CONCLUSIVE:
        return ""
    return cause_words(newest.cause) or "no cause was recorded"


def _is_baseline(line: ChangeLine) -> bool:
    return line.detail == BASELINE


def worded(line: ChangeLine) -> Change:
    """Put one event into words."""
    return Change(
        at=line.confirmed_at,
        provider=line.provider,
        subject=line.provider if line.model is None else line.model,
        words=change_words(line.kind, to_status=line.to_status, reason=line.reason, detail=line.detail),
    )
