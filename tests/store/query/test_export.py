"""Every view as a stream of rows: the same rows as the view, in the order of its key, at one moment."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from monitor.clock import to_millis
from monitor.core.history.columns.view import count_of
from monitor.core.history.views import OBSERVATIONS, VIEWS, Column, ColumnType, Row, Scope, TimeFilter
from monitor.store.connection.engine import reading
from monitor.store.query import export, observed
from monitor.store.query.export import snapshot
from tests.store import histories, views
from tests.support.columns import rows_of
from tests.support.lives import Lives

DAY = timedelta(days=1)


@pytest.fixture
def history(engine: Engine, lives: Lives) -> Engine:
    """Give a database with two providers and everything that can go wrong."""
    lives.through(engine, (41, 26), (42, 6, "other"))
    return engine


def exported(engine: Engine, view: str, scope: Scope | None = None) -> list[Row]:
    """Return all rows of a view as they are exported."""
    with snapshot(engine, scope or Scope()) as found:
        return [views.timeless(view, row) for row in _rows(found, view)]


def _rows(found: export.Snapshot, view: str) -> Iterator[Row]:
    for part in found.parts(VIEWS[view]):
        for columns in found.columns(VIEWS[view], part):
            yield from rows_of(columns)


def as_shown(row: Row, columns: tuple[Column, ...]) -> Row:
    """Return a row with moments, days, months and flags as `views.rows` gives them."""
    return tuple(_shown(value, column.form) for value, column in zip(row, columns, strict=True))


def _shown(value: object, form: ColumnType) -> object:
    if form is ColumnType.FLAG:
        assert value is None or isinstance(value, bool)
    if isinstance(value, date):
        return value.isoformat()[:7] if form is ColumnType.MONTH else value.isoformat()
    if not isinstance(value, int) or form not in {ColumnType.MOMENT, ColumnType.SECOND}:
        return int(value) if isinstance(value, bool) else value
    return f"{datetime.fromtimestamp(value // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def test_the_columns_are_those_of_the_views(engine: Engine) -> None:
    assert list(VIEWS) == list(views.COLUMNS)
    with reading(engine) as connection:
        for name, view in VIEWS.items():
            found = connection.execute(text(f"SELECT * FROM {name} WHERE 1 = 0"))  # noqa: S608  # a name of ours
            assert list(found.keys()) == [each.name for each in view.columns]


def test_the_rows_are_those_of_the_views(history: Engine) -> None:
    for name, view in VIEWS.items():
        rows = [as_shown(row, view.columns) for row in exported(history, name)]
        assert rows
        assert sorted(rows, key=repr) == views.rows(history, name)


def test_rows_come_in_the_order_of_the_key(history: Engine) -> None:
    for name, view in VIEWS.items():
        names = [each.name for each in view.columns]
        places = [names.index(each) for each in view.key if each != "ended_at"]
        keys: list[Any] = [tuple(row[place] for place in places) for row in exported(history, name)]
        assert keys == sorted(keys)


def test_observations_are_told_to_the_millisecond(engine: Engine) -> None:
    at = histories.START + timedelta(milliseconds=7)
    histories.live(engine, histories.sweep(at, {"a": histories.UP, "b": histories.DOWN}))
    place = [each.name for each in VIEWS[OBSERVATIONS].columns].index("observed_at")
    assert [row[place] for row in exported(engine, OBSERVATIONS)] == [to_millis(at), to_millis(at) + 250]


def test_a_range_of_time_is_that_of_the_sweeps_starts_whatever_their_ids(engine: Engine) -> None:
    starts = [histories.START + timedelta(milliseconds=step) for step in (0, 400, 800, 1200)]
    for place, start in enumerate(starts):  # the first three begin in one second: two ids are moved up
        histories.live(
            engine, histories.sweep(start, {f"m{each}": histories.UP for each in range(place + 1)})
        )
    scope = Scope(since=starts[1], until=starts[3])
    assert [row[1] for row in exported(engine, OBSERVATIONS, scope)] == ["m0", "m0", "m1", "m1", "m2"]
    assert [row[2] for row in exported(engine, "change_history", scope)] == ["m1", "m2"]
    assert [row[3] for row in exported(engine, "sweep_history", scope)] == [to_millis(histories.START)] * 2
    assert exported(engine, OBSERVATIONS, Scope(since=histories.START + DAY)) == []


def test_a_range_of_time_takes_the_days_that_it_touches(history: Engine) -> None:
    def days_of(scope: Scope) -> list[Any]:
        return sorted({row[2] for row in exported(history, "uptime_daily", scope)}, key=repr)

    days = days_of(Scope())
    assert len(days) > 1
    noon = datetime.combine(days[1], time(12), UTC)
    for scope, left in (
        (Scope(since=noon), days[1:]),
        (Scope(until=noon), days[:2]),
        (Scope(until=noon.replace(hour=0)), days[:1]),
    ):
        assert days_of(scope) == left


def test_one_provider_is_exported_alone(history: Engine) -> None:
    for name, view in VIEWS.items():
        place = [each.name for each in view.columns].index("provider")
        mine = exported(history, name, Scope(providers=("other",)))
        assert mine == [row for row in exported(history, name) if row[place] == "other"]
        for nobody in ("nobody", "no\0body", "\ud800"):
            assert exported(history, name, Scope(providers=(nobody,))) == []


def test_time_narrows_every_view_that_has_a_sweep_a_day_or_a_month() -> None:
    for view in VIEWS.values():
        names = {each.name for each in view.columns}
        spans = {"sweep_id": TimeFilter.SWEEPS, "day": TimeFilter.DAYS, "month": TimeFilter.MONTHS}
        wanted = [span for name, span in spans.items() if name in names]
        assert [view.span] == (wanted or [TimeFilter.NONE])


def test_a_range_has_the_months_that_it_touches(engine: Engine) -> None:
    for month in (3, 4, 5):
        at = datetime(2026, month, 7, tzinfo=UTC)
        histories.live(engine, histories.sweep(at, {"a": histories.UP}))
    first, end = datetime(2026, 4, 30, 23, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    for scope, months in (
        (Scope(since=first), ["2026-04-01", "2026-05-01"]),
        (Scope(until=end), ["2026-03-01", "2026-04-01"]),
        (Scope(since=first, until=end), ["2026-04-01"]),
    ):
        assert [str(row[2]) for row in exported(engine, "uptime_monthly", scope)] == months


def test_what_is_written_meanwhile_is_in_no_view(history: Engine) -> None:
    with snapshot(history, Scope()) as found:
        before = len(list(_rows(found, "sweep_history")))
        histories.live(history, histories.sweep(histories.START + 9 * DAY, {"new/one": histories.UP}))
        assert len(list(_rows(found, "sweep_history"))) == before
        assert "new/one" not in {row[1] for row in _rows(found, OBSERVATIONS)}


def test_a_part_is_given_in_pieces(history: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = exported(history, OBSERVATIONS)
    monkeypatch.setattr(observed, "_SWEEPS_AT_ONCE", 3)
    with snapshot(history, Scope()) as found:
        view = VIEWS[OBSERVATIONS]
        pieces = [columns for part in found.parts(view) for columns in found.columns(view, part)]
    assert max(map(count_of, pieces)) == 3
    assert [row for columns in pieces for row in rows_of(columns)] == whole
