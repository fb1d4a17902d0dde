"""What was believed at a moment of the past: read from the events and periods known then, in one transaction.

What was learned later is left out: an outage that ended after the moment is still open.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Select,
    desc,
    false,
    func,
    null,
    select,
    union_all,
)

from monitor.clock import to_millis
from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.history.reliability import STATUS_KINDS, Key
from monitor.core.history.rows import EventRow, OutageRow, StatusAt
from monitor.store import schema as t
from monitor.store.connection.columns import read_value
from monitor.store.query.events import announced_end, confirmed_before, confirmed_since, event_row
from monitor.store.query.filters import MODEL, PROVIDER, Names, named, names

_FLAPPING = (EventKind.FLAPPING_STARTED, EventKind.FLAPPING_STOPPED)


def read_statuses(
    connection: Connection, before: datetime, provider: str | None = None, model: str | None = None
) -> list[StatusAt]:
    """Return what was believed of every model just before a moment, by provider and id."""
    latest, flap, going = t.event.alias("told"), t.event.alias("flap"), t.event.alias("going")
    only = names(provider, model)
    query = (
        select(
            PROVIDER,
            MODEL,
            latest.c.to_status.label("status"),
            latest.c.reason,
            latest.c.began_at.label("since"),
            func.coalesce(flap.c.kind == EventKind.FLAPPING_STARTED.value, false()).label("flapping"),
            going.c.detail.label("retires_at"),
            t.model_state.c.kind,
            t.model_state.c.listed,
        )
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.model_state, t.model_state.c.model_id == t.model.c.id)
        .join(latest, latest.c.id == _latest(STATUS_KINDS, before))  # one step in the key for each model
        .outerjoin(flap, flap.c.id == _latest(_FLAPPING, before))
        .outerjoin(going, going.c.id == _latest([EventKind.RETIREMENT_ANNOUNCED], before))
        .where(*named(only))
        .order_by(t.provider.c.name, t.model.c.name)
    )
    rows = connection.execute(query, only).mappings()
    return [read_value(StatusAt, row, retires_at=announced_end(row["retires_at"])) for row in rows]


def read_statuses_only(
    connection: Connection, before: datetime, provider: str | None = None, model: str | None = None
) -> dict[Key, str]:
    """Return every model's status as believed just before a moment; quicker than `read_statuses`."""
    latest = t.event.alias("told")
    only = names(provider, model)
    query = _of_models(only, latest.c.to_status)
    rows = connection.execute(query.join(latest, latest.c.id == _latest(STATUS_KINDS, before)), only)
    return {(owner, name): status for owner, name, status in rows}


def read_status_events(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    provider: str | None = None,
    model: str | None = None,
) -> list[EventRow]:
    """Return the events confirmed in [`begins_at`, `ends_at`) that set a status, in the order of events."""
    only = names(provider, model)
    query = (
        select(t.event, PROVIDER, MODEL)
        .select_from(t.event)
        .join(t.model, t.model.c.id == t.event.c.model_id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .where(*confirmed_since(), *confirmed_before(), _is_of(t.event, STATUS_KINDS), *named(only))
        .order_by(t.event.c.swept_at, t.event.c.id)
    )
    params = {**only, "since": to_millis(begins_at), "until": to_millis(ends_at)}
    return [event_row(row) for row in connection.execute(query, params).mappings()]


def read_outages(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    provider: str | None = None,
    model: str | None = None,
) -> list[OutageRow]:
    """Return the outages of [`begins_at`, `ends_at`) as known at its end, newest first (rules.md 21)."""
    begin, end, last = to_millis(begins_at), to_millis(ends_at), t.event.alias("last")
    only = names(provider, model)
    ended = (
        _of_models(only, t.period.c.event_id, t.period.c.began_at, t.period.c.ended_at)
        .add_columns(t.period.c.reason)
        .join(t.period, t.period.c.model_id == t.model.c.id)
        # known to be over: one that ended before, but was confirmed later, still lasts
        .where(t.period.c.is_outage, t.period.c.ended_at >= begin, t.period.c.end_confirmed_at < end)
    )
    lasting = (
        _of_models(
            only, last.c.id.label("event_id"), last.c.began_at, null().label("ended_at"), last.c.reason
        )
        .join(last, last.c.id == _latest(STATUS_KINDS, ends_at))
        .where(_is_of(last, [EventKind.BECAME_UNAVAILABLE]), last.c.from_status == Status.AVAILABLE.value)
    )
    query = union_all(ended, lasting).order_by(desc("event_id"))
    return [read_value(OutageRow, row) for row in connection.execute(query, only).mappings()]


def _of_models(only: Names, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select columns of what is to be joined, with the names of the models that it is joined to."""
    return (
        select(PROVIDER, MODEL, *columns)
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .where(*named(only))
    )


def _latest(kinds: Collection[EventKind], before: datetime) -> ScalarSelect[int]:
    """Return the id of a model's last event of these kinds that was confirmed before a moment."""
    last = t.event.alias()
    return (
        select(last.c.id)
        .where(last.c.model_id == t.model.c.id, _is_of(last, kinds))
        # the key is by the sweep's start: `confirmed_at` alone could not enter it
        .where(last.c.swept_at < to_millis(before), last.c.confirmed_at < to_millis(before))
        .order_by(last.c.swept_at.desc(), last.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _is_of(event: FromClause, kinds: Collection[EventKind]) -> ColumnElement[bool]:
    return event.c.kind.in_([kind.value for kind in kinds])
