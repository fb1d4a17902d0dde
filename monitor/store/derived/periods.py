"""Status periods: how long each status lasted, written with the events that begin and end them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, text, update

from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.history.reliability import STATUS_KINDS
from monitor.store.connection.codecs import batches
from monitor.store.schema import event, model, period

_CLOSE = (
    update(period)
    .where(period.c.model_id == bindparam("of_model"), period.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_confirmed_at=bindparam("known_at"))
)


# What the events give, as rows of `period`; `write_periods` writes the same one by one.
_FOLLOW = """
SELECT model_id, id AS event_id, to_status AS status,
    kind = 'became_unavailable' AND from_status = 'available' AS is_outage, reason, turn AS began_at,
    confirmed_at, lead(turn) OVER later AS ended_at, lead(confirmed_at) OVER later AS end_confirmed_at
FROM (
    SELECT *, CASE kind WHEN 'retired' THEN confirmed_at ELSE began_at END AS turn
    FROM event
    WHERE provider_id = :provider AND model_id IS NOT NULL
        AND kind IN ('appeared', 'reappeared', 'became_available', 'became_unavailable', 'retired'){only}
) status_event
WINDOW later AS (PARTITION BY model_id ORDER BY swept_at, id)
"""
_COLUMNS = ", ".join(column.name for column in period.columns)
_ALL = _FOLLOW.format(only="")
_SOME = _FOLLOW.format(only=" AND model_id IN :models")
_REWRITE = text(f"INSERT INTO period ({_COLUMNS}) {_ALL}")
_REWRITE_SOME = text(f"INSERT INTO period ({_COLUMNS}) {_SOME}").bindparams(
    bindparam("models", expanding=True)
)
_STAND = f"""
SELECT {_COLUMNS} FROM period WHERE model_id IN (SELECT id FROM model WHERE provider_id = :provider)
"""  # noqa: S608 - our columns
_MISSING = text(f"{_ALL} EXCEPT {_STAND}")  # EXCEPT treats NULLs as equal, which = does not
_EXTRA = text(f"{_STAND} EXCEPT {_ALL}")


def rewrite_periods(connection: Connection, provider_id: int) -> None:
    """Make all periods of a provider again from its events."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    connection.execute(delete(period).where(period.c.model_id.in_(models)))
    connection.execute(_REWRITE, {"provider": provider_id})


def models_changed_after(connection: Connection, provider_id: int, after: int) -> list[int]:
    """Return the models that have an event of a sweep that began after a moment (ms)."""
    later = select(event.c.model_id).where(event.c.provider_id == provider_id, event.c.swept_at > after)
    return list(connection.scalars(later.where(event.c.model_id.is_not(None)).distinct()))


def rewrite_periods_of(connection: Connection, provider_id: int, models: Sequence[int]) -> None:
    """Make all periods of these models again from their events."""
    for batch in batches(models):
        connection.execute(delete(period).where(period.c.model_id.in_(batch)))
        connection.execute(_REWRITE_SOME, {"provider": provider_id, "models": batch})


def differing_periods(
    connection: Connection, provider_id: int
) -> Iterator[tuple[RowMapping | None, RowMapping | None]]:
    """Give the periods that stand otherwise than the events that stand give them: (stands, follows)."""
    of_provider = {"provider": provider_id}
    stand = {_key(row): row for row in connection.execute(_EXTRA, of_provider).mappings()}
    follow = {_key(row): row for row in connection.execute(_MISSING, of_provider).mappings()}
    for key in sorted(stand.keys() | follow.keys()):
        yield stand.get(key), follow.get(key)


def _key(row: RowMapping) -> tuple[int, int]:
    return row["model_id"], row["event_id"]


def write_periods(connection: Connection, events: Iterable[Mapping[str, Any]]) -> None:
    """Close and open periods by rows of `event`, given in the order of events and later than all before."""
    opened_of = defaultdict[int, list[dict[str, Any]]](list)
    for row in events:
        if row["model_id"] is not None and row["kind"] in STATUS_KINDS:
            opened_of[row["model_id"]].append(_opened_by(row))
    if not opened_of:
        return
    ends = [{"of_model": number, **_end(opened[0])} for number, opened in opened_of.items()]
    connection.execute(_CLOSE, ends)  # first close, then open: a model has one open period at most
    for opened in opened_of.values():
        for before, after in pairwise(opened):
            end = _end(after)
            # one sweep may give two, as rules.md 15 and 17 together
            before |= {"ended_at": end["at"], "end_confirmed_at": end["known_at"]}
    connection.execute(insert(period), [row for opened in opened_of.values() for row in opened])


def _opened_by(event: Mapping[str, Any]) -> dict[str, Any]:
    is_retirement = event["kind"] == EventKind.RETIRED
    went_down = event["kind"] == EventKind.BECAME_UNAVAILABLE
    return {
        "model_id": event["model_id"],
        "event_id": event["id"],
        "status": event["to_status"],
        "is_outage": went_down and event["from_status"] == Status.AVAILABLE,  # rules.md 21
        "reason": event["reason"],
        "began_at": event["confirmed_at"] if is_retirement else event["began_at"],
        "confirmed_at": event["confirmed_at"],
        "ended_at": None,
        "end_confirmed_at": None,
    }


def _end(opened: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": opened["began_at"], "known_at": opened["confirmed_at"]}
