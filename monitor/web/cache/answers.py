"""The one cache of the web server: each answer is made once for each state of what it shows."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from cachetools import LRUCache
from fastapi import Request, Response

from monitor.clock import Clock, utc_now
from monitor.errors import StoreError, StoreUnavailable
from monitor.web.cache.flights import Flights
from monitor.web.cache.kept_answer import KeptAnswer, answer
from monitor.web.cache.workers import Workers

T = TypeVar("T")
WhyOld = Callable[[StoreError, datetime], str]
"""Says why an answer cannot be made again, and as of which moment the old one is."""
Within = Callable[[], AbstractContextManager[None]]

_MOST_BYTES: Final = 16 * 1024 * 1024
_PATIENCE_SECONDS: Final = 10.0  # for the history; who asks over HTTP gives up soon
_HANGING_PATIENCE_SECONDS: Final = 1.0  # where it did not answer the last time, and an old answer is there
_SETTLE_SECONDS: Final = 2.0
_LOOKING, _MAKING = 2, 2  # threads; those of a sweep are others, but the interpreter's lock is one
_OLD: Final = 64  # answers marked as old; for some seconds all readers get the same one


@dataclass(slots=True)
class _Kept:
    """An answer, the state it was made from, and when that was last seen."""

    state: str
    body: KeptAnswer
    current_at: datetime


class AnswerCache:
    """Answers as they were last made, each with the state it was made from; the least used makes room.

    It belongs to one loop. Looking at the history and making answers happen in threads, each made once
    for all who ask at one moment, each within a block of `within`. While the history cannot be read, the last
    answer says so by `why_old`.
    """

    def __init__(
        self, *, now: Clock = utc_now, why_old: WhyOld | None = None, within: Within = nullcontext
    ) -> None:
        self._within = within
        self._now, self._why_old = now, why_old or (lambda error, _as_of: str(error))
        self._kept = LRUCache[Hashable, _Kept](_MOST_BYTES, getsizeof=lambda kept: kept.body.size)
        self._old = LRUCache[Hashable, tuple[str, KeptAnswer]](_OLD)
        self._lookers, self._makers = Workers("look", _LOOKING), Workers("render", _MAKING)
        self._looks, self._makings = Flights(), Flights()
        self._hangs = False

    async def answer(
        self, request: Request, key: Hashable, state_of: Callable[[], object], make: Callable[[], KeptAnswer]
    ) -> Response:
        """Answer with what is kept for `key`, made again where its state differs from the last time.

        `state_of` returns values whose `repr` differs whenever the answer may. It is called for each
        request, in a thread as `make` is; their errors are raised here, but for a StoreError where an answer
        is kept: that one is given, marked as old. Raises StoreUnavailable where either takes too long,
        HTTPException where too many wait.
        """
        patience_s = _HANGING_PATIENCE_SECONDS if self._hangs and key in self._kept else _PATIENCE_SECONDS
        try:
            return answer(request, await self._patiently(self._body(key, state_of, make), patience_s))
        except StoreError as error:
            kept = self._kept.get(key)
            if kept is None:
                raise
            return answer(request, self._marked(key, kept, error), age=self._now() - kept.current_at)

    async def read(self, key: Hashable, act: Callable[[], T]) -> T:
        """Return what `act` returns now, called in a thread once for all who ask at one moment.

        Raises as `answer`.
        """
        look = self._looks.fresh(key, lambda: _awaited(self._lookers, act))
        return await self._patiently(look, _PATIENCE_SECONDS)

    async def settle(self) -> None:
        """Wait a moment for what is under way, so that the history can be closed."""
        for workers in (self._lookers, self._makers):
            await workers.settle(_SETTLE_SECONDS)

    async def _body(
        self, key: Hashable, state_of: Callable[[], object], make: Callable[[], KeptAnswer]
    ) -> KeptAnswer:
        state = await self._looks.fresh(key, lambda: self._looked(state_of))
        kept = self._kept.get(key)
        if kept is not None and kept.state == state:
            kept.current_at = self._now()
            return kept.body
        return await self._makings.joined((key, state), lambda: self._made(key, state, make))

    async def _looked(self, state_of: Callable[[], object]) -> str:
        state = await self._lookers.run(partial(self._inside, lambda: repr(state_of())))
        self._hangs = False  # also where its reader has given up
        return state

    async def _made(self, key: Hashable, state: str, make: Callable[[], KeptAnswer]) -> KeptAnswer:
        looked_at = self._now()
        body = await self._makers.run(lambda: self._inside(make).prepared())
        if body.size <= _MOST_BYTES:
            self._kept[key] = _Kept(state, body, looked_at)
        return body

    def _inside(self, act: Callable[[], T]) -> T:
        with self._within():
            return act()

    def _marked(self, key: Hashable, kept: _Kept, error: StoreError) -> KeptAnswer:
        """Return a kept answer as one that says how old it is and why."""
        words = self._why_old(error, kept.current_at)
        old = self._old.get(key)
        if old is None or old[0] != words:
            old = self._old[key] = (words, kept.body.marked_as_old(words))
        return old[1]

    async def _patiently(self, call: Awaitable[T], patience_s: float) -> T:
        try:
            async with asyncio.timeout(patience_s):
                return await call
        except TimeoutError:
            self._hangs = True
            raise StoreUnavailable(
                f"the database did not answer within {patience_s:.0f} s: the question is given up"
            ) from None


async def _awaited(workers: Workers, act: Callable[[], T]) -> T:
    return await workers.run(act)
