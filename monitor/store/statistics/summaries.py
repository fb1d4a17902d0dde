"""Reads of the history what summaries report (core/summary/values.py). Changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Select, bindparam, func, or_, select

from monitor.clock import to_datetime, to_millis
from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.history.calendar import Span, day_of, days_until
from monitor.core.history.reliability import reliability
from monitor.core.history.rows import EventRow, OutageRow, StatusAt
from monitor.core.lifecycle.rules import BASELINE
from monitor.core.notification.suppression import sides
from monitor.core.summary.build import summarise
from monitor.core.summary.inputs import SummaryInputs
from monitor.core.summary.values import ProviderSummary, Summary
from monitor.store import query
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.memory.outbox import undelivered
from monitor.store.query.busy import read_busy
from monitor.store.query.events import EVENTS, event_row
from monitor.store.query.filters import MODEL, PROVIDER
from monitor.store.statistics.as_of import read_outages, read_statuses
from monitor.store.statistics.choice import RECENT_DAYS, read_choice, read_listed
from monitor.store.statistics.windows import sweep_counts, window_figures

_TICK = timedelta(milliseconds=1)
_KIND_CHANGES: Final = (EventKind.KIND_CHANGED,)
_QUARTER_MS: Final = 900_000  # days of every zone begin at one


def summarise_span(
    engine: Engine,
    span: Span,
    *,
    watched: Sequence[str],
    now: datetime,
    providers: Collection[str] = (),
    favourites: Sequence[str] = (),
) -> Summary:
    """Return what a span was: of the providers that are watched, and of others that had something in it.

    With `providers` only those are summarised. A span that is not over ends at `now`; everything is as it
    was known when the span ended. `favourites` are patterns of the models that lead.
    """
    names = [*watched, *(name for name in query.providers(engine) if name not in watched)]
    summaries = [
        replace(
            summarise_provider(engine, span, name, now=now, favourites=favourites), is_watched=name in watched
        )
        for name in names
        if not providers or name in providers
    ]
    return Summary(
        span=span,
        known_until=now if now < span.ends_at else None,
        providers=tuple(
            summary for summary in summaries if summary.is_watched or summary.has_history or providers
        ),
        undelivered=undelivered(engine, since=span.begins_at, until=span.ends_at),
    )


def summarise_provider(
    engine: Engine, span: Span, provider: str, *, now: datetime, favourites: Sequence[str] = ()
) -> ProviderSummary:
    """Return what a span was for one provider, as known when it ended; one that is not over, up to `now`."""
    counted_until = max(span.begins_at, min(now, span.ends_at))  # no model is available in the future
    events = query.events(engine, since=span.begins_at, until=span.ends_at, provider=provider)
    own, recent = (
        window_figures(engine, begins_at, counted_until, provider=provider, latencies=False)
        for begins_at in (span.begins_at, days_until(span.last, RECENT_DAYS, span.zone).begins_at)
    )
    kinds_changed = query.events(engine, since=span.begins_at, provider=provider, kinds=_KIND_CHANGES)
    with reading(engine) as connection:
        before, after = _both_ends(connection, span, provider, kinds_changed)
        listed = read_listed(connection, provider, span.ends_at)
        outages = _outages(connection, provider, span, events)
        provider_events = _provider_events(connection, provider, span.ends_at)
        busy = _busy(connection, provider, span, events)
        choice = read_choice(
            connection, provider, span, counted_until, before=before.values(), after=after.values()
        )
    inputs = SummaryInputs(
        provider=provider,
        span=span,
        favourites=favourites,
        events=events,
        provider_events=provider_events,
        outages=outages,
        before=before,
        after=after,
        flapping_since=_flapping_since(engine, before.values(), span.begins_at),
        listed=listed,
        sweeps=sweep_counts(engine, span.begins_at, span.ends_at, provider=provider),
        until=counted_until,
        counts=own.counts,
        reliability=reliability(own),
        reliability_30d=reliability(recent),
        choice=choice,
        busy=busy,
    )
    return summarise(inputs)


def history_began_at(engine: Engine, providers: Collection[str] = ()) -> datetime | None:
    """Return when the first sweep started, of these providers or of all; None where there is none."""
    first = select(func.min(t.sweep.c.started_at))
    if providers:
        named = t.provider.c.name.in_(providers)
        first = first.join(t.provider, t.provider.c.id == t.sweep.c.provider_id).where(named)
    with reading(engine) as connection:
        started_at = connection.scalar(first)
    return None if started_at is None else to_datetime(started_at)


def spans_with_sweeps(engine: Engine, spans: Sequence[Span]) -> list[Span]:
    """Return those spans in which a sweep was finished that started in them, or a slot was missed.

    It asks once for each span with sweeps, not for each without.
    """
    left, swept = sorted(spans, key=lambda span: span.begins_at), list[Span]()
    with reading(engine) as connection:
        while left:
            first = _first_between(connection, to_millis(left[0].begins_at), to_millis(left[-1].ends_at))
            if first is None:
                break
            left = [span for span in left if to_millis(span.ends_at) > first]
            if to_millis(left[0].begins_at) <= first:  # else it is between two spans
                swept.append(left.pop(0))
    return [span for span in spans if span in swept]


def changes_by_day(engine: Engine, since: datetime, zone: tzinfo) -> dict[date, Counter[str]]:
    """Count the events confirmed from a moment on by day of the zone and kind, newest day first.

    Models found when watching began are left out, as in a summary.
    """
    quarter = (t.event.c.confirmed_at // _QUARTER_MS).label("quarter")
    is_news = or_(t.event.c.detail.is_(None), t.event.c.detail != BASELINE)  # != drops NULL
    counted = (
        select(quarter, t.event.c.kind, func.count().label("events"))
        .where(t.event.c.confirmed_at >= to_millis(since), is_news)
        .group_by(quarter, t.event.c.kind)
        .order_by(quarter.desc())
    )
    days = defaultdict[date, Counter[str]](Counter)
    with reading(engine) as connection:
        for row in connection.execute(counted):
            days[day_of(to_datetime(row.quarter * _QUARTER_MS), zone)][row.kind] += row.events
    return dict(days)


def _first_between(connection: Connection, begin: int, end: int) -> int | None:
    """Return the first start of a finished sweep or the first missed slot in [`begin`, `end`), in ms."""
    times = [connection.scalar(query, {"begin": begin, "end": end}) for query in _FIRST_BETWEEN]
    return min((time for time in times if time is not None), default=None)


def _first_of(column: ColumnElement[int], *conditions: ColumnElement[bool]) -> Select[Any]:
    inside = (column >= bindparam("begin"), column < bindparam("end"))
    return select(column).where(*inside, *conditions).order_by(column).limit(1)


_FIRST_BETWEEN: Final = (
    _first_of(t.sweep.c.started_at, t.sweep.c.verdict.is_not(None)),
    _first_of(t.missed_slot.c.slot),
)


def _provider_events(connection: Connection, provider: str, until: datetime) -> list[EventRow]:
    events = (
        select(t.event, PROVIDER, MODEL)
        .select_from(EVENTS)
        .where(t.provider.c.name == provider, t.event.c.model_id.is_(None))
        .where(t.event.c.swept_at < to_millis(until), t.event.c.confirmed_at < to_millis(until))
        .order_by(t.event.c.swept_at, t.event.c.id)
    )
    return [event_row(row) for row in connection.execute(events).mappings()]


def _outages(
    connection: Connection, provider: str, span: Span, events: Iterable[EventRow]
) -> list[OutageRow]:
    """Return the outages of the span, those included that ended before it and were noticed in it."""
    ended = (event.began_at for event in events if event.kind == EventKind.BECAME_AVAILABLE)
    earliest = min([span.begins_at, *ended]) - _TICK
    return read_outages(connection, earliest, span.ends_at, provider)


def _busy(
    connection: Connection, provider: str, span: Span, events: Iterable[EventRow]
) -> Mapping[str, int | None]:
    """Return the models that came to be available in the span and were busy when last asked in it."""
    came = (event for event in events if event.to_status == Status.AVAILABLE and event.detail != BASELINE)
    models = {event.model for event in came if event.model is not None}
    return read_busy(connection, provider, models, since=span.begins_at, until=span.ends_at)


def _both_ends(
    connection: Connection, span: Span, provider: str, kinds_changed: Sequence[EventRow]
) -> tuple[dict[str, StatusAt], dict[str, StatusAt]]:
    """Return the statuses at the begin and at the end of the span, with the kinds of then, not of today."""
    later = [event for event in kinds_changed if event.confirmed_at >= span.ends_at]
    begin, end = (read_statuses(connection, at, provider) for at in (span.begins_at, span.ends_at))
    return _with_kinds(begin, kinds_changed), _with_kinds(end, later)


def _with_kinds(statuses: Iterable[StatusAt], changed: Sequence[EventRow]) -> dict[str, StatusAt]:
    """Return statuses by model, with the kinds that were known before these events."""
    earlier = {event.model: sides(event.detail)[0] for event in reversed(changed)}
    return {status.model: replace(status, kind=earlier.get(status.model, status.kind)) for status in statuses}


def _flapping_since(engine: Engine, before: Iterable[StatusAt], moment: datetime) -> dict[str, datetime]:
    started = EventKind.FLAPPING_STARTED
    return {
        status.model: event.confirmed_at
        for status in before
        if status.flapping
        for event in query.events(
            engine,
            until=moment,
            provider=status.provider,
            model=status.model,
            kinds=[started],
            newest_first=True,
            limit=1,
        )
    }
