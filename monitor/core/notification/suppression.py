"""Which events are sent at once, and which are held back for a while (rules.md 22, maintenance).

While a model flaps its ups and downs are not sent one by one; in a maintenance window nothing in it is.
What was sent last is remembered, and once the silence is over a message follows where it is not so any more:
the case that Nagios and Icinga lose. Histories are untouched by this.

Flapping silences from the sweep on that began it, so the change that crossed the limit is kept as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from monitor.core.domain.event import Decision, Event
from monitor.core.domain.patterns import matches
from monitor.core.domain.state import ModelState, ProviderState
from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.lifecycle.guard import CLOSED_BY
from monitor.core.lifecycle.rules import BASELINE

Silence = Callable[[str | None], bool]  # of a model, or of the provider as such where None

_DAMPED = frozenset({EventKind.BECAME_AVAILABLE, EventKind.BECAME_UNAVAILABLE})
_OPENED_BY: Mapping[EventKind, EventKind] = {closing: opening for opening, closing in CLOSED_BY.items()}


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A change held back: what was sent last (None for nothing), and the latest event since."""

    told: str | None
    event: Event


Suppression = Mapping[str, Suppressed]  # what was not sent yet of one provider, by `subject_of`
NOTHING_SUPPRESSED: Final[Suppression] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Which channel gets which events: `topics` are kinds of events and `summary`, `providers` globs."""

    channel: str
    topics: frozenset[str]
    providers: tuple[str, ...] = ("*",)

    def covers(self, provider: str) -> bool:
        """Say whether this provider's news are for it."""
        return matches(provider, self.providers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What one channel gets of one sweep, all in one message.

    `ended` says of events that ended something (an outage, a trouble) when that began, by `ending_key`.
    """

    provider: str
    sweep_id: int
    swept_at: datetime
    events: tuple[Event, ...] = field(default=())
    ended: Mapping[str, datetime] = field(default_factory=dict)

    def since(self, event: Event) -> datetime | None:
        """Return when that began which an event ended; None where it ended nothing."""
        return self.ended.get(ending_key(event))


def ending_key(event: Event) -> str:
    """Return what names an event among those of one provider."""
    return f"{event.kind} {event.confirmed_at.isoformat()} {event.model or ''}"


def addressed(changes: Changes, subscription: Subscription) -> Changes | None:
    """Return the part that a subscription asked for; None where there is nothing in it for it."""
    wanted = tuple(event for event in changes.events if event.kind in subscription.topics)
    if not wanted or not subscription.covers(changes.provider):
        return None
    return replace(changes, events=wanted)


def sendable(
    suppressed: Suppression, decision: Decision, is_silent: Silence
) -> tuple[tuple[Event, ...], Suppression]:
    """Return the events to send after a sweep, and what stays suppressed.

    `is_silent` says for a model id, or None for the provider, whether a maintenance window covers it now.
    """
    kept, audible = dict(suppressed), list[Event]()
    for event in decision.events:
        if event.kind is EventKind.APPEARED and event.detail == BASELINE:
            continue
        if _is_kept(event, decision.state, is_silent):
            _keep(kept, event)
        else:
            audible += _release(kept, event)
    return (*audible, *_release_due(kept, decision, is_silent)), kept


def sides(detail: str | None) -> tuple[str, str]:
    """Return what was and what is of a detail such as `chat -> rerank`; empty where it names none."""
    before, _, after = (detail or "").partition(" -> ")
    return before, after


def subject_of(event: Event) -> str:
    """Return what an event is about: a trouble of the provider, or one of four things of a model."""
    if event.model is None:
        return f"{_OPENED_BY.get(event.kind, event.kind)}"
    return f"{_subject(event).name} {event.model}"


def _keep(kept: dict[str, Suppressed], event: Event) -> None:
    earlier = kept.get(subject_of(event))
    last_sent, latest = (earlier.told, earlier.event) if earlier else (_before(event), event)
    has_only_appeared = latest.kind is EventKind.APPEARED and event.kind is not EventKind.RETIRED
    if earlier and has_only_appeared:  # of a model never sent, its coming is the news
        event = replace(latest, to_status=event.to_status, reason=event.reason)
    kept[subject_of(event)] = Suppressed(last_sent, event)


def _release(kept: dict[str, Suppressed], event: Event) -> tuple[Event, ...]:
    """Return an event to send, unless it only undoes one that was never sent."""
    earlier = kept.pop(subject_of(event), None)
    # down and up again within the silence: readers still believe what is true
    return () if earlier and earlier.told == _after(event) else (event,)


def _release_due(kept: dict[str, Suppressed], decision: Decision, is_silent: Silence) -> list[Event]:
    """Take out what need not be kept any more; return what readers still believe wrongly."""
    due = list[Event]()
    for subject, held in list(kept.items()):
        if _is_kept(held.event, decision.state, is_silent):
            continue
        del kept[subject]  # removed before comparing: what is true again is simply forgotten
        now = _now(held.event, decision.state)
        if held.told != now == _after(held.event):  # still so, and not what readers know
            due.append(held.event)
    return due


def _is_kept(event: Event, state: ProviderState, is_silent: Silence) -> bool:
    model = state.models.get(event.model or "")
    is_damped = event.kind in _DAMPED and model is not None and model.flapping
    return is_damped or is_silent(event.model)


# What an event can be about, and what it says of that: how it was before, how it is after, how it is now.


@dataclass(frozen=True, slots=True)
class _Subject:
    name: str
    before: Callable[[Event], str | None]
    after: Callable[[Event], str | None]
    now: Callable[[Event, ModelState], str | None]


_STATUS = _Subject(
    "status",
    before=lambda event: event.from_status,
    after=lambda event: event.to_status,
    now=lambda _event, model: model.status,
)
_FLAPPING = _Subject(
    "flapping",
    before=lambda event: _steadiness(is_flapping=event.kind is EventKind.FLAPPING_STOPPED),
    after=lambda event: _steadiness(is_flapping=event.kind is EventKind.FLAPPING_STARTED),
    now=lambda _event, model: _steadiness(is_flapping=model.flapping),
)
_END = _Subject(
    "end",
    before=lambda _event: None,  # the date named before is not in the event
    after=lambda event: event.detail,
    now=lambda event, model: None if model.status is Status.RETIRED else event.detail,
)
_KIND = _Subject(
    "kind",
    before=lambda event: sides(event.detail)[0],
    after=lambda event: sides(event.detail)[1],
    now=lambda _event, model: model.kind,
)
_SERVED = _Subject(
    "served_as",
    before=lambda event: sides(event.detail)[0],
    after=lambda event: sides(event.detail)[1],
    now=lambda event, model: model.served_as or event.model,  # NULL is the id itself (rules.md 37)
)
_SUBJECTS: Mapping[EventKind, _Subject] = {
    EventKind.FLAPPING_STARTED: _FLAPPING,
    EventKind.FLAPPING_STOPPED: _FLAPPING,
    EventKind.RETIREMENT_ANNOUNCED: _END,
    EventKind.KIND_CHANGED: _KIND,
    EventKind.SERVED_MODEL_CHANGED: _SERVED,
}


def _steadiness(*, is_flapping: bool) -> str:
    return "flapping" if is_flapping else "steady"


def _openness(*, is_open: bool) -> str:
    return "open" if is_open else "closed"


def _subject(event: Event) -> _Subject:
    return _SUBJECTS.get(event.kind, _STATUS)


def _before(event: Event) -> str | None:
    if event.model is None:
        return _openness(is_open=event.kind in _OPENED_BY)
    return _subject(event).before(event)


def _after(event: Event) -> str | None:
    if event.model is None:
        return _openness(is_open=event.kind not in _OPENED_BY)
    return _subject(event).after(event)


def _now(event: Event, state: ProviderState) -> str | None:
    if event.model is None:
        return _openness(is_open=subject_of(event) in dict(state.open_troubles))
    model = state.models.get(event.model)
    return None if model is None else _subject(event).now(event, model)
