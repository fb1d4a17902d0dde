"""Kill -9 in the middle of a sweep loses no committed row and makes no false event."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.store.admin.check import check
from monitor.store.write.record import close_interrupted
from tests.store import histories, views
from tests.support.process import WAIT_S

OBSERVE = """
import sys
from datetime import timedelta
from monitor.store.connection.engine import open_engine
from monitor.store.write.record import add_observations, open_sweep
from tests.store import histories
engine, at = open_engine(sys.argv[1]), histories.START + timedelta(minutes=15)
running = open_sweep(
    engine, provider="nvidia", vantage="default", slot=at, started_at=at, policy=histories.POLICY
)
for place in range(100_000):
    add_observations(engine, running, [histories.seen(f"m/{place}", histories.DOWN, at_ms=place)])
    print(place, flush=True)
"""

CLAIM = """
import sys
from datetime import timedelta
from monitor.store.connection.engine import open_engine
from monitor.store.write.record import open_sweep
from tests.store import histories
engine = open_engine(sys.argv[1])
slots = [histories.START + timedelta(minutes=15 * place) for place in range(40)]
print(sum(
    open_sweep(engine, provider="p", vantage="v", slot=at, started_at=at, policy=histories.POLICY) is not None
    for at in slots
))
"""


@pytest.mark.parametrize("batches", [1, 7, 30])
def test_a_sweep_killed_while_it_writes_keeps_every_row_it_had_committed(
    engine: Engine, database_url: str, batches: int
) -> None:
    known = {f"m/{place}": histories.UP for place in range(60)}
    histories.live(engine, histories.sweep(histories.START, known))
    before = views.rows(engine, "model_status"), views.rows(engine, "change_history")
    process = subprocess.Popen(
        [sys.executable, "-c", OBSERVE, database_url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(batches):
        last = int(process.stdout.readline())
    process.kill()
    rest = process.stdout.read().split()
    process.wait(timeout=WAIT_S)
    process.stdout.close()
    committed = int(rest[-1]) if rest else last
    (cut,) = close_interrupted(engine, "nvidia", "default")
    assert len(cut.observations) in {committed + 1, committed + 2}  # the last may be committed, but not told
    assert (views.rows(engine, "model_status"), views.rows(engine, "change_history")) == before
    assert check(engine) == []
    decision = histories.live(engine, histories.sweep(histories.START + timedelta(minutes=30), known))
    assert (decision.verdict, decision.events) == (Verdict.CONCLUSIVE, ())


def test_two_processes_never_get_the_same_slot(engine: Engine, database_url: str) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", CLAIM, database_url], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    claimed = [int(process.communicate(timeout=WAIT_S)[0]) for process in running]
    assert sum(claimed) == 40
    assert len(views.rows(engine, "sweep_history")) == 40
