"""The oracle's half that tells one model's life: rules.md 3, 4, 11, 13-25, 37 read off the page.

Nothing is counted along the way: every decision looks back over all that was seen of the model. Readings it
takes where the page leaves a choice are marked `Reading:`.
"""

from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import ANSWERED, EventKind, Kind, Outcome, Status
from tests.core.oracle_guard import History
from tests.core.oracle_look import Look, Shown, served_by, timed_out, was_asked

STATUS_KINDS = frozenset(
    {
        EventKind.APPEARED,
        EventKind.REAPPEARED,
        EventKind.BECAME_AVAILABLE,
        EventKind.BECAME_UNAVAILABLE,
        EventKind.RETIRED,
    }
)
BASELINE = "baseline"


@dataclass
class Story:
    """One model's life. Nothing is counted along the way: each decision looks back over `looks`."""

    history: History
    model: str
    looks: list[Look] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    clear_from: int = 0  # looks before these places were emptied: of clear streaks,
    silent_from: int = 0  # of what is not clear in a row,
    served_from: int = 0  # of who answers in a row,
    window_from: int = 0  # of the flapping window
    dates: list[datetime] = field(default_factory=list)  # announced ends of life
    servers: list[str] = field(default_factory=list)  # who answers in its name, by the changes told
    gone: bool = False
    listed: bool = True

    @property
    def status(self) -> Status | None:
        return self.events[-1].to_status if self.events else None

    @property
    def flapping(self) -> bool:
        kinds = [event.kind for event in self.events]
        return kinds.count(EventKind.FLAPPING_STARTED) > kinds.count(EventKind.FLAPPING_STOPPED)

    @property
    def last_status_event(self) -> Event:
        return [event for event in self.events if event.kind in STATUS_KINDS][-1]

    @property
    def kind(self) -> str:
        known = [look.observation.kind for look in self.looks if look.observation.kind != Kind.UNKNOWN]
        return known[-1] if known else Kind.UNKNOWN

    @property
    def announced(self) -> datetime | None:
        return self.dates[-1] if self.dates else None

    def clear_streak(self, *, is_up: bool) -> list[Look]:
        """Return the clear looks in a row, ending with the last clear one, that agree with `is_up`."""
        streak: list[Look] = []
        for look in reversed(self.looks[self.clear_from :]):
            if look.is_up is None:
                continue
            if look.is_up is not is_up:
                break
            streak.insert(0, look)
        return streak

    def silence(self) -> list[Look]:
        """Rule 4: looks in a row that asked the model and got nothing clear, ending with the last that asked.

        Reading: of a new model one that is unclear otherwise breaks the row of time-outs. A row of an
        available model that is longer than needed, since the policy has become milder, counts from its first,
        and is `unresponsive` only if all of it timed out.
        """
        streak: list[Look] = []
        for look in reversed(self.looks[self.silent_from :]):
            if not was_asked(look.observation):
                continue
            is_broken = (
                not timed_out(look.observation) if self.status is Status.NEW else look.is_up is not None
            )
            if is_broken:
                break
            streak.insert(0, look)
        return streak

    @property
    def server(self) -> str:
        """Rule 37: who is believed to answer: the last one told of, else whoever did first."""
        first = (name for look in self.looks if (name := served_by(look.observation)))
        return self.servers[-1] if self.servers else next(first, self.model)

    def has_answered(self) -> bool:
        return any(look.observation.outcome in ANSWERED for look in self.looks)

    def shown(self) -> Shown:
        last = self.last_status_event
        assert last.to_status is not None
        back = self.looks[::-1]
        checked = next((look for look in back if was_asked(look.observation)), None)
        answered = next((look for look in back if look.observation.outcome is Outcome.AVAILABLE), None)
        return Shown(
            status=last.to_status,
            listed=self.listed,
            flapping=self.flapping,
            since=last.began_at,
            reason=last.reason,
            kind=self.kind,
            retires_at=self.announced,
            last_checked_at=checked.moment if checked else None,
            last_available_at=answered.moment if answered else None,
            http_status=checked.observation.http_status if checked else None,
            latency_ms=checked.observation.latency_ms if checked else None,
            served_as=None if self.server == self.model else self.server,
        )

    def window(self) -> list[bool]:
        """Keep after each clear look as many as its own policy's window holds (reading)."""
        kept: list[bool] = []
        for look in self.looks[self.window_from :]:
            if look.is_up is not None:
                kept = [*kept, look.is_up][-self.policy(look).flap_window :]
        return kept

    def policy(self, look: Look) -> Policy:
        return self.history.policies[look.sweep]

    def happen(
        self,
        kind: EventKind,
        began_at: datetime,
        confirmed_at: datetime,
        *,
        reason: str | None,
        to: Status | None = None,
        detail: str | None = None,
    ) -> None:
        self.events.append(
            Event(
                kind=kind,
                model=self.model,
                began_at=began_at,
                confirmed_at=confirmed_at,
                from_status=self.status,
                to_status=to or self.status,
                reason=reason,
                detail=detail,
            )
        )
