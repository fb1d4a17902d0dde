"""Serves an application in the loop that is already running: no signals, no log settings, a bounded end."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from monitor.web.server.listener import address_of, open_listener

MOST_CONNECTIONS: Final = 200
REQUEST_SECONDS: Final = 5.0  # for a whole request to arrive, also on a connection kept open
KEEP_ALIVE_SECONDS: Final = 5
GRACE_SECONDS: Final = 2  # for answers under way when asked to stop
_LARGEST_HEAD: Final = 32 * 1024
_END_SECONDS: Final = 5.0


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set or the surrounding task is cancelled; ends within a few seconds of either.

    `ready` gets the real URL once connections are taken. Raises ConfigError for an unusable address.
    """
    listener = await asyncio.to_thread(open_listener, host, port)
    server = _Server(app, lambda: ready(address_of(listener)) if ready else None)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await _end(server, serving, listener)
    if serving.done() and not serving.cancelled():
        serving.result()


async def _end(server: "_Server", serving: asyncio.Task[None], listener: socket.socket) -> None:
    """Let answers under way be sent, then close whatever is still open."""
    server.should_exit = True
    try:
        await asyncio.wait({serving}, timeout=_END_SECONDS)
    finally:
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        serving.cancel()
        listener.close()


class _Server(uvicorn.Server):
    """uvicorn without its hold on the process: the daemon owns signals, loop and logging."""

    def __init__(self, app: ASGIApp, opened: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                h11_max_incomplete_event_size=_LARGEST_HEAD,
            )
        )
        self._opened = opened

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then call `opened`."""
        await super().startup(sockets)
        self._opened()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the daemon."""
        yield


class _Connection(H11Protocol):
    """A connection with a time limit: slow senders must not use up the places of others."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._wait()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()
