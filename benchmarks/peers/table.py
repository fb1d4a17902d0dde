"""Monitors beside each other: the same models, the same time; ratios of what a check costs."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.builds.build import Build
from benchmarks.figures import Figure, Scale
from benchmarks.peers import blackbox
from benchmarks.peers.looked_at import Watched, Watching, wait_until_middle
from benchmarks.peers.settings import arguments
from benchmarks.peers.upstream import Upstream, upstream
from benchmarks.process import ROOT, can_look
from monitor.demo.stories import steady
from tests.support.tls import AUTHORITY

_MODELS, _LATENCY_S, _INTERVAL_S = 189, 0.02, 20
_INTERVALS, _INTERVALS_QUICK = 6, 2
_VARIABLES = {"SSL_CERT_FILE": str(AUTHORITY)}
_CONCURRENCY, _RATE = 32, 100
_OURS, _BEFORE, _BARE, _BLACKBOX = "monitor", "monitor, the other build", "bare loop", "blackbox_exporter"
_TARGETS = {
    (_BEFORE, "https", "processor"): 0.40,
    (_BARE, "http", "processor"): 1.35,
    (_BARE, "https", "processor"): 1.35,
}


def peers(scale: Scale) -> Iterator[Figure]:
    """Let all of them watch 189 models every 20 s, over HTTP and then over HTTPS."""
    if not can_look():
        yield Figure(name="monitors beside each other: this system has no /proc", value=None)
        return
    for name, is_there in ((_BEFORE, scale.against), (_BLACKBOX, blackbox.found())):
        if not is_there:
            yield Figure(name=f"{name}: none is at hand (docs/performance.md)", value=None)
    for scheme in ("http", "https"):
        with TemporaryDirectory() as directory:
            seen = _watching(scale, Path(directory), scheme)
        yield from _figures(seen, scheme)


def _watching(scale: Scale, directory: Path, scheme: str) -> dict[str, Watching]:
    """Start all, let each make a first round, and look at them for some intervals."""
    with ExitStack() as stack:
        watched = dict(_started(stack, scale, directory, scheme))
        time.sleep(_INTERVAL_S)
        wait_until_middle(_INTERVAL_S)
        begun = {name: Watched(pid, own) for name, (pid, own) in watched.items()}
        time.sleep(_INTERVAL_S * (_INTERVALS_QUICK if scale.is_quick else _INTERVALS))
        return {name: process.result(_INTERVAL_S) for name, process in begun.items()}


def _started(
    stack: ExitStack, scale: Scale, directory: Path, scheme: str
) -> Iterator[tuple[str, tuple[int, Upstream]]]:
    """Start each watcher with an upstream of its own; gives them by name."""
    roots = {_OURS: ROOT, _BEFORE: scale.against, _BARE: ROOT, _BLACKBOX: ROOT if blackbox.found() else None}
    for number, (name, root) in enumerate(roots.items()):
        if root is None:
            continue
        own = directory / str(number)
        own.mkdir()
        watched = stack.enter_context(upstream(_MODELS, _LATENCY_S, scheme))
        build = Build(name=name, root=root.resolve(), directory=own, variables=_VARIABLES)
        if name == _BLACKBOX:
            models = list(steady(_MODELS).listed)
            pid = stack.enter_context(blackbox.blackbox(own, watched.address, models, _INTERVAL_S))
        else:
            pid = stack.enter_context(build.running(*_words(name, own, watched.address))).pid
        yield name, (pid, watched)


def _words(name: str, directory: Path, address: str) -> tuple[str, ...]:
    if name == _BARE:
        return ("-m", "benchmarks.peers.bare", address, str(_MODELS), str(_INTERVAL_S))
    return arguments(directory, address, _INTERVAL_S, concurrency=_CONCURRENCY, rate=_RATE)


def _figures(seen: Mapping[str, Watching], scheme: str) -> Iterator[Figure]:
    ours = seen[_OURS]
    expected = {name: f"{watching.checks} checks" for name, watching in seen.items()}
    for name, watching in seen.items():
        what = f"{scheme}, {name}, {expected[name]}"
        yield Figure(name=f"{what}: processor time of a check", value=watching.cpu_ms, unit="ms")
        yield Figure(name=f"{what}: memory", value=watching.memory_mb, unit="MB")
        yield Figure(name=f"{what}: written a check", value=watching.written / 1000, unit="kB")
        yield Figure(name=f"{what}: gaps off the interval, 95 %", value=watching.uneven_ms, unit="ms")
    for name, watching in seen.items():
        if name != _OURS:
            yield from _ratios(scheme, name, ours, watching)


def _ratios(scheme: str, name: str, ours: Watching, other: Watching) -> Iterator[Figure]:
    pairs = {
        "processor": (ours.cpu_ms, other.cpu_ms),
        "memory": (ours.memory_mb, other.memory_mb),
        "written": (ours.written, other.written),
    }
    for what, (one, two) in pairs.items():
        if two:
            yield Figure(
                name=f"{scheme}, {what}: ours over {name}",
                value=one / two,
                at_most=_TARGETS.get((name, scheme, what)),
            )
