"""The provider of a story: it knows what it has answered, turns the chapters, and can be away or slow."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count, islice

from monitor.demo import DemoServer
from monitor.demo.answers import CannedAnswer
from monitor.demo.behaviours import BEHAVIOURS, METADATA
from tests.soak.paired.story import STEADY, SWEEPS_OF_A_CHAPTER, Chapter, Story
from tests.support.command import KEY

LATENCY_S = 0.15
SLOW_S = 0.6


@dataclass(frozen=True)
class Ending:
    """How a sweep ended: its cause, None for a conclusive one, and how many of its outcomes are unknown."""

    cause: str | None
    unknown: int


@dataclass
class Attempt:
    """What was read and asked from one reading of the catalog to the next: one sweep, whole or cut.

    `answers` are the serial numbers that a model's answers carried, 0 for none, and when they were sent.
    """

    chapter: int
    begun_at: float
    answers: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))


class Provider(DemoServer):
    """Answers by the chapter at hand; a steady model's answers carry a serial number as `model`.

    The story goes on at a reading of the catalog, once `endings` tells of enough sweeps that saw all of
    the chapter. So a sweep that was lost, cut or blamed on a fault is made again before the world moves.
    """

    def __init__(self, story: Story, *, latency_s: float) -> None:
        super().__init__(story.chapter(0).world, latency_s=latency_s, api_key=KEY)
        self._story = story
        self.endings: Callable[[], Iterable[Ending]] = tuple
        self.number, self._whole = 0, 0
        self.attempts: list[Attempt] = []
        self.cut_at: list[float] = []
        self._serials = count(1)
        self._in_hand: dict[asyncio.Task[None] | None, tuple[str, int]] = {}
        self._listing: set[asyncio.Task[None] | None] = set()

    @property
    def chapter(self) -> Chapter:
        """What is played now."""
        return self._story.chapter(self.number)

    def refuse(self) -> None:
        """Refuse connections, after cutting those that are open."""
        if self._server:
            self._server.close()
        self._cut(self._connections - self._listing)

    async def accept(self) -> None:
        """Take connections again."""
        await self.__aenter__()

    def cut_one(self) -> None:
        """Cut a connection on which a model is asked."""
        self._cut(islice(self._in_hand, 1))

    def _cut(self, connections: Iterable[asyncio.Task[None] | None]) -> None:
        """Cut connections; one that reads the catalog is left: its loss would be the provider's outage."""
        self.cut_at.append(time.monotonic())
        for task in connections:
            if task:
                task.cancel()

    def _read(self, endpoint: str, query: object) -> CannedAnswer:
        if endpoint == METADATA:
            self._listing.add(asyncio.current_task())
            self._begin()
        return super()._read(endpoint, query)  # type: ignore[arg-type]

    def _begin(self) -> None:
        """Begin an attempt, in the next chapter if this one was swept often enough."""
        if self.attempts:
            self._whole += sum(map(self._is_whole, self.endings()))
        if self._whole >= SWEEPS_OF_A_CHAPTER:
            self.number, self._whole = self.number + 1, 0
            self.set_world(self.chapter.world)
        self.attempts.append(Attempt(self.number, time.monotonic()))

    def _is_whole(self, ending: Ending) -> bool:
        chapter, attempt = self.chapter, self.attempts[-1]
        if chapter.cause:
            return ending.cause == chapter.cause
        has_all = set(chapter.world.listed) - chapter.ended <= set(attempt.answers)
        return ending.cause is None and has_all and ending.unknown <= len(chapter.ended)

    def _probe(self, endpoint: str, model: str | None, body: object) -> CannedAnswer:
        answer, serial = super()._probe(endpoint, model, body), 0  # type: ignore[arg-type]
        if model in STEADY and answer.status == 200:
            serial = next(self._serials)
            named = BEHAVIOURS["served_as"].chat
            assert named
            answer = named.filled(model, f"serial-{serial}")
        if model is not None:
            self._in_hand[asyncio.current_task()] = (model, serial)
        return answer

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            goes_on = await super()._exchange(reader, writer)
            if answered := self._in_hand.get(asyncio.current_task()):
                model, serial = answered
                self.attempts[-1].answers[model].append((serial, time.monotonic()))
        finally:
            self._in_hand.pop(asyncio.current_task(), None)
            self._listing.discard(asyncio.current_task())
        return goes_on
