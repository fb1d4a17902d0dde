"""A real daemon with several providers: let it sweep some slots, and see what that took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.process import Daemon, daemon
from benchmarks.schedule import EPOCH, count_missed, finished, scheduled
from benchmarks.single import CONCURRENCY
from monitor.clock import utc_now
from monitor.core.history.rows import SweepRow
from monitor.store.connection.engine import Engine, open_engine
from monitor.store.query import current_models

PROVIDERS = ("first", "second", "third", "fourth")
START_RATE = 100.0
SLOTS = 2
_SPARE_S = 60.0
_HEAD = """
[database]
url = "sqlite:///{directory}/{interval_s}.db"
[schedule]
interval = "{interval_s}s"
[web]
listen = "127.0.0.1:0"
[daemon]
grace = "5s"
"""
_PROVIDER = """
[[providers]]
name = "{name}"
base_url = "{base_url}"
concurrency = {concurrency}
starts_per_second = {start_rate}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a daemon took. `cpu_s` was spent on `sweeps` sweeps, which asked `probes` models.

    `latest` are each provider's last sweeps; `latency_ms` is the median they measured.
    """

    peak_mb: float
    cpu_s: float
    sweeps: int
    probes: int
    slots: int
    missed: int
    unasked: int
    latency_ms: float
    latest: tuple[SweepRow, ...]


def first_peak_mb(directory: Path, base_url: str) -> float:
    """Return the peak memory of a daemon after one sweep of each provider."""
    with _running(directory, base_url, timedelta(hours=1)) as (process, engine):
        process.wait_for(partial(_have_finished, engine, sweeps=1, slots=0), _SPARE_S)
        return process.peak_mb


def watched(directory: Path, base_url: str, interval: timedelta) -> Watched:
    """Measure from the end of the first sweeps, which are made at once, to that of the last scheduled ones.

    The daemon starts just after a slot, so that its first sweeps have the time that all others have.
    """
    time.sleep((interval - (utc_now() - EPOCH) % interval).total_seconds())
    begun = utc_now()
    patience_s = interval.total_seconds() * (SLOTS + 2) + _SPARE_S
    with _running(directory, base_url, interval) as (process, engine):
        process.wait_for(partial(_have_finished, engine, sweeps=1, slots=0), patience_s)
        first, first_cpu_s = _all_finished(engine), process.cpu_s
        process.wait_for(partial(_have_finished, engine, sweeps=1, slots=SLOTS), patience_s)
        served = [scheduled(finished(engine, name)) for name in PROVIDERS]
        later = _all_finished(engine)
        missed = count_missed(engine, PROVIDERS, begun, interval)
        return Watched(
            peak_mb=process.peak_mb,
            cpu_s=process.cpu_s - first_cpu_s,
            sweeps=len(later) - len(first),
            probes=_probes(later) - _probes(first),
            slots=sum(map(len, served)) + missed,
            missed=missed,
            unasked=sum(row.listed - row.probed for row in later),
            latency_ms=median(row.latency_ms or 0 for row in current_models(engine)),
            latest=tuple(rows[-1] for rows in served),
        )


@contextmanager
def _running(directory: Path, base_url: str, interval: timedelta) -> Iterator[tuple[Daemon, Engine]]:
    """Run a daemon with four providers at one address; gives it and its database."""
    interval_s = round(interval.total_seconds())
    tables = [
        _PROVIDER.format(name=name, base_url=base_url, concurrency=CONCURRENCY, start_rate=START_RATE)
        for name in PROVIDERS
    ]
    config = directory / f"{interval_s}.toml"
    config.write_text(_HEAD.format(directory=directory, interval_s=interval_s) + "".join(tables))
    engine = open_engine(f"sqlite:///{directory}/{interval_s}.db", read_only=True)
    with daemon(config) as process:
        try:
            yield process, engine
        finally:
            engine.dispose()


def _have_finished(engine: Engine, *, sweeps: int, slots: int) -> bool:
    """Tell whether every provider has so many finished sweeps, and so many that served a slot."""
    return all(
        len(rows) >= sweeps and len(scheduled(rows)) >= slots
        for rows in (finished(engine, name) for name in PROVIDERS)
    )


def _all_finished(engine: Engine) -> list[SweepRow]:
    return [row for name in PROVIDERS for row in finished(engine, name)]


def _probes(rows: list[SweepRow]) -> int:
    return sum(row.probed for row in rows)
