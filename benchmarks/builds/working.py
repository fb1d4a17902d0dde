"""Two builds at work: commands, the writing of a sweep, daemons that sweep or have nothing to do."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.builds.build import CPU, PEAK, RSS, WALL, Build, Costs, Running
from benchmarks.builds.compared import Pair, figures, in_turns
from benchmarks.figures import Figure

_WORKER = Path(__file__).with_name("worker.py")
_IDLE_S = 60.0
_INTERVAL_S, _A_DAY_S = 10, 86_400
_CONFIG = """
[database]
url = "{url}"
[schedule]
interval = "{interval_s}s"
[web]
listen = "127.0.0.1:0"
[[providers]]
name = "simulated"
base_url = "{base_url}"
concurrency = 32
starts_per_second = 1000
"""

UrlOf = Callable[[Build, str], str]
"""Gives the address of a new database of a build, by a name."""


def config(build: Build, url: str, base_url: str, interval_s: int = _A_DAY_S) -> str:
    """Write a configuration into the build's directory; returns its path."""
    file = build.directory / f"{len(list(build.directory.iterdir()))}.toml"
    file.write_text(_CONFIG.format(url=url, base_url=base_url, interval_s=interval_s))
    return str(file)


def commands(pair: Pair, repeats: int, url_of: UrlOf, base_url: str) -> Iterator[Figure]:
    """Compare commands that do next to nothing, a whole `monitor sweep`, and the start of the daemon."""
    files = {build: config(build, url_of(build, "commands"), base_url) for build in pair}
    for build in pair:
        _command(files, ["sweep"], build)
    for words in (["--version"], ["status"], ["sweep"]):
        yield from figures(f"`monitor {words[0]}`", in_turns(pair, repeats, partial(_command, files, words)))
    rounds = in_turns(pair, repeats, partial(_start, files))
    yield from figures("`monitor run` until it listens", rounds)


def _command(files: dict[Build, str], words: list[str], build: Build) -> Costs:
    return build.run("-m", "monitor", "--config", files[build], *words)


def _start(files: dict[Build, str], build: Build) -> Costs:
    start = time.perf_counter()
    with build.running("-m", "monitor", "--config", files[build], "run") as process:
        process.line_with("status page: ")
        return {WALL: time.perf_counter() - start, CPU: process.cpu_s}


def writing(pair: Pair, repeats: int, case: str, url_of: UrlOf) -> Iterator[Figure]:
    """Compare how a sweep of 200 models is recorded, again and again in one process of each build."""
    with ExitStack() as stack:
        workers = {
            build: stack.enter_context(build.running(str(_WORKER), url_of(build, case))) for build in pair
        }
        yield from figures(case, in_turns(pair, repeats, lambda build: _done(workers[build])))


def _done(worker: Running) -> Costs:
    worker.write("again")
    costs: Costs = json.loads(worker.line_with(f'"{CPU}"'))
    return costs


def daemons(pair: Pair, slots: int, case: str, url_of: UrlOf, base_url: str) -> Iterator[Figure]:
    """Compare daemons by what each slot takes, and by their memory after all of them.

    Both sweep at the same slots: what disturbs one disturbs the other.
    """
    with ExitStack() as stack:
        both = _both(
            stack, pair, {build: config(build, url_of(build, case), base_url, _INTERVAL_S) for build in pair}
        )
        used = [process.cpu_s for process in both]
        rounds = list[tuple[Costs, Costs]]()
        for _ in range(slots + 1):
            lines = [process.line_with("sweep_finished") for process in both]
            costs = [_slot(*each) for each in zip(both, lines, used, strict=True)]
            used = [process.cpu_s for process in both]
            rounds.append((costs[0], costs[1]))
        yield from figures(case, rounds[1:])


def _slot(process: Running, line: str, used_s: float) -> Costs:
    return {
        WALL: float(line.partition(" seconds=")[2].split()[0]),
        CPU: process.cpu_s - used_s,
        PEAK: process.memory_mb("VmHWM"),
        RSS: process.memory_mb("VmRSS"),
    }


def idle(pair: Pair, case: str, url_of: UrlOf, base_url: str) -> Iterator[Figure]:
    """Compare what a minute takes in which there is nothing to do."""
    with ExitStack() as stack:
        both = _both(stack, pair, {build: config(build, url_of(build, case), base_url) for build in pair})
        time.sleep(_IDLE_S / 10)  # what follows the first sweep
        used = [process.cpu_s for process in both]
        time.sleep(_IDLE_S)
        before, now = ({CPU: process.cpu_s - start} for process, start in zip(both, used, strict=True))
        yield from figures(case, [(before, now)])


def _both(stack: ExitStack, pair: Pair, files: dict[Build, str]) -> list[Running]:
    """Start both daemons; they have made their first sweep."""
    both = [
        stack.enter_context(build.running("-m", "monitor", "--config", files[build], "run")) for build in pair
    ]
    for process in both:
        process.line_with("sweep_finished")
    return both
