"""Reads what stands in `daily`, model by model; whole months are read from `monthly`."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    select,
    union_all,
)

from monitor.core.history.calendar import month_of
from monitor.store.schema import daily, monthly
from monitor.store.schema import model as model_table

_COUNTED: Final = ("answered", "unavailable", "unknown")
_DAY: Final = timedelta(days=1)
_NUMBER: Final = daily.c.model_id

Totals = tuple[int, int, int, int]  # a model's number; how often it was answered, unavailable and unknown


def read_totals(
    connection: Connection, provider_id: int, first: date, last: date, model_id: int | None = None
) -> Sequence[Totals]:
    """Return the counts of the days from the first to the last of each model that has some, or of one.

    A month is the sum of its days (derived/monthly.py).
    """
    params = _asked(provider_id, first, last, model_id)
    months = whole_months(first, last)
    if months is None:
        return connection.execute(_totals(frozenset(params), has_months=False), params).all()
    begin, end = months
    params |= {"begin": begin, "end": end, "first_month": begin, "last_month": month_of(end)}
    return connection.execute(_totals(frozenset(params), has_months=True), params).all()


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


def whole_months(first: date, last: date) -> tuple[date, date] | None:
    """Return the first and the last day of the whole months from the first to the last day, None for none."""
    begin = first if first.day == 1 else (first.replace(day=28) + 4 * _DAY).replace(day=1)
    is_whole = (last + _DAY).day == 1
    end = last if is_whole else last.replace(day=1) - _DAY
    return (begin, end) if begin <= end else None


@cache
def _totals(params: AbstractSet[str], *, has_months: bool) -> Select[Any]:
    if not has_months:
        return _summed(_filtered(select(*_columns(daily)), params))
    day, month = daily.c.day, monthly.c.month
    first, begin, end, last = (bindparam(name, type_=day.type) for name in ("first", "begin", "end", "last"))
    first_month, last_month = (bindparam(name, type_=month.type) for name in ("first_month", "last_month"))
    parts = (
        (monthly, month.between(first_month, last_month)),
        (daily, (day >= first) & (day < begin)),
        (daily, (day > end) & (day <= last)),
    )
    return _summed(
        union_all(*(select(*_columns(of)).where(_is_of(of.c.model_id, params), part) for of, part in parts))
    )


def _columns(of: Table) -> list[Column[Any]]:
    return [of.c.model_id, *(of.c[name] for name in _COUNTED)]


def _summed(rows: Select[Any] | CompoundSelect[Any]) -> Select[Any]:
    number, *counted = rows.subquery().c
    return select(number, *map(func.sum, counted)).group_by(number)


@cache
def _histograms(params: AbstractSet[str]) -> Select[Any]:
    histogram = daily.c.latency_sketch
    return _filtered(select(_NUMBER, histogram), params).where(histogram.is_not(None))


def _filtered(query: Select[Any], params: AbstractSet[str]) -> Select[Any]:
    """Narrow a query to days that are then one range of the key for each model."""
    # typed: SQLite has dates as text
    first, last = (bindparam(end, type_=daily.c.day.type) for end in ("first", "last"))
    return query.where(_is_of(_NUMBER, params), daily.c.day.between(first, last))


def _is_of(number: ColumnElement[int], params: AbstractSet[str]) -> ColumnElement[bool]:
    of_owner = select(model_table.c.id).where(model_table.c.provider_id == bindparam("owner"))
    return number.in_(of_owner) if "owner" in params else bindparam("number") == number
