"""How reliable a model was, and how many sweeps that rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepCounts:
    """The sweeps of a span: conclusive ones, inconclusive ones by cause, and scheduled ones never made.

    `missed_because` is why the last of these was not made, None where nothing but time is known of any.
    """

    conclusive: int = 0
    inconclusive: Mapping[str, int] = field(default_factory=dict)
    missed: int = 0
    missed_because: str | None = None

    @property
    def made(self) -> int:
        """How many were made."""
        return self.conclusive + sum(self.inconclusive.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Uptime and coverage in percent, outages and their mean times; None where there is no data.

    `mttr_s` is the mean length of the outages that ended in the span, `mtbf_s` the mean time available for
    each outage that began in it.
    """

    uptime_percent: float | None = None
    coverage_percent: float | None = None
    outages: int = 0
    mttr_s: float | None = None
    mtbf_s: float | None = None
