"""Serves an application in a thread with a loop of its own: no signals, no log settings, a bounded end.

Whatever clients do there, the loop that sweeps goes on: it shares the processor, and nothing else.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp

from monitor.process.daemon_thread import run_in_daemon_thread
from monitor.web.liveness import Liveness
from monitor.web.server.acceptor import Acceptor
from monitor.web.server.connection import Connection
from monitor.web.server.descriptors import affordable_connections
from monitor.web.server.listener import address_of, open_listener

KEEP_ALIVE_SECONDS: Final = 5
GRACE_SECONDS: Final = 2  # for answers under way when asked to stop
_LARGEST_HEAD: Final = 32 * 1024
_END_SECONDS: Final = 5.0
_TICK_SECONDS: Final = 1.0


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
    liveness: Liveness | None = None,
) -> None:
    """Serve until `stop` is set or the surrounding task is cancelled; ends within a few seconds of either.

    `ready` gets the real URL once connections are taken. `liveness` notes that this loop turns.
    Raises ConfigError for an unusable address.
    """
    liveness = liveness or Liveness()
    listener = await asyncio.to_thread(open_listener, host, port)
    loop = asyncio.get_running_loop()

    def opened() -> None:
        if ready is not None:
            loop.call_soon_threadsafe(ready, address_of(listener))

    server = _Server(app, opened, liveness)
    serving = run_in_daemon_thread(lambda: asyncio.run(server.serve(sockets=[listener])))
    beating = asyncio.create_task(liveness.beat())
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        either: set[asyncio.Future[Any]] = {serving, stopping}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        beating.cancel()
        server.end()
        await asyncio.wait({serving}, timeout=GRACE_SECONDS + _END_SECONDS)
        listener.close()
    if serving.done():
        serving.result()


class _Server(uvicorn.Server):
    """uvicorn without its hold on the process: the daemon owns signals and logging."""

    def __init__(self, app: ASGIApp, opened: Callable[[], None], liveness: Liveness) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="auto",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                h11_max_incomplete_event_size=_LARGEST_HEAD,
            )
        )
        self._opened, self._liveness = opened, liveness
        self._acceptors: list[Acceptor] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept on the sockets, in our own way, then call `opened`."""
        await self.lifespan.startup()
        connections = cast("set[Connection]", self.server_state.connections)  # it has no others
        most = affordable_connections()

        def connect() -> Connection:
            return Connection(self.config, self.server_state, self.lifespan.state)

        self._acceptors = [Acceptor(each, connect, connections, most) for each in sockets or []]
        self.servers = []
        self.started = True
        self._opened()

    async def main_loop(self) -> None:
        """Count the seconds until the end; uvicorn's own loop wakes up ten times as often."""
        self._loop = asyncio.get_running_loop()  # before the first look at `should_exit`: see `end`
        while not await self.on_tick(0):  # whose number says that a second is over
            self._liveness.tick()
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._ending.wait()

    def end(self) -> None:
        """Let it end now; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._ending.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let answers under way be sent, then close whatever is still open."""
        for acceptor in self._acceptors:
            acceptor.stop()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await super().shutdown(sockets)
        finally:
            for connection in list(self.server_state.connections):
                connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the daemon."""
        yield
