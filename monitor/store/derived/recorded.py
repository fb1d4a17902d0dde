"""The derived rows of sweeps as they stand, for a comparison with those that follow from the facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, RowMapping, Select, cast, or_, select

from monitor.clock import to_datetime
from monitor.core.domain.vocabulary import Outcome
from monitor.core.history.comparison import Columns
from monitor.store.connection.codecs import event_id, sweep_of_event
from monitor.store.schema import event, gap, model, sweep

_SWEEP_COLUMNS = ("verdict", "cause", "listed", "probed", *(outcome.value for outcome in Outcome))
_EVENT_COLUMNS = ("model", "kind", "from_status", "to_status", "reason", "detail")
_EVENTS_PER_SWEEP = event_id(1, 0)
_EVENT_TIMES = ("swept_at", "began_at", "confirmed_at")


@dataclass(slots=True)
class RecordedRows:
    """What stands of one sweep: its decision (None where nothing was derived yet) and its events."""

    decision: Columns | None
    events: list[Columns] = field(default_factory=list)


def read_recorded(connection: Connection, provider_id: int, ids: Sequence[int]) -> Mapping[int, RecordedRows]:
    """Return what stands of each of these sweeps, by id."""
    gaps = _gaps(connection, provider_id, ids)
    columns = [sweep.c[name] for name in ("id", *_SWEEP_COLUMNS)]
    rows = connection.execute(select(*columns).where(sweep.c.id.in_(ids))).mappings()
    recorded = {row["id"]: RecordedRows(_decision(row, gaps.get(row["id"], []))) for row in rows}
    first, last = event_id(min(ids), 0), event_id(max(ids) + 1, 0) - 1
    query = _events(provider_id).where(event.c.id.between(first, last)).order_by(event.c.id)
    for row in connection.execute(query).mappings():
        if row["sweep_id"] in recorded and sweep_of_event(row["id"]) == row["sweep_id"]:  # others are strays
            recorded[row["sweep_id"]].events.append(_event(row))
    return recorded


def read_strays(connection: Connection, provider_id: int) -> Iterator[Columns]:
    """Give the events that no finished sweep of the provider can have: of another, or by their id."""
    number = cast(event.c.sweep_id, BigInteger)  # 32 bits times 2**20 overflow an integer of Postgres
    is_astray = or_(
        sweep.c.finished_at.is_(None),
        sweep.c.provider_id != provider_id,
        event.c.id < number * _EVENTS_PER_SWEEP,
        event.c.id >= (number + 1) * _EVENTS_PER_SWEEP,
    )
    query = _events(provider_id).join(sweep, sweep.c.id == event.c.sweep_id).where(is_astray)
    for row in connection.execute(query.order_by(event.c.id)).mappings():
        yield _event(row)


def _events(provider_id: int) -> Select[Any]:
    """Select the events of a provider, each with the name of its model."""
    return (
        select(event, model.c.name.label("model"))
        .select_from(event)
        .outerjoin(model, model.c.id == event.c.model_id)
        .where(event.c.provider_id == provider_id)
    )


def _event(row: RowMapping) -> Columns:
    return {
        "event_id": row["id"],
        **{name: row[name] for name in _EVENT_COLUMNS},
        **{name: to_datetime(row[name]) for name in _EVENT_TIMES},
    }


def _decision(row: RowMapping, gaps: Sequence[str]) -> Columns | None:
    if row["verdict"] is None:
        return None
    return {**{name: row[name] for name in _SWEEP_COLUMNS}, "gaps": tuple(sorted(gaps))}


def _gaps(connection: Connection, provider_id: int, ids: Sequence[int]) -> Mapping[int, list[str]]:
    """Return the names of the gaps of each sweep, from the models on: SQLite finds rows by model."""
    query = (
        select(gap.c.sweep_id, model.c.name)
        .select_from(model)
        .join(gap, gap.c.model_id == model.c.id)
        .where(model.c.provider_id == provider_id, gap.c.sweep_id.between(min(ids), max(ids)))
    )
    names_of: dict[int, list[str]] = {}
    for row in connection.execute(query):
        names_of.setdefault(row.sweep_id, []).append(row.name)
    return names_of
