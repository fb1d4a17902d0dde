"""An oracle for the fold: rules.md 1-6, 8-26, 37 read off the page over a whole history at once.

It shares no code with `monitor.core` but the types. Where the fold carries counters from sweep to sweep, the
oracle looks back over everything that was seen and counts anew for each decision: slow, and unlikely to be
wrong in the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Verdict
from tests.core.oracle_guard import History
from tests.core.oracle_life import Life
from tests.core.oracle_look import Shown

PLACE = {
    EventKind.APPEARED: 0,
    EventKind.REAPPEARED: 0,
    EventKind.BECAME_AVAILABLE: 0,
    EventKind.BECAME_UNAVAILABLE: 0,
    EventKind.RETIRED: 1,
    EventKind.FLAPPING_STARTED: 2,
    EventKind.FLAPPING_STOPPED: 2,
    EventKind.RETIREMENT_ANNOUNCED: 3,
    EventKind.KIND_CHANGED: 4,
    EventKind.SERVED_MODEL_CHANGED: 5,
}
OPENS = {
    Cause.CREDENTIAL: EventKind.CREDENTIAL_REJECTED,
    Cause.QUOTA: EventKind.QUOTA_EXHAUSTED,
    Cause.PROVIDER_OUTAGE: EventKind.PROVIDER_DOWN,
    Cause.RULE_CHANGE: EventKind.PROVIDER_DOWN,
    Cause.CATALOG_UNREADABLE: EventKind.PROVIDER_DOWN,
    Cause.CATALOG_SHRANK: EventKind.CATALOG_SHRANK,
}
CLOSES = {
    EventKind.CREDENTIAL_REJECTED: EventKind.CREDENTIAL_ACCEPTED,
    EventKind.QUOTA_EXHAUSTED: EventKind.QUOTA_RESTORED,
    EventKind.PROVIDER_DOWN: EventKind.PROVIDER_UP,
    EventKind.CATALOG_SHRANK: EventKind.CATALOG_RESTORED,
}


@dataclass(frozen=True, kw_only=True)
class Replay:
    """A whole history judged: verdict and cause, and events, per sweep; every model at its end."""

    verdicts: tuple[tuple[Verdict, str | None], ...]
    events: tuple[tuple[Event, ...], ...]
    models: Mapping[str, Shown]


def replay(sweeps: Sequence[Sweep], policies: Sequence[Policy]) -> Replay:
    """Judge sweeps of one provider, in time order, each with the policy stored beside it."""
    history = History(tuple(sweeps), tuple(policies))
    verdicts = tuple(history.verdict(at) for at in range(len(sweeps)))
    events: list[list[Event]] = [provider_events(history, at) for at in range(len(sweeps))]
    shown = {}
    for model in sorted({model for sweep in sweeps for model in sweep.listed}):
        life = Life(history, model)
        for at in range(len(sweeps)):
            events[at] += life.live_through(at)
        if life.events:
            shown[model] = life.shown()
    return Replay(
        verdicts=verdicts, events=tuple(tuple(sorted(each, key=_order)) for each in events), models=shown
    )


def _order(event: Event) -> tuple[bool, datetime, str, int]:
    """Rule 26. Provider events keep the order they were raised in (sorting is stable)."""
    if event.model is None:
        return False, datetime.min.replace(tzinfo=UTC), "", 0
    return True, event.confirmed_at, event.model, PLACE[event.kind]


def open_troubles(history: History, until: int) -> dict[EventKind, str]:
    """Rule 10: provider events open before sweep `until`, in the order they were raised."""
    found: dict[EventKind, str] = {}
    for at in range(history.after_conclusive(until), until):
        cause = history.verdict(at)[1]
        if cause in OPENS:
            found.setdefault(OPENS[Cause(cause)], cause)
    return found


def provider_events(history: History, at: int) -> list[Event]:
    """Rule 10: opened when a cause begins, all closed by the next conclusive sweep."""
    open_now = open_troubles(history, at)
    verdict, cause = history.verdict(at)
    if verdict is Verdict.CONCLUSIVE:
        return [_provider_event(history, at, CLOSES[kind], why) for kind, why in open_now.items()]
    if cause not in OPENS or OPENS[Cause(cause)] in open_now:
        return []
    return [_provider_event(history, at, OPENS[Cause(cause)], cause, history.sweeps[at].detail)]


def _provider_event(
    history: History, at: int, kind: EventKind, reason: str, detail: str | None = None
) -> Event:
    when = history.sweeps[at].started_at
    return Event(kind=kind, model=None, began_at=when, confirmed_at=when, reason=reason, detail=detail)
