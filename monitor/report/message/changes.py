"""What sweeps changed as a message: grouped by what happened, what matters most first, in plain words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from typing import Final

from monitor.core.domain.event import Event
from monitor.core.domain.vocabulary import LIMITS, EventKind, Status
from monitor.core.history.calendar import day_of
from monitor.core.notification.message import Message
from monitor.core.notification.suppression import Changes
from monitor.report.formats.sweep_documents import event_document
from monitor.report.layout.content import Content, Item, ProviderContent, Section
from monitor.report.layout.message import message_of
from monitor.report.words.codes import change_words, reason_words, shown_id, status_after, swap_words
from monitor.report.words.numbers import counted
from monitor.report.words.paths import Links
from monitor.report.words.times import iso_millis, moment_words, rounded_duration

_TOPIC: Final = "changes"
_LONGEST_TITLE: Final = 120
_MOST_NAMED: Final = 3  # more do not fit the title

# Events of models, the most important first, and their verbs in headings and titles.
_GROUPS: Final[Mapping[EventKind, str]] = {
    EventKind.RETIRED: "retired",
    EventKind.BECAME_UNAVAILABLE: "went down",
    EventKind.RETIREMENT_ANNOUNCED: "will be retired",
    EventKind.BECAME_AVAILABLE: "became available",
    EventKind.REAPPEARED: "came back",
    EventKind.APPEARED: "appeared",
    EventKind.FLAPPING_STARTED: "started flapping",
    EventKind.FLAPPING_STOPPED: "stopped flapping",
    EventKind.KIND_CHANGED: "changed kind",
    EventKind.SERVED_MODEL_CHANGED: "silently swapped",
}
_VERBS_OF_ONE: Final[Mapping[EventKind, str]] = {
    EventKind.RETIRED: "was retired",
    EventKind.KIND_CHANGED: "changed its kind",
    EventKind.SERVED_MODEL_CHANGED: "is answered by another model",
}
# What lasted until such an event; others say it themselves.
_STATES_ENDED: Final[Mapping[EventKind, str]] = {
    EventKind.BECAME_AVAILABLE: "down",
    EventKind.REAPPEARED: "retired",
}
_PLACES: Final = {kind: place for place, kind in enumerate(_GROUPS, start=1)}


def changes_message(changes: Changes, *, id: str, links: Links | None, zone: tzinfo = UTC) -> Message:  # noqa: A002
    """Word what one sweep changed; days are those of `zone`."""
    return message_of(
        id,
        _title(changes.provider, _headline([changes])),
        Content(
            about=f"Sweep of {moment_words(changes.swept_at)}.",
            providers=(_provider_content(changes.provider, [changes], links),),
            more=_more(changes.events, links, zone),
        ),
        {"topic": _TOPIC, **changes_document(changes, links)},
    )


def combined_message(
    sweeps: Sequence[Changes],
    *,
    id: str,  # noqa: A002
    links: Links | None,
    zone: tzinfo = UTC,
) -> Message:
    """Word what several sweeps changed as one message, provider by provider."""
    why = "because this channel reached its limit of messages an hour"
    return _message_of_all(sweeps, why, {}, id=id, links=links, zone=zone)


def late_message(
    sweeps: Sequence[Changes],
    *,
    id: str,  # noqa: A002
    links: Links | None,
    zone: tzinfo = UTC,
) -> Message:
    """Word what one or several sweeps changed that could not be recorded when they were made."""
    why = "which are late: the database was away when they were made"
    if len(sweeps) == 1:
        why = why.replace("are late", "is late").replace("they were", "it was")
    return _message_of_all(sweeps, why, {"late": True}, id=id, links=links, zone=zone)


def _message_of_all(
    sweeps: Sequence[Changes],
    why: str,
    marks: Mapping[str, object],
    *,
    id: str,  # noqa: A002
    links: Links | None,
    zone: tzinfo,
) -> Message:
    by_provider = dict[str, list[Changes]]()
    for changes in sweeps:
        by_provider.setdefault(changes.provider, []).append(changes)
    everything = [event for changes in sweeps for event in changes.events]
    first, last = moment_words(sweeps[0].swept_at), moment_words(sweeps[-1].swept_at)
    span = f"from {first} to {last}" if len(sweeps) > 1 else f"of {first}"
    number = counted(len(sweeps), "sweep")
    return message_of(
        id,
        _title(_names(list(by_provider)), f"{number}, {_headline(sweeps)}"),
        Content(
            about=f"This message covers {number}, {span}, {why}.",
            providers=tuple(
                _provider_content(provider, happened, links, is_alone=len(by_provider) == 1)
                for provider, happened in by_provider.items()
            ),
            more=_more(everything, links, zone),
        ),
        {"topic": _TOPIC, **marks, "sweeps": [changes_document(changes, links) for changes in sweeps]},
    )


def changes_document(changes: Changes, links: Links | None) -> dict[str, object]:
    """Return what a sweep changed for machines: JSON values only.

    Of an event that ended something, `since` says when that began and `duration_s` how long it lasted, in
    whole seconds as in `outage_history`; both are None for any other.
    """
    events = [
        {
            **event_document(event),
            "since": iso_millis(since) if (since := changes.since(event)) else None,
            "duration_s": since and int(event.began_at.timestamp()) - int(since.timestamp()),
            "url": _url(changes.provider, event, links),
        }
        for event in changes.events
    ]
    return {
        "provider": changes.provider,
        "sweep_id": changes.sweep_id,
        "swept_at": iso_millis(changes.swept_at),
        "events": events,
    }


def _title(subject: str, words: str) -> str:
    """Return a title that is cut where it is too long for a subject line."""
    title = f"{shown_id(subject)}: {words}"
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1].rstrip()}…"


def _provider_content(
    provider: str, sweeps: Sequence[Changes], links: Links | None, *, is_alone: bool = True
) -> ProviderContent:
    """Put troubles of the provider first; within a group the order of what happened stays."""
    sections = list[Section]()
    events = [(event, changes.since(event)) for changes in sweeps for event in changes.events]
    by_importance = sorted(events, key=lambda pair: _PLACES.get(pair[0].kind, 0))
    for group, members in groupby(by_importance, key=lambda pair: _GROUPS.get(pair[0].kind)):
        items = tuple(_item(provider, event, since, links) for event, since in members)
        title = f"{group.capitalize()} ({len(items):,})" if group else "The provider"
        sections.append(Section(title=title if is_alone else f"{shown_id(provider)}: {title}", items=items))
    return ProviderContent(sections=tuple(sections))


def _item(provider: str, event: Event, since: datetime | None, links: Links | None) -> Item:
    lasted = f",{_lasted_words(event, since)} (since {moment_words(since)})" if since else ""
    if event.model is not None:
        url = _url(provider, event, links) or ""
        return Item(model=event.model, words=shown_id(_words(event) + lasted), url=url)
    words = change_words(event.kind, to_status=None, reason=None, detail=None)
    detail = f": {event.detail}" if event.detail else ""
    return Item(words=shown_id(f"{provider} {words} (since {moment_words(event.began_at)}){lasted}{detail}"))


def _lasted_words(event: Event, since: datetime | None) -> str:
    """` after 2 h 10 min down`: how long that lasted which an event ended; empty where it ended nothing."""
    if since is None:
        return ""
    state = "retired" if event.from_status == Status.RETIRED else _STATES_ENDED.get(event.kind, "")
    return f" after {rounded_duration(event.began_at - since)} {state}".rstrip()


def _words(event: Event) -> str:
    """Say what a model's event adds to the heading of its group."""
    since = f"since {moment_words(event.began_at)}"
    match event.kind:
        case EventKind.RETIRED | EventKind.BECAME_UNAVAILABLE:
            return f"{reason_words(event.reason)}, {since}" if event.reason else since
        case EventKind.BECAME_AVAILABLE:
            return f"busy, {since}" if event.reason in LIMITS else since
        case EventKind.RETIREMENT_ANNOUNCED:
            return f"on {_date_words(event.detail)}"
        case EventKind.APPEARED | EventKind.REAPPEARED:
            return f"{_status_words(event)}, {since}"
        case EventKind.SERVED_MODEL_CHANGED if swap := swap_words(event.detail):
            return f"{swap}, {since}"
    return f"{event.detail}, {since}" if event.detail else since


def _status_words(event: Event) -> str:
    words = status_after(str(event.to_status), event.reason)
    is_down = event.to_status not in {Status.NEW, Status.AVAILABLE}
    return f"{words}, {reason_words(event.reason)}" if is_down and event.reason else words


def _date_words(detail: str | None) -> str:
    try:
        return moment_words(datetime.fromisoformat(detail or ""))
    except ValueError:
        return detail or "a day not named"  # an imported record's detail may be any text


def _headline(sweeps: Sequence[Changes]) -> str:
    """`rejects our key; 2 models went down, 1 retired`; one event alone is named with its model."""
    pairs = [(event, changes.since(event)) for changes in sweeps for event in changes.events]
    events = [event for event, _ in pairs]
    if len(events) == 1 and events[0].model:
        verb = _VERBS_OF_ONE.get(events[0].kind, _GROUPS[events[0].kind])
        return f"{shown_id(events[0].model)} {verb}{_lasted_words(*pairs[0])}"
    troubles = list(dict.fromkeys(_trouble(*pair) for pair in pairs if pair[0].model is None))
    counts = Counter(event.kind for event in events if event.model is not None)
    models = [f"{counts[kind]:,} {verb}" for kind, verb in _GROUPS.items() if counts[kind]]
    if models:
        kind = next(kind for kind in _GROUPS if counts[kind])
        models[0] = f"{counted(counts[kind], 'model')} {_GROUPS[kind]}"
    more = ["and more"] if len(models) > _MOST_NAMED else []
    return "; ".join((*troubles, *filter(None, [", ".join((*models[:_MOST_NAMED], *more))])))


def _trouble(event: Event, since: datetime | None) -> str:
    words = change_words(event.kind, to_status=None, reason=None, detail=None)
    return words + _lasted_words(event, since)


def _names(providers: Sequence[str]) -> str:
    return ", ".join(map(shown_id, providers[:_MOST_NAMED])) + (
        f" and {len(providers) - _MOST_NAMED} more" if len(providers) > _MOST_NAMED else ""
    )


def _url(provider: str, event: Event, links: Links | None) -> str | None:
    return links.model(provider, event.model) if links and event.model is not None else None


def _more(events: Sequence[Event], links: Links | None, zone: tzinfo) -> tuple[str, str] | None:
    if links is None:
        return None
    day = day_of(max(event.confirmed_at for event in events), zone)
    return f"All changes of {day}", links.day(day)
