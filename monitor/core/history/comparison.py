"""What a rebuild finds: derived rows as they stand beside those that follow from the facts (rules.md 29)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Columns = Mapping[str, object]  # by name; moments as aware UTC datetimes


class RowKind(StrEnum):
    """What kind of derived row it is."""

    SWEEP = "sweep"  # its verdict, cause and counts
    EVENT = "event"
    STATE = "state"  # what is believed of a model, or of the provider where no model is named
    DAY = "day"
    MONTH = "month"
    PERIOD = "period"  # of a status


class How(StrEnum):
    """How a row that stands differs from what would stand."""

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row: `stands` is None where it is missing, `follows` where it is extra.

    `at` is the start of the sweep, the event's `confirmed_at`, the state's `since`, the midnight (UTC) at
    which the day or the month begins, the period's `began_at`.
    """

    part: RowKind
    model: str | None
    at: datetime
    stands: Columns | None
    follows: Columns | None

    @property
    def how(self) -> How:
        """Missing, extra, or there but different."""
        if self.stands is None:
            return How.MISSING
        return How.EXTRA if self.follows is None else How.DIFFERENT

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns in which the two rows differ."""
        stands, follows = self.stands or {}, self.follows or {}
        return tuple(name for name in follows if name in stands and stands[name] != follows[name])


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a part differ in one way."""

    part: RowKind
    how: How
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A provider's derived rows beside those that follow from its finished `sweeps`.

    `counts` counts all differences, `differences` holds the first of them.
    """

    provider: str
    sweeps: int
    counts: tuple[Count, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything differs."""
        return bool(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redecided:
    """What changed of a provider's history when its finished `sweeps` were decided by other rules.

    An event of the same model, kind and sweep that says something else is changed, not gone and new. `days`
    are those of single models, `verdicts` the sweeps that got another verdict or cause.
    """

    provider: str
    sweeps: int
    verdicts: int = 0
    events_new: int = 0
    events_gone: int = 0
    events_changed: int = 0
    days: int = 0

    @property
    def events(self) -> int:
        """How many events are not as they were."""
        return self.events_new + self.events_gone + self.events_changed
