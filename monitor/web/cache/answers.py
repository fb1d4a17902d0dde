"""The one cache of the web server: each answer is made once for each state of what it shows."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, TypeVar

from cachetools import LRUCache
from fastapi import Request, Response

from monitor.errors import StoreUnavailable
from monitor.web.cache.flights import Flights
from monitor.web.cache.kept_answer import KeptAnswer, answer
from monitor.web.cache.workers import Workers

T = TypeVar("T")

_MOST_BYTES: Final = 16 * 1024 * 1024
_PATIENCE_SECONDS: Final = 10.0  # for the history; who asks over HTTP gives up soon
_SETTLE_SECONDS: Final = 2.0
_LOOKING, _MAKING = 2, 2  # threads; those of a sweep are others, but the interpreter's lock is one


class AnswerCache:
    """Answers as they were last made, each with the state it was made from; the least used makes room.

    It belongs to one loop. Looking at the history and making answers happen in threads, each made once
    for all who ask at one moment.
    """

    def __init__(self) -> None:
        self._kept = LRUCache[Hashable, tuple[str, KeptAnswer]](
            _MOST_BYTES, getsizeof=lambda kept: kept[1].size
        )
        self._lookers, self._makers = Workers("look", _LOOKING), Workers("render", _MAKING)
        self._looks, self._makings = Flights(), Flights()

    async def answer(
        self, request: Request, key: Hashable, state_of: Callable[[], object], make: Callable[[], KeptAnswer]
    ) -> Response:
        """Answer with what is kept for `key`, made again where its state differs from the last time.

        `state_of` returns values whose `repr` differs whenever the answer may. It is called for each
        request, in a thread as `make` is; their errors are raised here. Raises StoreUnavailable where either
        takes too long, HTTPException where too many wait.
        """
        return answer(request, await _patiently(self._body(key, state_of, make)))

    async def read(self, key: Hashable, act: Callable[[], T]) -> T:
        """Return what `act` returns now, called in a thread once for all who ask at one moment.

        Raises as `answer`.
        """
        return await _patiently(self._looks.fresh(key, lambda: _awaited(self._lookers, act)))

    async def settle(self) -> None:
        """Wait a moment for what is under way, so that the history can be closed."""
        for workers in (self._lookers, self._makers):
            await workers.settle(_SETTLE_SECONDS)

    async def _body(
        self, key: Hashable, state_of: Callable[[], object], make: Callable[[], KeptAnswer]
    ) -> KeptAnswer:
        state = await self._looks.fresh(key, lambda: _awaited(self._lookers, lambda: repr(state_of())))
        kept = self._kept.get(key)
        if kept is not None and kept[0] == state:
            return kept[1]
        return await self._makings.joined((key, state), lambda: self._made(key, state, make))

    async def _made(self, key: Hashable, state: str, make: Callable[[], KeptAnswer]) -> KeptAnswer:
        body = await self._makers.run(lambda: make().prepared())
        if body.size <= _MOST_BYTES:
            self._kept[key] = (state, body)
        return body


async def _patiently(call: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await call
    except TimeoutError:
        raise StoreUnavailable(
            f"the database did not answer within {_PATIENCE_SECONDS:.0f} s: the question is given up"
        ) from None


async def _awaited(workers: Workers, act: Callable[[], T]) -> T:
    return await workers.run(act)
