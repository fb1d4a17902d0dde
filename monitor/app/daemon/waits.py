"""What a daemon waits for at its edges: a server that is up, a stop passed on, a lock that is free."""

import asyncio
from asyncio import to_thread
from contextlib import suppress

from monitor.errors import StoreError
from monitor.process.stop import Stop
from monitor.store.connection.locks import Lock


async def release(lock: Lock) -> None:
    """Give a lock up, as far as its database answers."""
    with suppress(StoreError):
        await to_thread(lock.release)


async def pass_on(asked: Stop, until: Stop) -> None:
    """Ask to stop once the other is asked, and hurry once it is hurried."""
    await asked.asked.wait()
    until.ask()
    await asked.hurried.wait()
    until.ask()


async def first_of(serving: asyncio.Task[None], is_up: asyncio.Event) -> None:
    """Wait until a server is up, or has ended."""
    up = asyncio.create_task(is_up.wait())
    await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
