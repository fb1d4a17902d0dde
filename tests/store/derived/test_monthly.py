"""Months are their days added up, and say what the statistics of the same time say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from monitor.core.domain.policy import Policy
from monitor.core.history.latency_histogram import decode, merge_encoded
from monitor.store import schema as t
from monitor.store.admin.prune import prune
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.compare import compare
from monitor.store.derived.monthly import count_all_months
from monitor.store.derived.rebuild import rebuild
from monitor.store.statistics.windows import window_figures
from monitor.store.write.import_export import add_sweeps
from tests.store import histories, views

# Two sweeps a day over the end of April; the last of them goes over midnight.
BEGIN = datetime(2026, 4, 20, 11, tzinfo=UTC)
MONTHS = {
    "2026-04": (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)),
    "2026-05": (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)),
}


def live(engine: Engine, seed: int) -> None:
    """Live through a history that reaches from April into May."""
    for place, (sweep, policy) in enumerate(histories.history(seed, 50)):
        at = BEGIN + timedelta(hours=12 * place)
        moved = replace(sweep, started_at=at, finished_at=at + timedelta(hours=1), slot=None)
        late = (replace(each, at_ms=each.at_ms + 3_599_000) for each in moved.observations)
        histories.live(engine, replace(moved, observations=tuple(late)), policy)


def months(engine: Engine) -> Sequence[Any]:
    """Return all months as they stand."""
    with reading(engine) as connection:
        return connection.execute(select(t.monthly).order_by(t.monthly.c.model_id, t.monthly.c.month)).all()


def days(engine: Engine) -> Sequence[Any]:
    """Return all days as they stand."""
    with reading(engine) as connection:
        return connection.execute(select(t.daily)).all()


@pytest.mark.parametrize("seed", [31, 32])
def test_months_written_sweep_by_sweep_are_those_of_their_days(engine: Engine, seed: int) -> None:
    live(engine, seed)
    written = months(engine)
    assert {row.month for row in written} == {date(2026, 4, 1), date(2026, 5, 1)}
    with writing(engine) as connection:
        count_all_months(connection)
    assert written == months(engine)
    days_of = defaultdict[tuple[int, date], list[Any]](list)
    for day in days(engine):
        days_of[day.model_id, day.day.replace(day=1)].append(day)
    assert days_of.keys() == {(row.model_id, row.month) for row in written}
    for row in written:
        inside = days_of[row.model_id, row.month]
        for name in ("checks", "answered", "unavailable", "unknown"):
            assert getattr(row, name) == sum(getattr(day, name) for day in inside)
        sketches = [day.latency_sketch for day in inside if day.latency_sketch]
        assert (row.latency_sketch is None) == (not sketches)
        assert not sketches or decode(row.latency_sketch) == merge_encoded(sketches)


def test_a_month_says_what_the_statistics_of_the_same_time_say(engine: Engine) -> None:
    live(engine, 33)
    shown = {(row["model"], row["month"]): row for row in views.told(engine, "uptime_monthly")}
    assert {month for _, month in shown} == set(MONTHS)
    counted = {
        (row.model, month): row
        for month, (begin, end) in MONTHS.items()
        for row in window_figures(engine, begin, end).counts
        if row.checks
    }
    assert shown.keys() == counted.keys()
    for key, row in shown.items():
        names = views.columns("uptime_monthly")[3:-1]  # no window has a publisher
        assert [row[name] for name in names] == [getattr(counted[key], name) for name in names], key


def test_an_import_into_the_past_changes_the_month_it_falls_into(engine: Engine) -> None:
    for day in (1, 2, 35):
        at = histories.START + timedelta(days=day)
        histories.live(engine, histories.sweep(at, {"a": histories.UP}))
    down = histories.sweep(histories.START + timedelta(days=1, hours=1), {"a": histories.DOWN})
    add_sweeps(engine, [down], lambda _: Policy())
    shown = [
        (row["month"], row["answered"], row["unavailable"]) for row in views.told(engine, "uptime_monthly")
    ]
    assert shown == [("2026-04", 2, 1), ("2026-05", 1, 0)]
    assert not compare(engine, "nvidia").differs


def test_months_stay_when_their_observations_are_pruned_and_the_rest_is_rebuilt(engine: Engine) -> None:
    live(engine, 34)
    before = months(engine)
    assert prune(engine, "nvidia", date(2026, 5, 3)).sweeps
    assert months(engine) == before
    with writing(engine) as connection:
        connection.execute(t.monthly.delete())
    assert rebuild(engine, "nvidia").differs
    assert months(engine) == before
    assert not compare(engine, "nvidia").differs
