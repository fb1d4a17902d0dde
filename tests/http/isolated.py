"""What tests/http/test_network.py runs in a network of its own: `python -m tests.http.isolated SCENE DIR`.

Each scene sets up devices, a name server and providers, sweeps through trouble and its end, and prints as
JSON what each sweep came to. The way out is a loopback with the address 10.9.0.9, and a pair of devices for
IPv6.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.core.domain.sweep import Observation
from monitor.demo import DemoServer, World
from monitor.http import Endpoint
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, open_engine
from monitor.sweep import ProgressListener, Swept, Target, sweep_provider
from tests.support import gateway as g
from tests.support.command import KEY
from tests.support.dns import Mood, name_server

HOST, FOUR, SIX, LOST_SIX = "api.provider.test", "10.9.0.9", "fd00:9::9", "fd00:9::bad"
MODELS = tuple(f"acme/model-{number}" for number in range(8))
RESOLV = Path("/etc/resolv.conf")
Row = dict[str, Any]


def do(command: str) -> None:
    """Set something up; what fails ends the scene."""
    subprocess.run(command.split(), check=True, capture_output=True)


class Scene:
    """A history, and sweeps of a provider whose name is looked up."""

    def __init__(self, directory: Path) -> None:
        self.engine: Engine = open_engine(f"sqlite:///{directory}/monitor.db")
        prepare(self.engine)
        self.resolv = directory / "resolv.conf"
        self.hour = 0
        self.aim = self.target()
        do("ip link set lo up")
        do(f"ip addr add {FOUR}/32 dev lo")
        self.resolve_by("127.0.0.1")
        do(f"mount --bind {self.resolv} {RESOLV}")

    def resolve_by(self, server: str) -> None:
        """Name the server in the resolver's file, as a new network does."""
        self.resolv.write_text(f"nameserver {server}\noptions timeout:1 attempts:1\n")

    def add_six(self) -> None:
        """Give this machine IPv6: one address that answers, and a network where others get lost."""
        do("ip link add a0 type veth peer name a1")
        do("ip link set a0 up")
        do("ip link set a1 up")
        do(f"ip -6 addr add {SIX}/64 dev a0 nodad")

    def target(self, port: int = 8000, timeout_s: float = 30.0) -> Target:
        return g.target(f"http://{HOST}:{port}/v1", timeout_s=timeout_s)

    async def sweep(self, progress: ProgressListener | None = None) -> Row:
        """Make one sweep; returns its end, and how many events of models there are by now."""
        self.hour += 1
        began = time.monotonic()
        swept: Swept | None = await sweep_provider(
            self.aim, self.engine, now=lambda: g.hours(self.hour), progress=progress
        )
        assert swept is not None
        return {
            "cause": swept.decision.cause,
            "detail": swept.sweep.detail,
            "moved": g.model_events(self.engine) - len(MODELS),
            "seconds": time.monotonic() - began,
            "answered": sum(each.outcome == "available" for each in swept.sweep.observations),
        }


@asynccontextmanager
async def provider(host: str = FOUR) -> AsyncIterator[DemoServer]:
    """Serve the models on the port that the scenes use."""
    async with DemoServer(World(listed=MODELS), api_key=KEY, host=host, port=8000) as server:
        yield server


async def names(scene: Scene) -> list[Row]:
    """Each way in which a name server fails, and back."""
    async with provider(), name_server({HOST: [FOUR]}) as server:
        rows = [await scene.sweep()]
        for mood in (Mood.NXDOMAIN, Mood.SERVFAIL, Mood.SILENT, Mood.OK):
            server.mood = mood
            rows.append(await scene.sweep())
    return rows


async def resolver(scene: Scene) -> list[Row]:
    """Move to a network with another name server, without a restart."""
    async with provider(), name_server({HOST: [FOUR]}, "127.0.0.2") as server:
        rows = [await scene.sweep()]
        scene.resolve_by("127.0.0.2")
        rows.append(await scene.sweep())
        assert server.queries
    return rows


async def six_only(scene: Scene) -> list[Row]:
    """Sweep a provider that has an IPv6 address alone."""
    scene.add_six()
    async with provider(SIX), name_server({HOST: [SIX]}):
        return [await scene.sweep()]


async def six_broken(scene: Scene) -> list[Row]:
    """Sweep a provider with both kinds of addresses, whose IPv6 leads nowhere."""
    scene.add_six()
    async with provider(), name_server({HOST: [LOST_SIX, FOUR]}):
        return [await scene.sweep(), await scene.sweep()]


async def offline(scene: Scene) -> list[Row]:
    """Lose the network in mid-sweep, for another sweep, and get it back."""
    scene.aim = replace(scene.target(timeout_s=2.0), concurrency=1)
    async with provider(), name_server({HOST: [FOUR]}):
        rows = [await scene.sweep()]
        left = 3

        def cut(_observation: Observation) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                do("ip link set lo down")

        rows.append(await scene.sweep(ProgressListener(on_observation=cut)))
        rows.append(await scene.sweep())
        do("ip link set lo up")
        do(f"ip addr replace {FOUR}/32 dev lo")
        rows.append(await scene.sweep())
    return rows


async def black_hole(scene: Scene) -> list[Row]:
    """Lose large packets on the way back, from two providers; then one of them is reached again."""
    other = DemoServer(World(listed=MODELS), api_key=KEY, host=FOUR, port=8001)
    aim = replace(scene.aim, interval=timedelta(seconds=60))
    known = {HOST: [FOUR], "other.test": [FOUR]}
    async with provider(), other, name_server(known):
        scene.aim = replace(aim, others=(Endpoint(base_url="http://other.test:8001/v1", api_key=KEY),))
        rows = [await scene.sweep()]
        large = "OUTPUT -p tcp -m length --length 400:65535 -j DROP"
        do(f"iptables -A {large}")
        rows.append(await scene.sweep())
        do(f"iptables -D {large}")
        rows.append(await scene.sweep())
    return rows


SCENES: dict[str, Callable[[Scene], Coroutine[Any, Any, list[Row]]]] = {
    "names": names,
    "resolver": resolver,
    "six_only": six_only,
    "six_broken": six_broken,
    "offline": offline,
    "black_hole": black_hole,
}


if __name__ == "__main__":
    result = asyncio.run(SCENES[sys.argv[1]](Scene(Path(sys.argv[2]))))
    sys.stdout.write(json.dumps(result) + "\n")
