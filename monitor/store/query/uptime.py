"""What the UTC days ending with a provider's last conclusive sweep say of its models: from `daily` alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from monitor.clock import to_day
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.latency_histogram import merge_encoded, percentile
from monitor.core.history.rows import UptimeRow
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.query.daily import Totals, read_histograms, read_totals
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
    totals_of = dict[int, Totals]()
    for owner, first, last in _windows(connection, days) if only else ():
        if owner in only:
            totals = read_totals(connection, owner, first, last, only[owner])
            totals_of |= {total[0]: total for total in totals}
    return totals_of


def median_latencies(engine: Engine, days: int) -> dict[tuple[str, str], int]:
    """Return the median latency in ms over the days of `uptime`, by provider and model; none without data.

    It is read from histograms, so it is at most 0.8 % off.
    """
    histograms = defaultdict[int, list[bytes]](list)
    with reading(engine) as connection:
        rows = models(connection, {})
        for owner, first, last in _windows(connection, days):
            for number, histogram in read_histograms(connection, owner, first, last):
                histograms[number].append(histogram)
    medians = {number: percentile(merge_encoded(own, ()), 50) for number, own in histograms.items()}
    of_rows = {(row.provider, row.model): medians.get(row.id) for row in rows}
    return {key: median for key, median in of_rows.items() if median is not None}


def _windows(connection: Connection, days: int) -> Iterator[tuple[int, date, date]]:
    """Give each provider with a conclusive sweep, and the first and last of so many days ending with it."""
    for owner, last_at in connection.execute(_last_conclusive()).all():
        if last_at is not None:
            last = to_day(last_at)
            yield owner, last - timedelta(days=min(days, last.toordinal()) - 1), last


@cache
def _last_conclusive() -> Select[Any]:
    started = select(func.max(t.sweep.c.started_at)).where(
        t.sweep.c.provider_id == t.provider.c.id, t.sweep.c.verdict == Verdict.CONCLUSIVE.value
    )
    return select(t.provider.c.id, started.scalar_subquery())
