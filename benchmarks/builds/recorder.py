"""`recorder.py DATABASE_URL MODELS SWEEPS` makes a history, then records sweeps as asked for; run as a file.

For each line on stdin it records some sweeps as a daemon does, all but the requests and the fold, by the
`monitor` and the `benchmarks` of PYTHONPATH, and prints as JSON what one took. For `cold` nothing of a SQLite
file is in memory before each of them.
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.years.filling import POLICY, PROVIDER, Filled, fill
from benchmarks.years.making import INTERVAL
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.lifecycle.fold import fold
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, is_sqlite, open_engine, sqlite_path
from monitor.store.memory.notifications import Outbox
from monitor.store.write.record import (
    add_observations,
    close_interrupted,
    close_sweep,
    keep_catalog,
    open_sweep,
)
from monitor.sweep.keeping.beginning import load_start

_SWEEPS = 6  # of a line; each of SQLite's checkpoints is one of many
_BATCHES = 4  # a sweep stores what it saw every second
_SHARE_UP = 0.99
_END = datetime(2026, 6, 1, tzinfo=UTC)


def _sweeps(filled: Filled) -> Iterator[Sweep]:
    """Give the sweeps that follow a history, from the second hour of its next day on."""
    at, chance = filled.end + timedelta(hours=2), Random(1)  # noqa: S311 - no secret
    while True:
        seen = tuple(_seen(number, model, chance) for number, model in enumerate(filled.models))
        yield Sweep(
            provider=PROVIDER,
            started_at=at,
            finished_at=at + INTERVAL / 2,
            slot=at,
            listed=filled.models,
            observations=seen,
            requests=len(seen) + 1,
        )
        at += INTERVAL


def _seen(number: int, model: str, chance: Random) -> Observation:
    is_up = chance.random() < _SHARE_UP
    outcome, reason = (Outcome.AVAILABLE, Reason.OK) if is_up else (Outcome.UNAVAILABLE, Reason.SERVER_ERROR)
    return Observation(
        model,
        outcome,
        reason,
        at_ms=500 + number,
        kind=Kind.CHAT,
        http_status=200 if is_up else 500,
        latency_ms=chance.randrange(80, 3000),
    )


def _record(engine: Engine, seen: Sweep) -> tuple[float, float]:
    """Record a sweep; returns the seconds of the clock and of the processor that it took without the fold."""
    begun = _now()
    close_interrupted(engine, PROVIDER, seen.vantage)
    opened = open_sweep(
        engine,
        provider=PROVIDER,
        vantage=seen.vantage,
        slot=seen.slot,
        started_at=seen.started_at,
        policy=POLICY,
    )
    if opened is None:
        raise RuntimeError("the measured sweep's slot is taken")
    start = load_start(engine, PROVIDER, opened.started_at, slot=seen.slot)
    keep_catalog(engine, opened, replace(seen, observations=()))
    size = -(-len(seen.observations) // _BATCHES)
    for first in range(0, len(seen.observations), size):
        add_observations(engine, opened, seen.observations[first : first + size])
    folding = _now()
    decision = fold(start.state, seen, POLICY)
    folded = _now()
    close_sweep(engine, opened, seen, decision, Outbox())
    wall, used = (
        end - after + until - before
        for before, until, after, end in zip(begun, folding, folded, _now(), strict=True)
    )
    return wall, used


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _cool(engine: Engine) -> None:
    engine.dispose()
    if not is_sqlite(engine):
        return
    file = sqlite_path(engine)
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _written(engine: Engine) -> int:
    """Return the bytes that this process wrote to disks so far; on Postgres those of the server's log."""
    if is_sqlite(engine):
        lines = Path("/proc/self/io").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])
    with engine.connect() as connection:
        query = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
        return int(connection.exec_driver_sql(query).scalar_one())


def _line(engine: Engine, sweeps: Iterator[Sweep], *, is_cold: bool) -> dict[str, float]:
    before, took, used, checks = _written(engine), 0.0, 0.0, 0
    for _ in range(_SWEEPS):
        if is_cold:
            _cool(engine)
        seen = next(sweeps)
        wall, cpu = _record(engine, seen)
        took, used, checks = took + wall, used + cpu, checks + len(seen.observations)
    written = (_written(engine) - before) / 1000 / checks
    costs = {"time": took / _SWEEPS, "processor": used / _SWEEPS}
    return costs if is_cold else {**costs, "written": written}


def _main(url: str, models: int, sweeps: int) -> None:
    engine = open_engine(url)
    prepare(engine)
    coming = _sweeps(fill(engine, None, models=models, sweeps=sweeps, end=_END))
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(_line(engine, coming, is_cold=line.strip() == 'cold'))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
