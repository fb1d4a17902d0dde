"""What was believed at a moment of the past: read from the events confirmed before it, in one transaction.

What was learned later is left out: an outage that ended after the moment is still open.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    ScalarSelect,
    case,
    false,
    func,
    select,
    tuple_,
)

from monitor.clock import to_datetime, to_millis
from monitor.core.history import EventRow, OutageRow, StatusAt
from monitor.core.model import EventKind, Status
from monitor.core.outages import STATUS_KINDS
from monitor.store import schema as t
from monitor.store.rows import event_row, outage_row
from monitor.store.values import is_storable

_PROVIDER = t.provider.c.name.label("provider")
_MODEL = t.model.c.name.label("model")
_FLAPPING = (EventKind.FLAPPING_STARTED, EventKind.FLAPPING_STOPPED)


def named(provider: str | None, model: str | None = None) -> list[ColumnElement[bool]]:
    """Return the conditions on names; one that no database can hold is nobody's."""
    wanted = [(t.provider.c.name, provider), (t.model.c.name, model)]
    return [column == name if is_storable(name) else false() for column, name in wanted if name is not None]


def read_statuses(
    connection: Connection, moment: datetime, provider: str | None, model: str | None = None
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
        .join(told, told.c.id == _latest(STATUS_KINDS, moment))
        .outerjoin(flap, flap.c.id == _latest(_FLAPPING, moment))
        .outerjoin(going, going.c.id == _latest([EventKind.RETIREMENT_ANNOUNCED], moment))
        .where(*named(provider, model))
        .order_by(t.provider.c.name, t.model.c.name)
    )
    return [_status_row(row) for row in connection.execute(query).mappings()]


def read_status_events(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    provider: str | None,
    model: str | None,
) -> list[EventRow]:
    """Return the events confirmed in [`begins_at`, `ends_at`) that set a status, in the order of events."""
    confirmed_at = t.event.c.confirmed_at
    query = (
        select(t.event, _PROVIDER, _MODEL)
        .select_from(t.event)
        .join(t.model, t.model.c.id == t.event.c.model_id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .where(confirmed_at >= to_millis(begins_at), confirmed_at < to_millis(ends_at))
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
    opening, end, later = t.event.alias("opening"), t.event.alias("closing"), t.event.alias("later")
    known = to_millis(ends_at)
    closing = (
        select(later.c.id)
        .where(
            later.c.model_id == opening.c.model_id,
            tuple_(later.c.swept_at, later.c.id) > tuple_(opening.c.swept_at, opening.c.id),
            _is_of(later, (EventKind.BECAME_AVAILABLE, EventKind.RETIRED)),
            later.c.confirmed_at < known,
        )
        .order_by(later.c.swept_at, later.c.id)
        .limit(1)
    )
    ended_at = case((end.c.kind == EventKind.RETIRED.value, end.c.confirmed_at), else_=end.c.began_at)
    query = (
        select(_PROVIDER, _MODEL, opening.c.began_at, ended_at.label("ended_at"), opening.c.reason)
        .select_from(opening)
        .join(t.model, t.model.c.id == opening.c.model_id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .outerjoin(end, end.c.id == closing.scalar_subquery())
        .where(_is_of(opening, [EventKind.BECAME_UNAVAILABLE]))
        .where(opening.c.from_status == Status.AVAILABLE.value, opening.c.confirmed_at < known)
        .where(ended_at.is_(None) | (ended_at >= to_millis(begins_at)), *named(provider, model))
        .order_by(opening.c.swept_at.desc(), opening.c.id.desc())
    )
    return [outage_row(row) for row in connection.execute(query).mappings()]


def _latest(kinds: Collection[EventKind], moment: datetime) -> ScalarSelect[int]:
    """Return the id of a model's last event of these kinds that was confirmed before a moment."""
    last = t.event.alias()
    return (
        select(last.c.id)
        .where(last.c.model_id == t.model.c.id, _is_of(last, kinds), last.c.confirmed_at < to_millis(moment))
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
