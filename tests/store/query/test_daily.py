"""The counts of any span of days are those of its days, whether they are read from days or from months."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from itertools import combinations_with_replacement

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.query.daily import read_totals, whole_months
from tests.store import histories

DAY = timedelta(days=1)
BEGIN = date(2026, 1, 31)
DAYS = (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1), date(2026, 4, 29))


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 800))
def test_whole_months_are_the_most_that_a_span_has(first: date, length: int) -> None:
    last = first + length * DAY
    months = whole_months(first, last)
    days = [first + number * DAY for number in range(length + 1)]
    whole = [day for day in days if first <= day.replace(day=1) and _end_of(day) <= last]
    assert months == ((whole[0], whole[-1]) if whole else None)


def _end_of(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def test_the_first_day_of_all_has_months_too() -> None:
    assert whole_months(date.min, date(1, 2, 3)) == (date.min, date(1, 1, 31))


def test_any_span_counts_what_its_days_count(engine: Engine) -> None:
    for number, day in enumerate(DAYS):
        answers = {"a": histories.UP, "b": histories.DOWN if number % 2 else histories.UP}
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        histories.live(engine, histories.sweep(at, answers))
    edges = [BEGIN + step * DAY for step in (-31, 0, 1, 28, 29, 59, 88, 89, 200)]
    with reading(engine) as connection:
        owner = connection.execute(select(t.provider.c.id)).scalar_one()
        models = [None, *connection.scalars(select(t.model.c.id))]
        for first, last in [*combinations_with_replacement(edges, 2), (date.min, edges[-1])]:
            for model in models:
                columns = (t.daily.c.answered, t.daily.c.unavailable, t.daily.c.unknown)
                query = select(t.daily.c.model_id, *map(func.sum, columns)).group_by(t.daily.c.model_id)
                query = query.where(t.daily.c.day.between(first, last))
                query = query if model is None else query.where(t.daily.c.model_id == model)
                plain = sorted(tuple(row) for row in connection.execute(query))
                assert sorted(map(tuple, read_totals(connection, owner, first, last, model))) == plain
