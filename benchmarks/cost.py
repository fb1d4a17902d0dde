"""What a probe costs this machine, beside a bare httpx loop that sends the same requests."""

import time
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.bare import bare_seconds
from benchmarks.figures import Figure, Scale, interleaved, medians
from benchmarks.provider import provider
from benchmarks.sweeping import CONCURRENCY, MODELS, UNPACED, fresh_history, sweep_seconds

_LATENCY_S = 0.02


def cost(scale: Scale) -> Iterator[Figure]:
    """Compare the processor time of a whole sweep (catalog, reading of answers, database) per probe."""
    with provider(MODELS, _LATENCY_S) as simulated, fresh_history() as engine:
        url = simulated.base_url
        swept = partial(sweep_seconds, engine, url, start_rate=UNPACED)
        bare = partial(bare_seconds, url, MODELS, CONCURRENCY)
        measures = {"sweep": partial(_cpu_seconds, swept), "bare": partial(_cpu_seconds, bare)}
        interleaved(1, measures)
        found = medians(interleaved(scale.repeats, measures))
    yield Figure(name="processor time of a probe in a sweep", value=found["sweep"] * 1000 / MODELS, unit="ms")
    yield Figure(name="the same over a bare httpx loop's", value=found["sweep"] / found["bare"])


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
