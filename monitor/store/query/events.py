"""What changed: events, in the order of their sweeps."""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, Tuple, bindparam, func, select, tuple_

from monitor.clock import to_millis
from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.model_names import Key
from monitor.core.history.rows import EventRow
from monitor.store import schema as t
from monitor.store.connection.codecs import is_storable, sweep_of_event
from monitor.store.connection.columns import read_value
from monitor.store.connection.engine import reading
from monitor.store.query.filters import MODEL, PROVIDER, named, names, of_keys, of_providers

_EVENT = t.event.c
_TURN = (_EVENT.swept_at, _EVENT.id)  # what orders events: ids alone do not, see schema/derived.py
_NEWEST = tuple(column.desc() for column in _TURN)
# Events and what they are about; a model's own are to be found by its key, not its provider's.
EVENTS = t.event.join(t.provider, t.provider.c.id == _EVENT.provider_id).outerjoin(
    t.model, t.model.c.id == _EVENT.model_id
)
_OF_ONE = t.provider.join(t.model, t.model.c.provider_id == t.provider.c.id).join(
    t.event, _EVENT.model_id == t.model.c.id
)


def events(
    engine: Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    kinds: Collection[str] = (),
    provider: str | None = None,
    model: str | None = None,
    providers: Collection[str] = (),
    models: Collection[Key] = (),
    after_id: int | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> list[EventRow]:
    """Return the events confirmed in [`since`, `until`), by start of sweep and id.

    `after_id` is the event that came last before them in this order. No `kinds`, `providers` or `models` are
    all of them.
    """
    filters = {
        "since": None if since is None else to_millis(since),
        "until": None if until is None else to_millis(until),
        "kinds": list(kinds) or None,
        "providers": list(filter(is_storable, providers)) if providers else None,
        "keys": list(models) or None,
        "after": after_id,
        "after_sweep": None if after_id is None else sweep_of_event(after_id),
        "most": limit,
    }
    params = {**names(provider, model), **{key: it for key, it in filters.items() if it is not None}}
    statement = _events(frozenset(params), newest_first=newest_first)
    with reading(engine) as connection:
        return [event_row(row) for row in connection.execute(statement, params).mappings()]


def event_row(row: RowMapping) -> EventRow:
    """Return an event's line from its row with the names of its provider and model."""
    is_announcement = row["kind"] == EventKind.RETIREMENT_ANNOUNCED
    ends_at = announced_end(row["detail"]) if is_announcement else None
    return read_value(EventRow, row, event_id=row["id"], retires_at=ends_at)


def announced_end(detail: str | None) -> datetime | None:
    """Read the date of an announcement; None for what is none, such as the year 999 of an imported record."""
    try:
        return None if detail is None else datetime.fromisoformat(detail).astimezone(UTC)
    except ValueError:
        return None


@cache
def _events(params: AbstractSet[str], *, newest_first: bool) -> Select[Any]:
    query = (
        select(t.event, PROVIDER, MODEL)
        .select_from(_OF_ONE if "model" in params else EVENTS)
        .where(*named(params), *_filtered(params, newest_first=newest_first))
        .order_by(*(_NEWEST if newest_first else _TURN))
    )
    return query.limit(bindparam("most")) if "most" in params else query


def _filtered(params: AbstractSet[str], *, newest_first: bool) -> Iterator[ColumnElement[bool]]:
    if "since" in params:
        yield from confirmed_since()
    if "until" in params:
        yield from confirmed_before()
    if "kinds" in params:
        yield _EVENT.kind.in_(bindparam("kinds", expanding=True))
    if "providers" in params:
        yield _EVENT.provider_id.in_(of_providers())
    if "keys" in params:
        yield _EVENT.model_id.in_(of_keys())
    if "after" in params:
        turn = tuple_(*_TURN)
        yield turn < _turn_of_after() if newest_first else turn > _turn_of_after()


def confirmed_since() -> Iterator[ColumnElement[bool]]:
    """Give what holds for events confirmed from "since" on, and for where they stand in the key.

    No event is confirmed after its sweep's last observation: sweeps say where the key is to be entered.
    """
    # Not the bare column: SQLite would go through all sweeps by it instead of through the latest.
    first = select(func.min(t.sweep.c.started_at + 0)).where(
        t.sweep.c.provider_id.in_(select(t.provider.c.id)), t.sweep.c.observed_until >= bindparam("since")
    )
    yield _EVENT.swept_at >= first.scalar_subquery()
    yield _EVENT.confirmed_at >= bindparam("since")


def confirmed_before() -> Iterator[ColumnElement[bool]]:
    """Give the same for events confirmed before "until": none is before its sweep's start."""
    yield _EVENT.swept_at < bindparam("until")
    yield _EVENT.confirmed_at < bindparam("until")


def _turn_of_after() -> Tuple:
    """Return the place of event "after" in the order; it need not exist any more, its sweep does."""
    start = select(t.sweep.c.started_at).where(t.sweep.c.id == bindparam("after_sweep")).scalar_subquery()
    return tuple_(func.coalesce(start, 0), bindparam("after"))
