"""What the UTC days ending with a provider's last conclusive sweep say of its models: from `daily` alone."""

from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from monitor.clock import to_day
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.rows import UptimeRow
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.query.daily import Totals, read_totals
from monitor.store.query.filters import models, names


def uptime(
    engine: Engine, days: int, *, provider: str | None = None, model: str | None = None
) -> list[UptimeRow]:
    """Return each model's counts over the UTC days ending with the provider's last conclusive sweep's."""
    params = names(provider, model)
    with reading(engine) as connection:
        rows = models(connection, params)
        owners = [(row.provider_id, row.id) for row in rows]
        totals = latest_totals(connection, days, owners, is_one="model" in params)
    counted = ((row, totals[row.id]) for row in rows if row.id in totals)
    return [
        UptimeRow(provider=row.provider, model=row.model, answered=yes, unavailable=no, unknown=unknown)
        for row, (_, yes, no, unknown) in counted
    ]


def latest_totals(
    connection: Connection, days: int, owners: Iterable[tuple[int, int]], *, is_one: bool
) -> dict[int, Totals]:
    """Return by their number the counts of models in these days; `owners` are ids of a provider and a model.

    With `is_one` they are one of each provider, else all of it.
    """
    only = {owner: number if is_one else None for owner, number in owners}
    ends = connection.execute(_last_conclusive()).all() if only else ()
    totals_of = dict[int, Totals]()
    for owner, last_at in ends:
        if owner in only and last_at is not None:
            last = to_day(last_at)
            first = last - timedelta(days=min(days, last.toordinal()) - 1)
            totals = read_totals(connection, owner, first, last, only[owner])
            totals_of |= {total[0]: total for total in totals}
    return totals_of


@cache
def _last_conclusive() -> Select[Any]:
    started = select(func.max(t.sweep.c.started_at)).where(
        t.sweep.c.provider_id == t.provider.c.id, t.sweep.c.verdict == Verdict.CONCLUSIVE.value
    )
    return select(t.provider.c.id, started.scalar_subquery())
