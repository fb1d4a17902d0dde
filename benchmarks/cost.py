"""What a probe costs this machine, beside a bare httpx loop and beside a Bash script with curl and jq."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from benchmarks.bare import bare_seconds
from benchmarks.figures import Figure, Scale, interleaved, medians
from benchmarks.provider import provider
from benchmarks.scripted import ask_one_by_one, missing_tools
from benchmarks.single import CONCURRENCY, fresh_history, sweep_seconds
from benchmarks.spent import Spent, spent_by_children, spent_here

_MODELS, _LATENCY_S = 200, 0.02
_MOST_CPU_OVER_SCRIPT, _MOST_TIME_OVER_SCRIPT = 0.25, 0.1


def cost(scale: Scale) -> Iterator[Figure]:
    """Compare a whole sweep (catalog, reading of answers, database) with the same requests made simply."""
    with provider(_MODELS, _LATENCY_S) as simulated, fresh_history() as engine:
        url = simulated.base_url
        measures: dict[str, Callable[[], Spent]] = {
            "sweep": partial(spent_here, partial(sweep_seconds, engine, url)),
            "httpx": partial(spent_here, partial(bare_seconds, url, _MODELS, CONCURRENCY)),
        }
        interleaved(1, measures)  # what this process does once only
        if not missing_tools():
            measures["Bash"] = partial(spent_by_children, partial(ask_one_by_one, url, _MODELS))
        found = interleaved(scale.repeats, measures)
    cpu = medians({name: [spent.cpu_s for spent in all_spent] for name, all_spent in found.items()})
    wall = medians({name: [spent.wall_s for spent in all_spent] for name, all_spent in found.items()})
    yield Figure(name="processor time of a probe in a sweep", value=_per_probe_ms(cpu["sweep"]), unit="ms")
    yield Figure(name="the same in a bare httpx loop", value=_per_probe_ms(cpu["httpx"]), unit="ms")
    yield Figure(name="the sweep's over the httpx loop's", value=cpu["sweep"] / cpu["httpx"])
    yield from _beside_script(cpu, wall)


def _beside_script(cpu: Mapping[str, float], wall: Mapping[str, float]) -> Iterator[Figure]:
    if missing := missing_tools():
        yield Figure(name=f"beside a Bash loop of curl and jq ({', '.join(missing)} is missing)", value=None)
        return
    yield Figure(
        name="processor time of a probe in a Bash loop of curl and jq",
        value=_per_probe_ms(cpu["Bash"]),
        unit="ms",
    )
    yield Figure(
        name="the sweep's over the Bash loop's",
        value=cpu["sweep"] / cpu["Bash"],
        at_most=_MOST_CPU_OVER_SCRIPT,
    )
    yield Figure(
        name=f"time of the sweep ({CONCURRENCY} at once, 20 ms) over the Bash loop's (no pauses)",
        value=wall["sweep"] / wall["Bash"],
        at_most=_MOST_TIME_OVER_SCRIPT,
    )


def _per_probe_ms(cpu_s: float) -> float:
    return cpu_s * 1000 / _MODELS
