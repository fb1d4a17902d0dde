"""What summaries read of the history, on both databases: all as it was known when the span ended."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, Kind
from monitor.core.history.calendar import Span, span_of
from monitor.core.summary.values import ProviderSummary, Summary, Way
from monitor.store.memory.outbox import claim, due, give_up, post_all
from monitor.store.statistics.summaries import (
    changes_by_day,
    history_began_at,
    spans_with_sweeps,
    summarise_provider,
    summarise_span,
)
from monitor.store.write.slots import record_missed_slots
from tests.support.gateway import ON_SQLITE
from tests.web.history import BUSY, DOWN, START, UNCLEAR, UP, Answer, live, sweep

FIRST = date(2026, 4, 6)
LATER = datetime(2026, 6, 1, tzinfo=UTC)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
EVENING = 48  # the first slot of the second day: sweeps begin at noon, four an hour


def day(number: int = 0, zone: ZoneInfo | None = None) -> Span:
    chosen = FIRST + timedelta(days=number)
    return span_of(chosen, chosen, zone or UTC)


def answers(*rows: tuple[int, dict[str, Answer]]) -> list[Sweep]:
    return [sweep(place, row) for place, row in rows]


def told(engine: Engine, number: int = 0) -> ProviderSummary:
    return summarise_provider(engine, day(number), "nvidia", now=LATER)


def summary_of(engine: Engine, number: int = 0, *watched: str, now: datetime = LATER) -> Summary:
    return summarise_span(engine, day(number), watched=watched or ("nvidia",), now=now)


def test_an_outage_confirmed_after_midnight_belongs_to_the_later_day(engine: Engine) -> None:
    """Down at 23:45 and at 00:00: the first day knew of one failure, which is no outage yet."""
    live(engine, answers((0, {"a": UP}), (47, {"a": DOWN}), (48, {"a": DOWN}), (60, {"a": UP})))
    assert told(engine, 0).outages == ()
    (down,) = told(engine, 1).outages
    assert (down.is_new, down.began_at) == (True, START + timedelta(hours=11, minutes=45, seconds=1))
    assert down.ended_at == START + timedelta(hours=15, seconds=1)


def test_a_later_end_of_an_outage_is_not_known_before_it(engine: Engine) -> None:
    live(engine, answers((0, {"a": UP}), (4, {"a": DOWN}), (5, {"a": DOWN}), (60, {"a": UP})))
    (down,) = told(engine, 0).outages
    assert down.ended_at is None
    assert [(each.is_new, each.ended_at is None) for each in told(engine, 1).outages] == [(False, False)]
    assert told(engine, 2).still_down == told(engine, 2).outages == ()


def test_statuses_kinds_and_the_catalog_are_those_of_then(engine: Engine) -> None:
    early = sweep(0, {"a": UP, "b": UP}, kinds={"a": Kind.COMPLETIONS})
    late = [sweep(place, {"a": UP}, kinds={"a": Kind.CHAT}) for place in (EVENING, EVENING + 1)]
    live(engine, [early, *late])
    first, second = told(engine, 0), told(engine, 1)
    assert (first.by_status, second.by_status) == ({"available": 2}, {"available": 1})
    assert [(each.model, each.kind) for each in first.promising] == [("b", "chat"), ("a", "completions")]
    assert [(each.model, each.kind) for each in second.promising] == [("a", "chat")]
    assert [(each.before, each.after) for each in second.switches] == [("completions", "chat")]
    assert [each.model for each in second.retirements] == ["b"]


def test_sweeps_are_counted_by_what_became_of_them(engine: Engine) -> None:
    rows = [sweep(place, {"a": UP}) for place in range(3)]
    bad = [
        sweep(place, {"a": UP}, cause=cause) for place, cause in ((3, Cause.QUOTA), (4, Cause.OUR_NETWORK))
    ]
    live(engine, [*rows, *bad, sweep(EVENING, {"a": UP})])
    record_missed_slots(engine, "nvidia", "default", [START + timedelta(hours=2)])
    assert told(engine).sweeps.missed_because is None
    record_missed_slots(engine, "nvidia", "default", [START + timedelta(hours=3)], cause="the spool is full")
    sweeps = told(engine).sweeps
    assert sweeps.missed_because == "the spool is full"
    assert (sweeps.made, sweeps.conclusive, sweeps.missed) == (5, 3, 2)
    assert sweeps.inconclusive == {"quota": 1, "our_network": 1}
    assert [each.cause for each in told(engine).troubles] == ["quota"]


def test_the_day_stands_beside_the_30_days_that_end_with_it(engine: Engine) -> None:
    live(engine, answers((0, {"a": UP}), (1, {"a": UP}), (EVENING, {"a": DOWN}), (EVENING + 1, {"a": UP})))
    second = told(engine, 1)
    assert second.reliability.uptime_percent == 50
    assert second.reliability_30d.uptime_percent == 75
    assert told(engine, 0).reliability_30d.uptime_percent == 100
    assert told(engine, 2).reliability.uptime_percent is None, "no data is none, not nought"


def test_flapping_that_began_on_an_earlier_day_is_told_since_then(engine: Engine) -> None:
    unrest = [(place, {"a": UP if place % 2 else DOWN}) for place in range(1, 20)]
    live(engine, answers((0, {"a": UP}), *unrest, (EVENING, {"a": DOWN}), (EVENING + 1, {"a": UP})))
    (first,), (second,) = told(engine, 0).flaps, told(engine, 1).flaps
    assert first.is_new
    assert (second.started_at, second.is_new) == (first.started_at, False)
    assert second.started_at < day(1).begins_at


def test_first_clear_answers_are_told_once_the_model_is_no_newcomer_any_more(engine: Engine) -> None:
    live(engine, answers((0, {"a": UP, "b": UNCLEAR}), (EVENING, {"a": UP, "b": UP})))
    assert [(each.model, each.way) for each in told(engine, 1).arrivals] == [("b", Way.ANSWERED)]


def test_days_are_those_of_the_zone(engine: Engine) -> None:
    """In New York the first day has the sweeps that in Berlin are the second day's."""
    live(engine, answers((0, {"a": UP}), (EVENING, {"a": UP, "new": BUSY})))
    assert summarise_provider(engine, day(0, NEW_YORK), "nvidia", now=LATER).arrivals
    assert not summarise_provider(engine, day(0, BERLIN), "nvidia", now=LATER).arrivals
    assert summarise_provider(engine, day(1, BERLIN), "nvidia", now=LATER).arrivals


def test_a_provider_not_watched_any_more_is_told_of_only_where_it_has_something(engine: Engine) -> None:
    """Rule 34."""
    live(engine, [sweep(0, {"a": UP}, provider="old"), sweep(EVENING, {"a": UP})])
    first, second = summary_of(engine, 0), summary_of(engine, 1)
    assert [(each.provider, each.is_watched) for each in first.providers] == [
        ("nvidia", True),
        ("old", False),
    ]
    assert [each.provider for each in second.providers] == ["nvidia"]
    assert [each.provider for each in summary_of(engine, 1, "z", "nvidia").providers] == ["z", "nvidia"]


def test_one_provider_is_told_of_alone_where_it_is_asked_for(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}, provider="old"), sweep(0, {"a": UP})])
    alone = summarise_span(engine, day(1), watched=["nvidia"], now=LATER, providers=["old"])
    assert [each.provider for each in alone.providers] == ["old"]


def test_messages_given_up_in_the_span_are_counted(engine: Engine) -> None:
    live(engine, answers((0, {"a": UP})))
    post_all(engine, ["ops"], topic="summary", subject="x", document="{}", at=START)
    (message,) = due(engine, "ops", START)
    assert claim(engine, [message.id], by="me", now=START, until=LATER)
    give_up(engine, message.id, by="me", at=START + timedelta(hours=1), error="gone")
    assert (summary_of(engine, 0).undelivered, summary_of(engine, 1).undelivered) == ({"ops": 1}, {})


def test_a_span_that_is_not_over_is_known_up_to_now(engine: Engine) -> None:
    live(engine, answers((0, {"a": UP})))
    noon = START + timedelta(minutes=5)
    assert (summary_of(engine, now=noon).known_until, summary_of(engine, now=noon).is_complete) == (
        noon,
        False,
    )
    assert summary_of(engine).until == day().ends_at
    assert summary_of(engine).is_complete


def test_the_rest_of_a_day_that_is_not_over_is_no_time_available(engine: Engine) -> None:
    """Two models, each available from the first sweep on; one goes down after half an hour."""
    live(engine, answers((0, {"a": UP, "b": UP}), (2, {"a": UP, "b": DOWN}), (3, {"a": UP, "b": DOWN})))
    summary = summarise_provider(engine, day(), "nvidia", now=START + timedelta(hours=1, seconds=1))
    expected_s = timedelta(hours=1, minutes=30).total_seconds()
    assert (summary.reliability.outages, summary.reliability.mtbf_s) == (1, expected_s)
    assert summary.reliability_30d.mtbf_s == expected_s
    over = summarise_provider(engine, day(), "nvidia", now=LATER)
    assert over.reliability.mtbf_s == timedelta(hours=12, minutes=29, seconds=59).total_seconds()


def test_a_day_to_come_has_no_figures(engine: Engine) -> None:
    live(engine, answers((0, {"a": UP})))
    summary = summarise_provider(engine, day(3), "nvidia", now=START + timedelta(hours=1))
    assert (summary.reliability.uptime_percent, summary.reliability.mtbf_s) == (None, None)


def test_the_history_begins_with_the_first_sweep(engine: Engine) -> None:
    assert history_began_at(engine) is None
    live(engine, [sweep(4, {"a": UP}, provider="late"), sweep(0, {"a": UP})])
    assert history_began_at(engine) == START
    assert history_began_at(engine, ["late"]) == START + timedelta(hours=1)


def test_a_day_with_a_sweep_or_a_missed_slot_has_something_to_tell(engine: Engine) -> None:
    live(engine, answers((0, {"a": UP})))
    record_missed_slots(engine, "nvidia", "default", [START + timedelta(days=2)])
    spans = [day(number) for number in range(-1, 4)]
    assert [span.first.day for span in spans_with_sweeps(engine, spans)] == [6, 8]


@ON_SQLITE
@pytest.mark.parametrize("seed", range(20))
def test_days_with_sweeps_are_given_in_the_order_of_the_question(engine: Engine, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - chance, not a secret
    swept = sorted(chance.sample(range(12), chance.randrange(6)))
    live(engine, answers(*((96 * number, {"a": UP}) for number in swept)))
    asked = [day(number) for number in chance.sample(range(12), 8)]
    days = {(START + timedelta(days=number)).date() for number in swept}
    assert spans_with_sweeps(engine, asked) == [span for span in asked if span.first in days]


def test_changes_are_counted_by_day_newest_first_without_the_baseline(engine: Engine) -> None:
    live(
        engine,
        answers(
            (0, {"a": UP, "b": UP}),
            (1, {"a": UP, "b": UP, "new": UP}),
            (EVENING, {"a": DOWN, "b": DOWN, "new": UP}),
            (EVENING + 1, {"a": DOWN, "b": DOWN, "new": UP}),
        ),
    )
    found = changes_by_day(engine, START - timedelta(days=9), BERLIN)
    assert list(found.items()) == [
        (date(2026, 4, 7), {"became_unavailable": 2}),
        (date(2026, 4, 6), {"appeared": 1}),
    ]
    assert list(changes_by_day(engine, day(1).begins_at, BERLIN)) == [date(2026, 4, 7)]


def test_a_provider_without_a_history_has_nothing_but_no_error(engine: Engine) -> None:
    nobody = summarise_provider(engine, day(), "nobody", now=LATER)
    assert (nobody.is_quiet, nobody.has_history, nobody.by_status) == (True, False, {})


def test_favourites_are_known_by_their_ids_or_with_their_provider(engine: Engine) -> None:
    """Of a model that is gone nothing is said once it is no news."""
    live(engine, answers((0, {"a/x": UP, "a/y": UP, "b": DOWN}), (1, {"a/x": UP}), (2, {"a/x": UP})))
    patterns = ("nvidia/a/*", "b")
    first = summarise_provider(engine, day(), "nvidia", now=LATER, favourites=patterns)
    assert [(each.model, each.status) for each in first.favourites] == [
        ("a/x", "available"),
        ("a/y", "retired"),
        ("b", "retired"),
    ]
    second = summarise_span(engine, day(1), watched=["nvidia"], now=LATER, favourites=patterns)
    assert [each.model for each in second.providers[0].favourites] == ["a/x"]
