"""When that began which an event ended: an outage, a retirement, flapping, a trouble of the provider."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from monitor.clock import to_millis
from monitor.core.domain.event import Event
from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.lifecycle.guard import CLOSED_BY
from monitor.core.notification.suppression import ending_key
from monitor.store.connection.codecs import moment
from monitor.store.schema import event as event_table
from monitor.store.schema import model, period

_RETURNS: Final = frozenset({EventKind.BECAME_AVAILABLE, EventKind.REAPPEARED})
_OPENED_BY: Final = {
    EventKind.FLAPPING_STOPPED: EventKind.FLAPPING_STARTED,
    **{closing: opening for opening, closing in CLOSED_BY.items()},
}


def ended_by(connection: Connection, provider_id: int, events: Iterable[Event]) -> Mapping[str, datetime]:
    """Return the beginnings of what these recorded events of a provider ended, by `ending_key`.

    An event that ended nothing is left out; so is one that ended what was no outage (rules.md 21).
    """
    beginnings = {event: _beginning(connection, provider_id, event) for event in events}
    return {ending_key(event): began_at for event, began_at in beginnings.items() if began_at is not None}


def _beginning(connection: Connection, provider_id: int, event: Event) -> datetime | None:
    if event.kind in _RETURNS:
        return _period_before(connection, provider_id, event)
    if opening := _OPENED_BY.get(event.kind):
        return _latest(connection, provider_id, event, opening)
    return None


def _period_before(connection: Connection, provider_id: int, event: Event) -> datetime | None:
    is_counted: ColumnElement[bool] = period.c.is_outage | (period.c.status == Status.RETIRED.value)
    query = (
        select(period.c.began_at)
        .join(model, model.c.id == period.c.model_id)
        .where(model.c.provider_id == provider_id, model.c.name == event.model, is_counted)
        .where(period.c.ended_at == to_millis(event.began_at))
        .order_by(period.c.event_id.desc())
        .limit(1)
    )
    return moment(connection.scalar(query))


def _latest(connection: Connection, provider_id: int, event: Event, opening: EventKind) -> datetime | None:
    of_model = select(model.c.id).where(model.c.provider_id == provider_id, model.c.name == event.model)
    subject = (
        event_table.c.model_id.is_(None)
        if event.model is None
        else event_table.c.model_id == of_model.scalar_subquery()
    )
    query = (
        select(event_table.c.began_at)
        .where(event_table.c.provider_id == provider_id, subject, event_table.c.kind == opening.value)
        .where(event_table.c.began_at <= to_millis(event.began_at))
        .order_by(event_table.c.swept_at.desc(), event_table.c.id.desc())
        .limit(1)
    )
    return moment(connection.scalar(query))
