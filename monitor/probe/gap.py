"""The least time between two requests to the same model, where a provider punishes less."""

import asyncio
from collections.abc import Awaitable, Callable


class Gap:
    """Keeps `seconds` between the end of one request to a model and the start of the next; 0 keeps nothing.

    `now` is a monotonic clock in seconds, by default the running loop's.
    """

    def __init__(
        self,
        seconds: float = 0.0,
        *,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._seconds = seconds
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._sleep = sleep
        self._free_at: dict[str, float] = {}

    async def wait(self, model: str) -> None:
        """Wait until the model may be asked."""
        # a loop: a request that ended meanwhile moves the moment
        while (wait_s := self._free_at.get(model, float("-inf")) - self._now()) > 0:
            await self._sleep(wait_s)

    async def claim(self, model: str) -> None:
        """Wait until the model may be asked, and let no other request go to it meanwhile."""
        await self.wait(model)
        self.note_request(model)

    def note_request(self, model: str, seconds_ago: float = 0.0) -> None:
        """Note that a request to the model ended so long ago; a later one stands."""
        if self._seconds > 0:
            free_at = self._now() - seconds_ago + self._seconds
            # max: an older request that ends late must not shorten the gap
            self._free_at[model] = max(self._free_at.get(model, free_at), free_at)
