"""Days written sweep by sweep are those that a count of the whole day gives, byte for byte."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from monitor.core.history.latency_histogram import count_values, decode
from monitor.store import schema as t
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.daily import count_all_days
from tests.store import histories


def days(engine: Engine) -> Sequence[Any]:
    """Return all days as they stand."""
    with reading(engine) as connection:
        return connection.execute(select(t.daily).order_by(t.daily.c.model_id, t.daily.c.day)).all()


@pytest.mark.parametrize("seed", [31, 32])
def test_days_written_sweep_by_sweep_are_those_of_a_count_of_all(engine: Engine, seed: int) -> None:
    histories.live_all(engine, histories.history(seed, 50))
    written = days(engine)
    with writing(engine) as connection:
        count_all_days(connection)
    assert written == days(engine)


def test_a_day_keeps_its_latencies_as_a_sketch_and_their_exact_percentiles(engine: Engine) -> None:
    latencies = [1000, 1003, 1001, 90, 2**31 - 1, 1002]
    for place, latency_ms in enumerate(latencies):
        at = histories.START + timedelta(hours=place)
        made = histories.sweep(at, {"m": histories.UP})
        seen = histories.seen("m", latency_ms=latency_ms)
        histories.live(engine, replace(made, observations=(seen,)))
    (day,) = days(engine)
    assert decode(day.latency_sketch) == count_values(latencies)
    assert (day.latency_p50_ms, day.latency_p95_ms) == (1001, 2**31 - 1)


def test_a_day_without_a_latency_has_no_sketch(engine: Engine) -> None:
    histories.live(engine, histories.sweep(histories.START, {"m": histories.DOWN}))
    (day,) = days(engine)
    assert (day.latency_sketch, day.latency_p50_ms, day.latency_p95_ms) == (None, None, None)
