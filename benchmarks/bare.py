"""A bare httpx loop that sends the requests of a sweep and keeps nothing, to compare with."""

import asyncio
import time

from monitor.demo.stories import steady
from monitor.http import Client, Endpoint, open_client

_TIMEOUT_S = 20.0


def bare_seconds(base_url: str, models: int, concurrency: int) -> float:
    """Ask every model once, so many at a time; returns the seconds it took."""
    start = time.perf_counter()
    asyncio.run(_ask_all(Endpoint(base_url=base_url), models, concurrency))
    return time.perf_counter() - start


async def _ask_all(endpoint: Endpoint, models: int, concurrency: int) -> None:
    gate = asyncio.Semaphore(concurrency)
    async with open_client(endpoint) as client, asyncio.TaskGroup() as group:
        for model in steady(models).listed:
            group.create_task(ask(client, endpoint, model, gate))


async def ask(client: Client, endpoint: Endpoint, model: str, gate: asyncio.Semaphore) -> None:
    """Ask a model once, as a probe does, and read the answer."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16}
    async with gate:
        answer = await client.post(endpoint.url("/chat/completions"), json=body, timeout=_TIMEOUT_S)
        answer.json()
