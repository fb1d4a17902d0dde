"""A daemon whose wall clock is set: it keeps its pace, its slots and its order, and says so once."""

import signal
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.clock import to_datetime, utc_now
from monitor.core.history.rows import SweepRow
from monitor.demo.stories import steady
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.process import Process, wait_for
from tests.support.stepped_monitor import set_clock

MODELS = 6
STEPPED = "tests.support.stepped_monitor"
INTERVAL_S = 4
STEPS_S = {"an_hour_ahead": 3600.0, "a_day_back": -86_400.0, "to_1970": -1_796_000_000.0}


def missed(engine: Engine) -> list[datetime]:
    return [to_datetime(slot) for (slot,) in g.rows(engine, "SELECT slot FROM missed_slot")]


def recorded_steps(engine: Engine) -> list[float]:
    return [each.clock_step_s for each in g.finished(engine) if each.clock_step_s]


def check_pace(sweeps: list[SweepRow], engine: Engine) -> None:
    """Check that slots are in order, each once, and that those without a sweep are missed and no others."""
    slots = [each.slot for each in sweeps if each.slot]
    assert slots == sorted(set(slots))
    due = round((slots[-1] - slots[0]) / timedelta(seconds=INTERVAL_S)) + 1
    # the first sweep has no slot, and may still run at the first one
    assert len(slots) + sum(slot > slots[0] for slot in missed(engine)) == due
    for former, later in pairwise(sweeps):
        assert former.started_at < later.started_at


@g.ON_SQLITE
@pytest.mark.parametrize("step_s", STEPS_S.values(), ids=STEPS_S)
def test_a_step_and_its_mending_change_no_slot(
    engine: Engine, database_url: str, tmp_path: Path, step_s: float
) -> None:
    """The first step is made with probes in flight, the second one between two sweeps."""
    set_clock(tmp_path)
    begun_at = utc_now()
    with g.gateway(steady(MODELS), latency_s=0.2) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval=f"{INTERVAL_S}s", concurrency=1)
        with Process(config, "run", module=STEPPED) as daemon:
            wait_for(lambda: len(g.finished(engine)) >= 1, daemon)
            probes = len(there.probes)
            wait_for(lambda: len(there.probes) > probes, daemon)
            set_clock(tmp_path, step_s)
            wait_for(lambda: len(g.finished(engine)) >= 4, daemon)
            wait_for(lambda: daemon.err.count("clock_stepped") == 1, daemon)
            set_clock(tmp_path)
            wait_for(lambda: len(recorded_steps(engine)) == 2, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
        assert daemon.err.count("WARNING clock_stepped") == 2
    sweeps = g.finished(engine)
    check_pace(sweeps, engine)
    assert all(begun_at - timedelta(seconds=1) < each.started_at < utc_now() for each in sweeps)
    assert [round(step / step_s) for step in recorded_steps(engine)] == [1, -1]


@g.ON_SQLITE
def test_a_machine_that_slept_for_three_hours_missed_what_it_slept_through(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    set_clock(tmp_path)
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="15m")
        with Process(config, "run", module=STEPPED) as daemon:
            wait_for(lambda: len(g.finished(engine)) >= 1, daemon)
            set_clock(tmp_path, slept_s=3 * 3600)
            wait_for(lambda: g.finished(engine)[-1].started_at > utc_now() + timedelta(hours=2), daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
        assert "clock_stepped" not in daemon.err
    first, *others = g.finished(engine)
    slots = [each.slot for each in others if each.slot]
    due = {slots[-1] - count * timedelta(minutes=15) for count in range(13)}
    assert set(missed(engine)) == {slot for slot in due if first.started_at < slot} - {*slots}
    assert timedelta(hours=3) <= others[-1].started_at - first.started_at < timedelta(hours=3, minutes=15)
    assert others[-1].clock_step_s is None


@g.ON_SQLITE
def test_a_history_of_the_future_stops_no_start(engine: Engine, database_url: str, tmp_path: Path) -> None:
    """The clock was an hour ahead when the daemon swept last; its slots are not taken again."""
    set_clock(tmp_path, 3600)
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval=f"{INTERVAL_S}s")
        runs = []
        for ahead_s, sweeps in ((3600, 2), (0, 4)):
            set_clock(tmp_path, ahead_s)
            begun_at = utc_now()
            with Process(config, "run", module=STEPPED) as daemon:
                wait_for(lambda sweeps=sweeps: len(g.finished(engine)) >= sweeps, daemon)  # type: ignore[misc]
                daemon.send(signal.SIGTERM)
                assert daemon.wait() == 0, daemon.err
            ahead = timedelta(seconds=ahead_s)
            runs.append((begun_at + ahead, utc_now() + ahead))
    slots = [slot for (slot,) in g.rows(engine, "SELECT slot FROM sweep WHERE slot IS NOT NULL")]
    assert len(set(slots)) == len(slots)
    for slot in missed(engine):
        assert any(begun_at < slot < ended_at for begun_at, ended_at in runs), "and no hour that never was"
    assert _latest(engine) > utc_now(), "the sweeps of the hour ahead stay where they were"


def _latest(engine: Engine) -> datetime:
    return max(each.started_at for each in g.finished(engine))
