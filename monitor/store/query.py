"""What readers ask of the history. Each function is one look at one moment of the database."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Join,
    RowMapping,
    Select,
    Subquery,
    Tuple,
    cast,
    false,
    func,
    select,
    tuple_,
    union_all,
)

from monitor.clock import to_millis
from monitor.core.history import EventRow, ModelRow, ModelStory, OutageRow, StreamRow, SweepRow, UptimeRow
from monitor.core.model import Verdict
from monitor.store import schema as t
from monitor.store.engine import reading
from monitor.store.rows import event_row, model_row, outage_row, stream_row, sweep_row
from monitor.store.values import DAY_MS, is_storable, moment, sweep_of_event

_UPTIME_DAYS = 30  # of model_status
_PROVIDER = t.provider.c.name.label("provider")
_MODEL = t.model.c.name.label("model")
_TURN = (t.event.c.swept_at, t.event.c.id)  # what orders events: ids alone do not, see schema/derived.py


def providers(engine: Engine) -> list[str]:
    """Return the names of all providers with a history, by code point."""
    with reading(engine) as connection:
        return list(connection.scalars(select(t.provider.c.name).order_by(t.provider.c.name)))


def current_models(
    engine: Engine, provider: str | None = None, *, model: str | None = None
) -> list[ModelRow]:
    """Return what is believed of every model, by provider and id."""
    with reading(engine) as connection:
        recent = _counts(connection, _UPTIME_DAYS, provider, model)
        query = (
            select(
                _PROVIDER,
                _MODEL,
                t.model_state,
                recent.c.answered.label("answered_30d"),
                recent.c.unavailable.label("unavailable_30d"),
            )
            .select_from(t.provider)
            .join(t.model, t.model.c.provider_id == t.provider.c.id)
            .join(t.model_state, t.model_state.c.model_id == t.model.c.id)
            .outerjoin(recent, recent.c.model_id == t.model.c.id)
            .where(*_named(provider, model))
            .order_by(t.provider.c.name, t.model.c.name)
        )
        return [model_row(row) for row in connection.execute(query).mappings()]


def model_story(engine: Engine, provider: str, model: str, *, limit: int = 50) -> ModelStory | None:
    """Return one model's story; None for a model that nothing is believed of."""
    found = current_models(engine, provider, model=model)
    if not found:
        return None
    told = events(engine, provider=provider, model=model, newest_first=True, limit=limit)
    down = outages(engine, provider=provider, model=model, limit=limit)
    return ModelStory(found[0], tuple(told), tuple(down), last_streamed(engine, provider, model))


def last_streamed(engine: Engine, provider: str, model: str) -> StreamRow | None:
    """Return a model's latest streamed observation, by the id of its sweep; None where it never had one."""
    seen, told = t.observation.c, t.streamed.c
    query = (
        select(
            _PROVIDER,
            _MODEL,
            t.streamed,
            (t.sweep.c.started_at + seen.at_ms).label("observed_at"),
            seen.latency_ms,
        )
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.streamed, told.model_id == t.model.c.id)
        .join(t.observation, (seen.model_id == told.model_id) & (seen.sweep_id == told.sweep_id))
        .join(t.sweep, t.sweep.c.id == told.sweep_id)
        .where(*_named(provider, model))
        .order_by(told.sweep_id.desc())
        .limit(1)
    )
    return next(map(stream_row, _rows(engine, query)), None)


def events(
    engine: Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    after_id: int | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> list[EventRow]:
    """Return events confirmed from `since` on, before `until`, by the start of their sweep, then by id.

    `after_id` goes on where one stopped.
    """
    query = (
        select(t.event, _PROVIDER, _MODEL)
        .select_from(_told_of(model))
        .where(*_named(provider, model), *_confirmed(since, until))
        .order_by(*(column.desc() if newest_first else column for column in _TURN))
        .limit(limit)
    )
    if kind is not None:
        query = query.where(t.event.c.kind == kind)
    if after_id is not None:
        query = query.where(tuple_(*_TURN) > _turn_of(after_id))
    return [event_row(row) for row in _rows(engine, query)]


def _told_of(model: str | None) -> Join:
    """Join events to what they are told of; a model's own are to be found by its key, not its provider's."""
    event, owner, own = t.event, t.provider, t.model
    if model is None:
        whole = event.join(owner, owner.c.id == event.c.provider_id)
        return whole.outerjoin(own, own.c.id == event.c.model_id)
    return owner.join(own, own.c.provider_id == owner.c.id).join(event, event.c.model_id == own.c.id)


def _confirmed(since: datetime | None, until: datetime | None) -> Iterator[ColumnElement[bool]]:
    """Give what holds for events confirmed in [since, until), and for where they stand in the key.

    No event is confirmed before its sweep's start, nor after its last observation.
    """
    if since is not None:
        # Not the bare column: SQLite would go through all sweeps by it instead of through the latest.
        first = select(func.min(t.sweep.c.started_at + 0)).where(
            t.sweep.c.provider_id.in_(select(t.provider.c.id)),
            t.sweep.c.observed_until >= to_millis(since),
        )
        yield t.event.c.swept_at >= first.scalar_subquery()
        yield t.event.c.confirmed_at >= to_millis(since)
    if until is not None:
        yield t.event.c.swept_at < to_millis(until)
        yield t.event.c.confirmed_at < to_millis(until)


def sweeps(engine: Engine, provider: str | None = None, limit: int | None = None) -> list[SweepRow]:
    """Return sweeps, newest first, running ones included."""
    query = (
        select(t.sweep, _PROVIDER)
        .join(t.provider, t.provider.c.id == t.sweep.c.provider_id)
        .where(*_named(provider, None))
        .order_by(t.sweep.c.started_at.desc(), t.sweep.c.id.desc())
        .limit(limit)
    )
    return [sweep_row(row) for row in _rows(engine, query)]


def last_conclusive_at(engine: Engine, provider: str) -> datetime | None:
    """Return the start of a provider's latest conclusive sweep."""
    query = (
        select(func.max(t.sweep.c.started_at))
        .join(t.provider, t.provider.c.id == t.sweep.c.provider_id)
        .where(*_named(provider, None), t.sweep.c.verdict == Verdict.CONCLUSIVE.value)
    )
    with reading(engine) as connection:
        return moment(connection.scalar(query))


def outages(
    engine: Engine,
    *,
    since: datetime | None = None,
    provider: str | None = None,
    model: str | None = None,
    limit: int | None = None,
) -> list[OutageRow]:
    """Return outages that lasted at or after `since`, newest first (rules.md 21)."""
    span = t.period.c
    down = select(span.model_id, span.event_id, span.began_at, span.ended_at, span.reason).where(
        span.is_outage
    )
    if provider is not None or model is not None:
        down = down.where(span.model_id.in_(_model_ids(provider, model)))
    if since is not None:
        down = down.where(span.ended_at.is_(None) | (span.ended_at >= to_millis(since)))
    # Cut to the limit before names are looked up.
    newest = down.order_by(span.event_id.desc()).limit(limit).subquery()
    query = (
        select(_PROVIDER, _MODEL, newest.c.began_at, newest.c.ended_at, newest.c.reason)
        .select_from(newest)
        .join(t.model, t.model.c.id == newest.c.model_id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .order_by(newest.c.event_id.desc())
    )
    return [outage_row(row) for row in _rows(engine, query)]


def uptime(
    engine: Engine, days: int, *, provider: str | None = None, model: str | None = None
) -> list[UptimeRow]:
    """Return each model's counts over the UTC days ending with the provider's last conclusive sweep's."""
    with reading(engine) as connection:
        counts = _counts(connection, days, provider, model)
        query = (
            select(_PROVIDER, _MODEL, counts.c.answered, counts.c.unavailable, counts.c.unknown)
            .select_from(counts)
            .join(t.model, t.model.c.id == counts.c.model_id)
            .join(t.provider, t.provider.c.id == t.model.c.provider_id)
            .order_by(t.provider.c.name, t.model.c.name)
        )
        return [_uptime_row(*row) for row in connection.execute(query)]


def _uptime_row(provider: str, model: str, answered: int, unavailable: int, unknown: int) -> UptimeRow:
    return UptimeRow(
        provider=provider,
        model=model,
        checks=answered + unavailable + unknown,
        answered=answered,
        unavailable=unavailable,
        unknown=unknown,
    )


def _rows(engine: Engine, query: Select[Any]) -> Sequence[RowMapping]:
    with reading(engine) as connection:
        return connection.execute(query).mappings().all()


def _named(provider: str | None, model: str | None) -> list[ColumnElement[bool]]:
    wanted = [(t.provider.c.name, provider), (t.model.c.name, model)]
    return [column == name if is_storable(name) else false() for column, name in wanted if name is not None]


def _turn_of(event_id: int) -> Tuple:
    """Return the place of an event in the order of events; it need not exist any more, its sweep does."""
    start = select(t.sweep.c.started_at).where(t.sweep.c.id == sweep_of_event(event_id)).scalar_subquery()
    return tuple_(func.coalesce(start, 0), event_id)


def _model_ids(provider: str | None, model: str | None) -> Select[Any]:
    joined = t.provider.join(t.model, t.model.c.provider_id == t.provider.c.id)
    return select(t.model.c.id).select_from(joined).where(*_named(provider, model))


def _counts(connection: Connection, days: int, provider: str | None, model: str | None) -> Subquery:
    """Select models' counts over the days ending with their provider's last conclusive sweep.

    One select for each provider: its days are then one range of the key for each of its models.
    """
    last = (
        select(func.max(t.sweep.c.started_at))
        .where(t.sweep.c.provider_id == t.provider.c.id, t.sweep.c.verdict == Verdict.CONCLUSIVE.value)
        .scalar_subquery()
    )
    ends = connection.execute(select(t.provider.c.name, last.label("at")).where(*_named(provider, None)))
    counted = [_counted(name, model, at // DAY_MS, days) for name, at in ends if at is not None]
    return union_all(*counted or [_counted("", model, 0, 0)]).subquery()


def _counted(provider: str, model: str | None, end: int, days: int) -> Select[Any]:
    day, names = t.daily.c, ("answered", "unavailable", "unknown")
    return (
        select(day.model_id, *(_total(day[name]) for name in names))
        .where(day.model_id.in_(_model_ids(provider, model)), day.day.between(end - days + 1, end))
        .group_by(day.model_id)
    )


def _total(column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger).label(column.key)


def requests_between(engine: Engine, provider: str, since: datetime, until: datetime) -> int:
    """Return how many requests the sweeps of a provider sent that began from `since` on, before `until`."""
    query = (
        select(func.coalesce(func.sum(t.sweep.c.requests), 0))
        .join(t.provider, t.provider.c.id == t.sweep.c.provider_id)
        .where(
            t.provider.c.name == provider,
            t.sweep.c.started_at >= to_millis(since),
            t.sweep.c.started_at < to_millis(until),
        )
    )
    with reading(engine) as connection:
        return int(connection.scalar(query) or 0)
