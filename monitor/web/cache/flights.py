"""Calls that several wait for are made once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
Start = Callable[[], Coroutine[Any, Any, T]]


class Flights:
    """The calls under way, by key. They go on where those who wait for them give up."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def joined(self, key: Hashable, start: Start[T]) -> T:
        """Return what the call under way with this key returns, or that of a new one."""
        task: asyncio.Task[T] = self._running.get(key) or self._begin(key, start())
        return await asyncio.shield(task)

    async def fresh(self, key: Hashable, start: Start[T]) -> T:
        """Return what a call gives that begins after this moment: of all who come while one runs the next."""
        task: asyncio.Task[T] | None = self._next.get(key)
        if task is None:
            running = self._running.get(key)
            task = self._begin(key, start()) if running is None else self._queue(key, running, start)
        return await asyncio.shield(task)

    def _queue(self, key: Hashable, running: "asyncio.Task[Any]", start: Start[T]) -> "asyncio.Task[T]":
        task = self._next[key] = asyncio.create_task(self._after(key, running, start))
        task.add_done_callback(_retrieve)
        return task

    def _begin(self, key: Hashable, call: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = self._running[key] = asyncio.create_task(call)
        task.add_done_callback(lambda _task: self._end(key, task))
        return task

    def _end(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        _retrieve(task)
        if self._running.get(key) is task:
            del self._running[key]

    async def _after(self, key: Hashable, running: "asyncio.Task[Any]", start: Start[T]) -> T:
        await asyncio.wait({running})
        del self._next[key]
        return await self._begin(key, start())


def _retrieve(task: "asyncio.Task[Any]") -> None:
    """Look at the error of a call that all have given up, which asyncio would log."""
    if not task.cancelled():
        task.exception()
