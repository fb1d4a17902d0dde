"""A provider on loopback for the tests, in a thread with a loop of its own, and sweeps of it in this process.

Nothing here stands for something else: a real server, real sweeps, a real database. Whatever is waited for is
waited for with a bound.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, text

from monitor.clock import utc_now
from monitor.core.domain.policy import Policy
from monitor.core.history.rows import SweepRow
from monitor.demo import Change, DemoServer, Request, Script, World
from monitor.demo.answers import ACCOUNT
from monitor.http import Endpoint
from monitor.probe.pacer import Pacer
from monitor.store.connection.engine import reading, writing
from monitor.store.query import sweeps
from monitor.store.schema import metadata
from monitor.sweep import Swept, Target, sweep_provider
from tests.support.command import KEY, PROVIDER
from tests.support.process import WAIT_S

__all__ = [
    "ACCOUNT",
    "ON_POSTGRES",
    "ON_SQLITE",
    "Gateway",
    "gateway",
    "target",
]

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)

# For what no database can change: once is enough, and a SQLite file is quickest.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

T = TypeVar("T")


class Gateway:
    """A running DemoServer, spoken to from another thread."""

    def __init__(self, server: DemoServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server, self._loop = server, loop

    @property
    def base_url(self) -> str:
        """The address to configure."""
        return self.server.base_url

    @property
    def world(self) -> World:
        """What it plays now."""
        return self.server.world

    @property
    def requests(self) -> list[Request]:
        """Every request so far."""
        return self.call(lambda: list(self.server.requests))

    @property
    def probes(self) -> list[Request]:
        """Every request so far that asked a model."""
        return [each for each in self.requests if each.method == "POST"]

    def forget(self) -> None:
        """Forget the requests so far."""
        self.call(self.server.requests.clear)

    def show(self, world: World) -> None:
        """Play another world from the next request on."""
        self.call(lambda: self.server.set_world(world))

    def change(self, *changes: Change) -> None:
        """Play the same world with these changes."""
        world = self.world
        for change in changes:
            world = change.apply(world)
        self.show(world)

    def step(self, number: int) -> None:
        """Play the script's world at a step."""
        self.call(lambda: self.server.step(number))

    def call(self, act: Callable[[], T]) -> T:
        """Do something in the server's loop."""

        async def call() -> T:
            return act()

        return self.run(call)

    def run(self, act: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function in the server's loop to its end."""
        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(WAIT_S)


@contextmanager
def gateway(
    plays: World | Script,
    *,
    latency_s: float = 0.0,
    moves_itself: bool = False,
    api_key: str | None = KEY,
    port: int = 0,
) -> Iterator[Gateway]:
    """Serve a world or a script as DemoServer does, by default to who has the key."""
    server = DemoServer(plays, latency_s=latency_s, moves_itself=moves_itself, api_key=api_key, port=port)
    with running(server) as there:
        yield there


@contextmanager
def running(server: DemoServer) -> Iterator[Gateway]:
    """Let a server run in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(WAIT_S)
    try:
        yield Gateway(server, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(WAIT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        loop.close()


async def _end(server: DemoServer) -> None:
    await server.__aexit__(None, None, None)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # an aborted connection is closed by the loop's next turn


def closed_port() -> int:
    """Return a port of loopback where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


# ---- Sweeps in this process ------------------------------------------------------------


def target(
    base_url: str,
    *,
    key: str | None = KEY,
    policy: Policy | None = None,
    concurrency: int = 32,
    timeout_s: float = 30.0,
    slow_timeout_s: float | None = None,
    interval_s: float = 900.0,
    requests_per_minute: float | None = None,
    starts_per_second: float = 5000.0,
) -> Target:
    """Return a target on a server of this process, asked as fast as it can and waited for patiently."""
    return Target(
        provider=PROVIDER,
        vantage="default",
        endpoint=Endpoint(base_url=base_url, api_key=key),
        policy=policy or Policy(),
        pacer=Pacer(requests_per_minute, start_rate_per_s=starts_per_second),
        concurrency=concurrency,
        timeout=timedelta(seconds=timeout_s),
        slow_timeout=timedelta(seconds=slow_timeout_s or timeout_s * 1.2),
        interval=timedelta(seconds=interval_s),
    )


def sweep(aim: Target, engine: Engine, at: datetime | None = None) -> Swept:
    """Make one sweep that begins, as far as the history knows, at this moment (None: now)."""

    async def run() -> Swept:
        swept = await asyncio.wait_for(sweep_provider(aim, engine, now=lambda: at or utc_now()), WAIT_S)
        assert swept is not None
        return swept

    return asyncio.run(run())


def hours(count: float) -> datetime:
    """Return a moment so many hours after the first sweep."""
    return NOON + timedelta(hours=count)


def run_async(body: Callable[[], Awaitable[T]], within_s: float = WAIT_S) -> T:
    """Run a coroutine function to its end, within a bound."""

    async def run() -> T:
        return await asyncio.wait_for(body(), within_s)

    return asyncio.run(run())


# ---- The history, as a reader of the database sees it ----------------------------------


def rows(engine: Engine, query: str, **values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def empty(engine: Engine) -> None:
    """Forget everything, so that a history can be brought in anew."""
    with writing(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


def statuses(engine: Engine) -> list[str]:
    """Return every row of `model_status` as text, byte for byte."""
    return sorted(map(repr, rows(engine, "SELECT * FROM model_status")))


def model_events(engine: Engine) -> int:
    """Return how many events there are about models."""
    return len(rows(engine, "SELECT 1 FROM change_history WHERE model IS NOT NULL"))


def provider_events(engine: Engine) -> list[tuple[str, str]]:
    """Return kind and reason of every event about the provider, in order."""
    query = "SELECT kind, reason FROM change_history WHERE model IS NULL ORDER BY sweep_id, event_id"
    return [(kind, reason) for kind, reason in rows(engine, query)]


def finished(engine: Engine) -> list[SweepRow]:
    """Return the finished sweeps, oldest first."""
    return [each for each in reversed(sweeps(engine)) if each.finished_at is not None]


def overlaps(spans: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return the spans that begin before the one before them has ended."""
    ordered = sorted(spans)
    return [later for former, later in pairwise(ordered) if later[0] < former[1]]
