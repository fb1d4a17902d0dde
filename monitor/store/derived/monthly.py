"""Months: the days of `daily` added up, with percentiles of their latency histograms.

A month has no facts of its own: it follows from its days, those included whose observations were pruned.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from monitor.core.history.calendar import month_of
from monitor.core.history.latency_histogram import encode, merge_encoded, percentile
from monitor.store.schema import daily, model, monthly

_PERCENTILES: Final = {"latency_p50_ms": 50, "latency_p95_ms": 95}
_OUTCOMES: Final = ("answered", "unavailable", "unknown")
_ROWS_AT_ONCE: Final = 5_000  # rows; bounds how many histograms are in memory
_EMPTY: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("checks", *_OUTCOMES), 0),
    **dict.fromkeys((*_PERCENTILES, "latency_sketch")),
}


def count_months(connection: Connection, provider_id: int, first_day: date, last_day: date) -> None:
    """Add the months of these UTC days up again, first and last included; what stood there is replaced."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    inside = monthly.c.month.between(month_of(first_day), month_of(last_day))
    connection.execute(delete(monthly).where(monthly.c.model_id.in_(models), inside))
    rows = list(added_up(connection, provider_id, first_day, last_day))
    if rows:
        connection.execute(insert(monthly), rows)


def count_all_months(connection: Connection) -> None:
    """Add up every month that there is, of every provider."""
    days = select(model.c.provider_id, func.min(daily.c.day), func.max(daily.c.day))
    query = days.join_from(model, daily).group_by(model.c.provider_id)
    for provider_id, first, last in connection.execute(query).all():
        count_months(connection, provider_id, first, last)


def added_up(
    connection: Connection, provider_id: int, first_day: date = date.min, last_day: date = date.max
) -> Iterator[dict[str, Any]]:
    """Give the months' rows, by model, as they follow from their days."""
    first, last = month_of(first_day), last_day.replace(day=monthrange(last_day.year, last_day.month)[1])
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    query = (
        select(daily)
        .where(daily.c.model_id.in_(models), daily.c.day.between(first, last))
        .order_by(daily.c.model_id, daily.c.day)
    )
    rows = connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}).mappings()
    for (number, month), days in groupby(rows, key=lambda row: (row["model_id"], month_of(row["day"]))):
        yield _sum(_new(number, month), days)


def _new(model_id: int, month: date) -> dict[str, Any]:
    return {"model_id": model_id, "month": month, **_EMPTY}


def _sum(month: dict[str, Any], days: Iterable[RowMapping]) -> dict[str, Any]:
    sketches = list[bytes]()
    for day in days:
        month |= {name: month[name] + day[name] for name in ("checks", *_OUTCOMES)}
        sketches += [day["latency_sketch"]] if day["latency_sketch"] else []
    if sketches:
        histogram = merge_encoded(sketches)
        month |= {name: percentile(histogram, percent) for name, percent in _PERCENTILES.items()}
        month["latency_sketch"] = encode(histogram)
    return month
