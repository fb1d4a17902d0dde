"""What is worth choosing, read of the history on both databases, and compared with the day before."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import Engine

from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause
from monitor.core.history.calendar import span_of
from monitor.core.summary.values import ProviderSummary
from monitor.store.statistics.summaries import summarise_provider
from tests.web.history import DOWN, UNCLEAR, UP, Answer, live, sweep

FIRST = date(2026, 4, 6)  # its sweeps begin at noon
LATER = datetime(2026, 6, 1, tzinfo=UTC)
A_DAY = 96  # slots
EVERY = 12  # slots from one sweep to the next: 8 sweeps a day, so that 50 checks are had within a week


def told(engine: Engine, number: int, days: int = 1) -> ProviderSummary:
    """Return the summary of the days that end with the day of this number."""
    last = FIRST + timedelta(days=number)
    return summarise_provider(
        engine, span_of(last - timedelta(days=days - 1), last, UTC), "nvidia", now=LATER
    )


def days(first: int, last: int, answers: Mapping[str, Answer], *, of: Cause | None = None) -> list[Sweep]:
    places = range(first * A_DAY, last * A_DAY, EVERY)
    return [sweep(place, answers, cause=of) for place in places]


def ids(part: ProviderSummary) -> tuple[list[str], list[str]]:
    return [row.model for row in part.best], [row.model for row in part.promising]


def test_a_model_of_three_days_is_promising_and_its_coverage_that_of_the_whole_window(engine: Engine) -> None:
    rows = [*days(0, 9, {"old": UP}), *days(9, 12, {"old": UP, "young": UP})]
    rows[5] = sweep(5 * EVERY, {"old": DOWN})
    live(engine, rows)
    day = told(engine, 12)
    assert ids(day) == (["old"], ["young"])
    assert [row.coverage_percent for row in (*day.best, *day.promising)] == [100, 25]
    assert [row.checks for row in (*day.best, *day.promising)] == [96, 24]
    assert day.promising[0].first_seen_at == datetime(2026, 4, 15, 12, tzinfo=UTC)


def test_coverage_counts_conclusive_sweeps_and_answers_that_are_clear(engine: Engine) -> None:
    bad = days(9, 10, {"a": UP, "b": UP}, of=Cause.QUOTA)
    live(engine, [*days(0, 9, {"a": UP, "b": UP}), *bad, sweep(10 * A_DAY, {"a": UNCLEAR, "b": UP})])
    day = told(engine, 10)
    assert {row.model: row.coverage_percent for row in day.best} == {"a": 7200 / 73, "b": 100}
    assert ids(day)[0] == ["b", "a"]


def test_a_week_of_checks_makes_one_of_the_best_and_that_is_news_once(engine: Engine) -> None:
    live(engine, days(0, 12, {"a": UP}))
    summaries = [told(engine, number) for number in range(12)]
    assert [bool(part.best) for part in summaries] == [False] * 7 + [True] * 5
    changed = [number for number, part in enumerate(summaries) if part.changed_choices]
    assert changed == [7], "the first with a past"
    assert [number for number, part in enumerate(summaries) if part.changed_promising] == [0, 7]


def test_a_day_compares_with_the_day_before_as_it_was_known_then(engine: Engine) -> None:
    """And says so for ever: what came later moves no summary of the past."""
    early = days(0, 9, {"a": UP, "b": UP})
    live(engine, [*early, *days(9, 10, {"a": DOWN, "b": UP})])
    assert (ids(told(engine, 8)), ids(told(engine, 10))) == ((["a", "b"], []), (["b"], []))
    before = [told(engine, number) for number in range(10)]
    live(engine, days(10, 12, {"a": UP, "b": UP, "c": UP}))
    again = [told(engine, number) for number in range(12)]
    assert [part.best for part in again[:10]] == [part.best for part in before]
    for yesterday, today in pairwise(again):
        (best, promising), (earlier, earlier_promising) = ids(today), ids(yesterday)
        assert bool(today.changed_choices) != ({*best} == {*earlier} and best[:1] == earlier[:1])
        assert bool(today.changed_promising) != ({*promising} == {*earlier_promising})
        assert {row.model for row in today.best if row.is_new} == {*ids(today)[0]} - {*ids(yesterday)[0]}


def test_several_days_compare_with_the_day_before_the_first_of_them(engine: Engine) -> None:
    live(engine, days(0, 12, {"a": UP}))
    assert told(engine, 11, days=4).changed_choices == ()
    assert told(engine, 11, days=7).changed_choices == ("chat",)
