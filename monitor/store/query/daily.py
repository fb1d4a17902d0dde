"""Reads what stands in `daily`, model by model."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select

from monitor.store.schema import daily
from monitor.store.schema import model as model_table

_COUNTED: Final = tuple(func.sum(daily.c[name]) for name in ("answered", "unavailable", "unknown"))
_NUMBER: Final = daily.c.model_id

Totals = tuple[int, int, int, int]  # a model's number; how often it was answered, unavailable and unknown


def read_totals(
    connection: Connection, provider_id: int, first: date, last: date, model_id: int | None = None
) -> Sequence[Totals]:
    """Return the counts of the days from the first to the last of each model that has some, or of one."""
    params = _asked(provider_id, first, last, model_id)
    return connection.execute(_totals(frozenset(params)), params).all()


def read_histograms(
    connection: Connection, provider_id: int, first: date, last: date, model_id: int | None = None
) -> Sequence[tuple[int, bytes]]:
    """Return the numbers of models, or of one, with the histogram of each day that has a latency."""
    params = _asked(provider_id, first, last, model_id)
    return connection.execute(_histograms(frozenset(params)), params).all()


def _asked(provider_id: int, first: date, last: date, model_id: int | None) -> dict[str, Any]:
    # the model's number is the head of the key; by provider it is a range for each model
    key = {"owner": provider_id} if model_id is None else {"number": model_id}
    return {**key, "first": first, "last": last}


@cache
def _totals(params: AbstractSet[str]) -> Select[Any]:
    return _filtered(select(_NUMBER, *_COUNTED), params).group_by(_NUMBER)


@cache
def _histograms(params: AbstractSet[str]) -> Select[Any]:
    histogram = daily.c.latency_sketch
    return _filtered(select(_NUMBER, histogram), params).where(histogram.is_not(None))


def _filtered(query: Select[Any], params: AbstractSet[str]) -> Select[Any]:
    """Narrow a query to days that are then one range of the key for each model."""
    # typed: SQLite has dates as text
    first, last = (bindparam(end, type_=daily.c.day.type) for end in ("first", "last"))
    of_owner = select(model_table.c.id).where(model_table.c.provider_id == bindparam("owner"))
    is_of = _NUMBER.in_(of_owner) if "owner" in params else bindparam("number") == _NUMBER
    return query.where(is_of, daily.c.day.between(first, last))
