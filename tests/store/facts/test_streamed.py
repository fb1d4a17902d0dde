"""What streamed answers tell is kept beside their observations, and goes with them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.rows import StreamRow
from monitor.report.formats.records import format_record, parse_record
from monitor.store import schema as t
from monitor.store.admin.check import check
from monitor.store.connection.engine import reading, writing
from monitor.store.query import last_streamed, model_story
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.store.write.record import add_observations, close_interrupted, open_sweep
from tests.store import histories, views

PLAIN = histories.seen("a/plain")
STREAMED = replace(histories.seen("b/streamed", at_ms=2250), first_token_ms=120, tokens_per_s=45.67)
SILENT = replace(histories.seen("c/first", at_ms=0), first_token_ms=0)
COUNTED = replace(histories.seen("d/rate", histories.BUSY), tokens_per_s=0.0)
ALL = (PLAIN, STREAMED, SILENT, COUNTED)
SWEEP = replace(
    histories.sweep(histories.START, {}),
    listed=tuple(each.model for each in ALL),
    observations=ALL,
    requests=4,
)


def running(engine: Engine) -> OpenedSweep:
    """Open a sweep of nvidia."""
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage="default",
        slot=None,
        started_at=histories.START,
        policy=histories.POLICY,
    )
    assert opened is not None
    return opened


def signals(engine: Engine) -> list[tuple[int | None, float | None]]:
    """Return what is kept of streamed answers, by model."""
    with reading(engine) as connection:
        query = select(t.streamed.c.first_token_ms, t.streamed.c.tokens_per_s)
        return [(first, rate) for first, rate in connection.execute(query.order_by(t.streamed.c.model_id))]


def observations(engine: Engine) -> tuple[Observation, ...]:
    """Return what the only sweep observed, closed as if it had been cut short."""
    close_interrupted(engine, "nvidia", "default")
    (sweep,) = read_sweeps(engine)
    return sweep.observations


def test_streamed_observations_are_read_back_the_same(engine: Engine) -> None:
    histories.live(engine, SWEEP)
    assert list(read_sweeps(engine)) == [replace(SWEEP, verdict=Verdict.CONCLUSIVE)]


def test_an_observation_that_was_not_streamed_has_no_row(engine: Engine) -> None:
    histories.live(engine, SWEEP)
    assert signals(engine) == [(120, 45.67), (0, None), (None, 0.0)]


def test_the_view_tells_one_row_for_each_streamed_observation(engine: Engine) -> None:
    histories.live(engine, SWEEP)
    number = views.told(engine, "sweep_history")[0]["sweep_id"]
    assert views.rows(engine, "stream_history") == [
        ("nvidia", "b/streamed", number, "2026-04-06 12:00:02", 300, 120, 45.67),
        ("nvidia", "c/first", number, "2026-04-06 12:00:00", 300, 0, None),
        ("nvidia", "d/rate", number, "2026-04-06 12:00:01", 300, None, 0.0),
    ]


def test_an_observation_without_signals_that_overwrites_one_with_them_drops_its_row(engine: Engine) -> None:
    opened = running(engine)
    add_observations(engine, opened, [STREAMED, SILENT])
    bare = replace(STREAMED, first_token_ms=None, tokens_per_s=None)
    add_observations(engine, opened, [bare])
    assert signals(engine) == [(0, None)]
    assert observations(engine) == (SILENT, bare)


def test_an_observation_with_signals_overwrites_one_with_others_or_none(engine: Engine) -> None:
    opened = running(engine)
    add_observations(engine, opened, [STREAMED, replace(PLAIN, at_ms=9000)])
    later = replace(STREAMED, first_token_ms=None, tokens_per_s=1.5)
    told_now = replace(PLAIN, at_ms=9000, first_token_ms=7)
    add_observations(engine, opened, [later, told_now])
    assert observations(engine) == (later, told_now)


def test_closing_writes_signals_that_differ_and_drops_those_the_sweep_does_not_say(engine: Engine) -> None:
    opened = running(engine)
    stray = replace(STREAMED, model="e/stray")
    first = [replace(STREAMED, tokens_per_s=1.0), replace(PLAIN, first_token_ms=9), stray]
    add_observations(engine, opened, first)
    told_at = replace(SWEEP, slot=None)
    histories.close(engine, opened, told_at)
    assert list(read_sweeps(engine)) == [replace(told_at, verdict=Verdict.CONCLUSIVE)]
    assert signals(engine) == [(120, 45.67), (0, None), (None, 0.0)]
    assert check(engine) == []


def test_no_signal_outlives_its_observation(engine: Engine) -> None:
    histories.live(engine, SWEEP)
    with writing(engine) as connection:
        connection.execute(t.observation.delete())
        assert connection.scalar(select(func.count()).select_from(t.streamed)) == 0
    assert views.rows(engine, "stream_history") == []


def test_streamed_observations_go_out_as_records_and_come_in_again(engine: Engine) -> None:
    record = format_record(replace(SWEEP, verdict=Verdict.CONCLUSIVE))
    add_sweeps(engine, [parse_record(record, "f:1")], lambda _: histories.POLICY)
    assert [format_record(each) for each in read_sweeps(engine)] == [record]


@pytest.mark.parametrize("rate", [5e-324, 0.1 + 0.2, 1e20, 1.7e308])
def test_a_rate_is_kept_to_the_last_bit(engine: Engine, rate: float) -> None:
    sweep = replace(SWEEP, observations=(replace(STREAMED, tokens_per_s=rate),))
    add_sweeps(engine, [sweep], lambda _: histories.POLICY)
    assert list(read_sweeps(engine)) == [sweep]


def test_a_models_story_tells_its_latest_streamed_answer(engine: Engine) -> None:
    histories.live(engine, SWEEP)
    at = histories.START + timedelta(minutes=15)
    faster = replace(STREAMED, first_token_ms=80)
    histories.live(engine, replace(SWEEP, started_at=at, slot=at, observations=(PLAIN, faster)))
    last = histories.START + timedelta(minutes=30)
    unstreamed = histories.seen("b/streamed", histories.SLOW)
    histories.live(engine, replace(SWEEP, started_at=last, slot=last, observations=(PLAIN, unstreamed)))
    story = model_story(engine, "nvidia", "b/streamed")
    assert story is not None
    assert story.streamed == StreamRow(
        provider="nvidia",
        model="b/streamed",
        sweep_id=197_640_900,
        observed_at=at + timedelta(milliseconds=2250),
        latency_ms=300,
        first_token_ms=80,
        tokens_per_s=45.67,
    )


def test_a_model_that_never_streamed_has_no_such_line(engine: Engine) -> None:
    histories.live(engine, SWEEP)
    story = model_story(engine, "nvidia", "a/plain")
    assert story is not None
    assert story.streamed is None
    assert last_streamed(engine, "other", "b/streamed") is None
    assert last_streamed(engine, "nvidia", "a\0b") is None
