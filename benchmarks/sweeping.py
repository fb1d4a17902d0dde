"""How long a sweep takes, database included, over the ideal of its own settings."""

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bare import bare_seconds
from benchmarks.figures import Figure, Scale, interleaved, medians
from benchmarks.process import ENVIRONMENT, ROOT
from benchmarks.provider import provider
from benchmarks.single import CONCURRENCY, fresh_history, sweep_seconds

MODELS, LATENCY_S, START_RATE = 200, 0.2, 100.0
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
            "free": partial(sweep_seconds, engine, simulated.base_url),
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


def _command_seconds(directory: Path, base_url: str) -> float:
    config = directory / "config.toml"
    config.write_text(_CONFIG.format(directory=directory, base_url=base_url, concurrency=CONCURRENCY))
    command = [sys.executable, "-m", "monitor", "--config", str(config), "sweep"]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT, cwd=ROOT)  # noqa: S603 - ours
    return time.perf_counter() - start
