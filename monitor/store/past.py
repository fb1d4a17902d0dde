"""What was believed at a moment of the past: read from the events and periods known then, in one transaction.

What was learned later is left out: an outage that ended after the moment is still open.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    ScalarSelect,
    Select,
    desc,
    false,
    func,
    null,
    select,
    union_all,
)

from monitor.clock import to_datetime, to_millis
from monitor.core.history import EventRow, OutageRow, StatusAt
from monitor.core.model import EventKind, Status
from monitor.core.outages import STATUS_KINDS, Key
from monitor.store import schema as t
from monitor.store.rows import event_row
from monitor.store.values import is_storable, moment

_PROVIDER = t.provider.c.name.label("provider")
_MODEL = t.model.c.name.label("model")
_FLAPPING = (EventKind.FLAPPING_STARTED, EventKind.FLAPPING_STOPPED)


def named(provider: str | None, model: str | None = None) -> list[ColumnElement[bool]]:
    """Return the conditions on names; one that no database can hold is nobody's."""
    wanted = [(t.provider.c.name, provider), (t.model.c.name, model)]
    return [column == name if is_storable(name) else false() for column, name in wanted if name is not None]


def read_statuses(
    connection: Connection, before: datetime, provider: str | None, model: str | None = None
) -> list[StatusAt]:
    """Return what was believed of every model just before a moment, by provider and id."""
    told, flap, going = t.event.alias("told"), t.event.alias("flap"), t.event.alias("going")
    query = (
        select(
            _PROVIDER,
            _MODEL,
            told.c.to_status.label("status"),
            told.c.reason,
            told.c.began_at.label("since"),
            func.coalesce(flap.c.kind == EventKind.FLAPPING_STARTED.value, false()).label("flapping"),
            going.c.detail.label("retires_at"),
            t.model_state.c.kind,
            t.model_state.c.listed,
        )
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.model_state, t.model_state.c.model_id == t.model.c.id)
        .join(told, told.c.id == _latest(STATUS_KINDS, before))
        .outerjoin(flap, flap.c.id == _latest(_FLAPPING, before))
        .outerjoin(going, going.c.id == _latest([EventKind.RETIREMENT_ANNOUNCED], before))
        .where(*named(provider, model))
        .order_by(t.provider.c.name, t.model.c.name)
    )
    return [_status_row(row) for row in connection.execute(query).mappings()]


def read_bare_statuses(
    connection: Connection, before: datetime, provider: str | None, model: str | None
) -> dict[Key, str]:
    """Return every model's status as believed just before a moment; quicker than `read_statuses`."""
    told = t.event.alias("told")
    query = _of_models(provider, model, told.c.to_status)
    rows = connection.execute(query.join(told, told.c.id == _latest(STATUS_KINDS, before)))
    return {(owner, name): status for owner, name, status in rows}


def read_status_events(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    provider: str | None,
    model: str | None,
) -> list[EventRow]:
    """Return the events confirmed in [`begins_at`, `ends_at`) that set a status, in the order of events."""
    confirmed_at = t.event.c.confirmed_at
    # No event is confirmed after its sweep's last observation: sweeps say where the index is to be entered.
    # (`+ 0`: by the bare column SQLite would go through all sweeps instead of through the latest.)
    first = select(func.min(t.sweep.c.started_at + 0)).where(
        t.sweep.c.provider_id.in_(select(t.provider.c.id)),
        t.sweep.c.observed_until >= to_millis(begins_at),
    )
    query = (
        select(t.event, _PROVIDER, _MODEL)
        .select_from(t.event)
        .join(t.model, t.model.c.id == t.event.c.model_id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .where(confirmed_at >= to_millis(begins_at), confirmed_at < to_millis(ends_at))
        .where(t.event.c.swept_at >= first.scalar_subquery(), t.event.c.swept_at < to_millis(ends_at))
        .where(_is_of(t.event, STATUS_KINDS), *named(provider, model))
        .order_by(t.event.c.swept_at, t.event.c.id)
    )
    return [event_row(row) for row in connection.execute(query).mappings()]


def read_outages(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    provider: str | None,
    model: str | None,
) -> list[OutageRow]:
    """Return the outages of [`begins_at`, `ends_at`) as known at its end, newest first (rules.md 21)."""
    begin, known, last = to_millis(begins_at), to_millis(ends_at), t.event.alias("last")
    ended = (
        _of_models(provider, model, t.period.c.event_id, t.period.c.began_at, t.period.c.ended_at)
        .add_columns(t.period.c.reason)
        .join(t.period, t.period.c.model_id == t.model.c.id)
        .where(t.period.c.is_outage, t.period.c.ended_at >= begin, t.period.c.end_confirmed_at < known)
    )
    lasting = (
        _of_models(provider, model, last.c.id, last.c.began_at, null(), last.c.reason)
        .join(last, last.c.id == _latest(STATUS_KINDS, ends_at))
        .where(_is_of(last, [EventKind.BECAME_UNAVAILABLE]), last.c.from_status == Status.AVAILABLE.value)
    )
    query = union_all(ended, lasting).order_by(desc("event_id"))
    return [
        OutageRow(
            provider=owner,
            model=name,
            began_at=to_datetime(began_at),
            ended_at=moment(ended_at),
            reason=reason,
        )
        for owner, name, _, began_at, ended_at, reason in connection.execute(query)
    ]


def _of_models(provider: str | None, model: str | None, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select columns of what is to be joined, with the names of the models that it is joined to."""
    return (
        select(_PROVIDER, _MODEL, *columns)
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .where(*named(provider, model))
    )


def _latest(kinds: Collection[EventKind], before: datetime) -> ScalarSelect[int]:
    """Return the id of a model's last event of these kinds that was confirmed before a moment."""
    last = t.event.alias()
    return (
        select(last.c.id)
        .where(last.c.model_id == t.model.c.id, _is_of(last, kinds))
        .where(last.c.swept_at < to_millis(before), last.c.confirmed_at < to_millis(before))
        .order_by(last.c.swept_at.desc(), last.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _is_of(event: FromClause, kinds: Collection[EventKind]) -> ColumnElement[bool]:
    return event.c.kind.in_([kind.value for kind in kinds])


def _status_row(row: RowMapping) -> StatusAt:
    same = ("provider", "model", "reason", "kind")
    return StatusAt(
        **{name: row[name] for name in same},
        status=Status(row["status"]),
        since=to_datetime(row["since"]),
        flapping=bool(row["flapping"]),
        listed=bool(row["listed"]),
        retires_at=_announced(row["retires_at"]),
    )


def _announced(detail: str | None) -> datetime | None:
    """Read the date of an announcement; None for what is none, such as the year 999 of an imported record."""
    try:
        return None if detail is None else datetime.fromisoformat(detail).astimezone(UTC)
    except ValueError:
        return None
