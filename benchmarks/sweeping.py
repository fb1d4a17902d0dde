"""How long a sweep takes, database included, over the ideal of its own settings."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bare import bare_seconds
from benchmarks.figures import Figure, Scale, interleaved, medians
from benchmarks.provider import provider
from monitor.clock import utc_now
from monitor.core.model import Policy
from monitor.http import Endpoint
from monitor.probe.pacer import Pacer
from monitor.store.engine import Engine, open_engine
from monitor.store.migrate import prepare
from monitor.sweep import Target, sweep_provider

MODELS, LATENCY_S, CONCURRENCY, START_RATE = 200, 0.2, 32, 100.0
UNPACED = 10_000.0
_MOST = 1.3
_CONFIG = """
[database]
url = "sqlite:///{directory}/command.db"
[[providers]]
name = "simulated"
base_url = "{base_url}"
concurrency = {concurrency}
"""


def sweeping(scale: Scale) -> Iterator[Figure]:
    """Measure 200 models at 200 ms with 32 requests at once, bound by the start pacer and by concurrency."""
    by_concurrency = ceil(MODELS / CONCURRENCY) * LATENCY_S
    ideal = max(by_concurrency, MODELS / START_RATE)
    with (
        provider(MODELS, LATENCY_S) as simulated,
        TemporaryDirectory() as directory,
        fresh_history() as engine,
    ):
        measures = {
            "paced": partial(sweep_seconds, engine, simulated.base_url, start_rate=START_RATE),
            "free": partial(sweep_seconds, engine, simulated.base_url, start_rate=UNPACED),
            "bare": partial(bare_seconds, simulated.base_url, MODELS, CONCURRENCY),
            "command": partial(_command_seconds, Path(directory), simulated.base_url),
        }
        found = medians(interleaved(scale.repeats, measures))
    what = f"sweep of {MODELS} models at 200 ms, concurrency {CONCURRENCY}"
    yield Figure(name=f"{what}: over its ideal of {ideal:.1f} s", value=found["paced"] / ideal, at_most=_MOST)
    yield Figure(
        name=f"the same, starts not paced: over its ideal of {by_concurrency:.1f} s",
        value=found["free"] / by_concurrency,
        at_most=_MOST,
    )
    yield Figure(
        name="the same by a bare httpx loop, nothing read or kept", value=found["bare"] / by_concurrency
    )
    started = found["command"] - found["paced"]
    yield Figure(name="the same by the command `monitor sweep`: start-up beside it", value=started, unit="s")


@contextmanager
def fresh_history() -> Iterator[Engine]:
    """Give an empty SQLite history that is thrown away."""
    with TemporaryDirectory() as directory:
        engine = open_engine(f"sqlite:///{directory}/monitor.db")
        prepare(engine)
        yield engine
        engine.dispose()


def sweep_seconds(
    engine: Engine, base_url: str, *, per_minute: float | None = None, start_rate: float = START_RATE
) -> float:
    """Sweep once, paced by starts a second or by requests a minute; returns the seconds it took."""
    target = _target(base_url, Pacer(per_minute, start_rate_per_s=start_rate))
    start = time.perf_counter()
    asyncio.run(_sweep(target, engine))
    return time.perf_counter() - start


def _target(base_url: str, pacer: Pacer) -> Target:
    return Target(
        provider="simulated",
        vantage="default",
        endpoint=Endpoint(base_url=base_url),
        policy=Policy(),
        pacer=pacer,
        concurrency=CONCURRENCY,
        timeout=timedelta(seconds=20),
        interval=timedelta(minutes=15),
    )


async def _sweep(target: Target, engine: Engine) -> None:
    swept = await sweep_provider(target, engine, now=utc_now)
    if swept is None or swept.decision.cause or len(swept.sweep.observations) != len(swept.sweep.listed):
        raise RuntimeError(
            f"the measured sweep did not look at every model: {swept and swept.decision.cause}"
        )


def _command_seconds(directory: Path, base_url: str) -> float:
    config = directory / "config.toml"
    config.write_text(_CONFIG.format(directory=directory, base_url=base_url, concurrency=CONCURRENCY))
    command = [sys.executable, "-m", "monitor", "--config", str(config), "sweep"]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
    return time.perf_counter() - start
