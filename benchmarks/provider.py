"""The simulated provider as a process of its own, so that its work does not count in the figures.

`python -m benchmarks.provider MODELS LATENCY_S HANGING LIMITED` prints its base URL. For every line on stdin
it prints when the requests so far came, as a JSON list of seconds; it ends with stdin.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from benchmarks.process import ROOT
from monitor.demo import DemoServer, World
from monitor.demo.stories import steady

_AN_HOUR = "too_many_requests_wait:3600"


class Provider:
    """The running process as its starter sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.base_url = self._said()

    def arrivals(self) -> list[float]:
        """Return when each request reached the server, in seconds of its own clock, oldest first."""
        if self._process.stdin is None:
            return []
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return sorted(float(moment) for moment in json.loads(self._said()))

    def _said(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(
                "the simulated provider did not start; try `python -m benchmarks.provider 5 0 0 0`"
            )
        return line.strip()


@contextmanager
def provider(models: int, latency_s: float, *, hanging: int = 0, limited: int = 0) -> Iterator[Provider]:
    """Run a provider of so many models that answer after `latency_s` seconds, or never, or with a limit."""
    counts = [str(models), str(latency_s), str(hanging), str(limited)]
    command = [sys.executable, "-m", "benchmarks.provider", *counts]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield Provider(process)
        finally:
            process.terminate()


async def _serve(world: World, latency_s: float) -> None:
    async with DemoServer(world, latency_s=latency_s) as server:
        _say(server.base_url)
        while await asyncio.to_thread(sys.stdin.readline):
            _say(json.dumps([request.at_s for request in server.requests]))


def _world(models: int, hanging: int, limited: int) -> World:
    """Return a steady world where some models hang, spread evenly, and the first are limited for an hour."""
    world = steady(models)
    step = models // hanging if hanging else models
    hang = dict.fromkeys(world.listed[::step][:hanging], "hang")
    return replace(world, behaviours=dict.fromkeys(world.listed[:limited], _AN_HOUR) | hang)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(_world(int(sys.argv[1]), *map(int, sys.argv[3:])), float(sys.argv[2])))
