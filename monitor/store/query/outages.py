"""Which outages there were."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Engine, Select, bindparam, select

from monitor.clock import to_millis
from monitor.core.history.rows import OutageRow
from monitor.store import schema as t
from monitor.store.connection.columns import read_value
from monitor.store.connection.engine import reading
from monitor.store.query.filters import MODEL, PROVIDER, named, names


def outages(
    engine: Engine,
    *,
    since: datetime | None = None,
    provider: str | None = None,
    model: str | None = None,
    limit: int | None = None,
) -> list[OutageRow]:
    """Return outages that lasted at or after `since`, newest first (rules.md 21)."""
    params: dict[str, Any] = {**names(provider, model)}
    if since is not None:
        params["since"] = to_millis(since)
    if limit is not None:
        params["most"] = limit
    with reading(engine) as connection:
        rows = connection.execute(_outages(frozenset(params)), params).mappings()
        return [read_value(OutageRow, row) for row in rows]


@cache
def _outages(params: AbstractSet[str]) -> Select[Any]:
    span = t.period.c
    down = select(span.model_id, span.event_id, span.began_at, span.ended_at, span.reason).where(
        span.is_outage
    )
    if only := named(params):
        joined = t.provider.join(t.model, t.model.c.provider_id == t.provider.c.id)
        down = down.where(span.model_id.in_(select(t.model.c.id).select_from(joined).where(*only)))
    if "since" in params:
        down = down.where(span.ended_at.is_(None) | (span.ended_at >= bindparam("since")))
    down = down.order_by(span.event_id.desc())  # by the event's id, which follows the time of sweeps
    # Cut to the limit before names are looked up.
    newest = (down.limit(bindparam("most")) if "most" in params else down).subquery()
    return (
        select(PROVIDER, MODEL, newest.c.began_at, newest.c.ended_at, newest.c.reason)
        .select_from(newest)
        .join(t.model, t.model.c.id == newest.c.model_id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .order_by(newest.c.event_id.desc())
    )
