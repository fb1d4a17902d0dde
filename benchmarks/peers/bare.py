"""A bare loop of the HTTP library in use, with kept connections: nothing is read, decided or stored.

`python -m benchmarks.peers.bare ADDRESS MODELS INTERVAL_S` asks every model once in each interval, for ever.
"""

import asyncio
import sys

from benchmarks.bare import ask
from monitor.clock import utc_now
from monitor.demo.stories import steady
from monitor.http import Endpoint, open_client

CONCURRENCY = 32


async def _watch(address: str, models: int, interval_s: float) -> None:
    names, endpoint = steady(models).listed, Endpoint(base_url=f"{address}/v1")
    async with open_client(endpoint) as client:
        gate = asyncio.Semaphore(CONCURRENCY)
        while True:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(ask(client, endpoint, name, gate))
            await asyncio.sleep(interval_s - utc_now().timestamp() % interval_s)


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
