"""What the next sweep of a provider begins with, kept in memory while the database is away."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from monitor.core.domain.event import Decision
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Verdict
from monitor.core.planning.inputs import Knowledge
from monitor.store.facts.origins import said_so_far
from monitor.sweep.values import SweepStart


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMemory:
    """What a provider's last sweep left: the start of one after it, the day's requests, when it ended."""

    start: SweepStart
    day: date
    spent: int
    ended_at: datetime

    def start_at(self, started_at: datetime, slot: datetime | None) -> SweepStart:
        """Return what a sweep begins with that starts now."""
        spent = self.spent if started_at.date() == self.day else 0
        return replace(self.start, slot=slot, spent_today=spent)

    def idle_s(self, started_at: datetime) -> float:
        """Return the seconds since the last sweep's end."""
        return (started_at - self.ended_at).total_seconds()


def remembered(
    start: SweepStart, sweep: Sweep, decision: Decision, learned: Mapping[str, Knowledge]
) -> ProviderMemory:
    """Return what to remember after a sweep that began with `start`."""
    is_used_up = start.is_accepted and decision.verdict is Verdict.CONCLUSIVE
    origins = dict(start.origins)
    for said in sweep.origins:
        *_, origins[said.model] = said_so_far([*filter(None, [origins.get(said.model)]), said])
    day = sweep.started_at.date()
    return ProviderMemory(
        start=replace(
            start,
            state=decision.state,
            knowledge={**start.knowledge, **learned},
            is_accepted=start.is_accepted and not is_used_up,
            origins=origins,
        ),
        day=day,
        spent=start.spent_today + sweep.requests,
        ended_at=sweep.finished_at,
    )
