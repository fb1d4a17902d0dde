"""Jobs side by side."""

import asyncio
from collections.abc import Coroutine, Sequence


async def all_or_none(jobs: Sequence[Coroutine[None, None, None]]) -> None:
    """Run jobs side by side; the first error ends the others, then is raised as it is."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
