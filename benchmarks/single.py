"""One sweep of a simulated provider, made in this process into a history that is thrown away."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from tempfile import TemporaryDirectory

from monitor.clock import utc_now
from monitor.core.domain.policy import Policy
from monitor.http import Endpoint
from monitor.probe.pacer import Pacer
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, open_engine
from monitor.sweep import Swept, Target, sweep_provider

CONCURRENCY = 32
UNPACED = 10_000.0  # starts a second


@contextmanager
def fresh_history() -> Iterator[Engine]:
    """Give an empty SQLite history that is thrown away."""
    with TemporaryDirectory() as directory:
        engine = open_engine(f"sqlite:///{directory}/monitor.db")
        prepare(engine)
        yield engine
        engine.dispose()


def aim(
    base_url: str,
    pacer: Pacer,
    *,
    concurrency: int = CONCURRENCY,
    timeout_s: float = 20.0,
    slow_timeout_s: float = 90.0,
) -> Target:
    """Return what to sweep and how; the interval is so long that no deadline is near."""
    return Target(
        provider="simulated",
        vantage="default",
        endpoint=Endpoint(base_url=base_url),
        policy=Policy(),
        pacer=pacer,
        concurrency=concurrency,
        timeout=timedelta(seconds=timeout_s),
        slow_timeout=timedelta(seconds=slow_timeout_s),
        interval=timedelta(minutes=15),
    )


def timed_sweep(target: Target, engine: Engine) -> tuple[Swept, float]:
    """Sweep once; returns what was swept and the seconds it took. Raises RuntimeError if it is incomplete."""
    start = time.perf_counter()
    swept = asyncio.run(sweep_provider(target, engine, now=utc_now))
    seconds = time.perf_counter() - start
    if swept is None or swept.decision.cause or len(swept.sweep.observations) != len(swept.sweep.listed):
        raise RuntimeError(
            f"the measured sweep did not look at every model: {swept and swept.decision.cause}"
        )
    return swept, seconds


def sweep_seconds(
    engine: Engine, base_url: str, *, per_minute: float | None = None, start_rate: float = UNPACED
) -> float:
    """Sweep once, paced by starts a second or by requests a minute; returns the seconds it took."""
    return timed_sweep(aim(base_url, Pacer(per_minute, start_rate_per_s=start_rate)), engine)[1]
