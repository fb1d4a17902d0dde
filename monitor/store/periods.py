"""Status periods: how long each status lasted, written with the events that begin and end them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from monitor.core.model import EventKind, Status
from monitor.core.outages import STATUS_KINDS
from monitor.store.schema import period

_CLOSE = (
    update(period)
    .where(period.c.model_id == bindparam("of_model"), period.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_confirmed_at=bindparam("known_at"))
)


def write_periods(connection: Connection, events: Iterable[Mapping[str, Any]]) -> None:
    """Close and open periods by rows of `event`, given in the order of events and later than all before."""
    told = defaultdict[int, list[dict[str, Any]]](list)
    for row in events:
        if row["model_id"] is not None and row["kind"] in STATUS_KINDS:
            told[row["model_id"]].append(_opened_by(row))
    if not told:
        return
    ends = [{"of_model": number, **_end(opened[0])} for number, opened in told.items()]
    connection.execute(_CLOSE, ends)
    for opened in told.values():
        for before, after in pairwise(opened):
            end = _end(after)
            before |= {"ended_at": end["at"], "end_confirmed_at": end["known_at"]}
    connection.execute(insert(period), [row for opened in told.values() for row in opened])


def _opened_by(event: Mapping[str, Any]) -> dict[str, Any]:
    is_retirement = event["kind"] == EventKind.RETIRED
    went_down = event["kind"] == EventKind.BECAME_UNAVAILABLE
    return {
        "model_id": event["model_id"],
        "event_id": event["id"],
        "status": event["to_status"],
        "is_outage": went_down and event["from_status"] == Status.AVAILABLE,
        "reason": event["reason"],
        "began_at": event["confirmed_at"] if is_retirement else event["began_at"],
        "confirmed_at": event["confirmed_at"],
        "ended_at": None,
        "end_confirmed_at": None,
    }


def _end(opened: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": opened["began_at"], "known_at": opened["confirmed_at"]}
