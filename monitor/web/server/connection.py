"""One connection of a client: bounded in time, in requests, and in what waits to be sent."""

import asyncio
import socket
import struct
from typing import Final

from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.web.server.places import client_of

REQUEST_SECONDS: Final = 5.0  # for a whole request to arrive, also on a connection kept open
SENDING_SECONDS: Final = 30.0  # for the client to take what waits for it, a piece of an answer
MOST_REQUESTS: Final = 100  # on one connection, pipelined or not
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # of SO_LINGER: on, for no time


class Connection(H11Protocol):
    """A connection with limits: slow senders, slow readers and endless requests do not hold their place.

    Pipelined requests are answered one after the other, those of other connections in between.
    """

    owner = ""
    since = 0.0
    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _requests = 0
    _has_client_ended = False

    @property
    def is_kept(self) -> bool:
        """Whether it is between two requests."""
        return self._requests > 0 and not self._is_answering

    @property
    def _is_answering(self) -> bool:
        """Whether there is an answer that its client has not taken whole."""
        return self.flow.write_paused or (self._requests > 0 and not self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        # so that a pause means: the client has not taken all of it
        transport.set_write_buffer_limits(high=0)
        self.owner = client_of(self.client[0] if self.client else "")
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        for timer in (self._deadline, self._stall):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Begin with the next request that has arrived, at most one; announce the last one as such."""
        before = self.cycle
        super().handle_events()
        if self.cycle is before:
            return
        self.since = self.loop.time()
        self._requests += 1
        if self._requests >= MOST_REQUESTS:
            self.cycle.default_headers = [*self.cycle.default_headers, CLOSE_HEADER]

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, unless it is here already or there will be none."""
        self._wait()
        super().on_response_complete()
        if self._has_client_ended and self.cycle.response_complete:
            self.transport.close()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Answer what a client has asked that will say no more; it may have said `shutdown`, as `nc -N`."""
        self._has_client_ended = self._is_answering
        return self._has_client_ended

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was written."""
        super().pause_writing()
        self.since = self.loop.time()
        self._stall = self.loop.call_later(SENDING_SECONDS, self.give_way)

    def resume_writing(self) -> None:
        """Go on: it has taken everything."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()

    def give_way(self) -> None:
        """End at once: the place is needed."""
        if self.flow.write_paused:  # else the kernel would go on offering it
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _wait(self) -> None:
        self.since = self.loop.time()
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if not self._is_answering:
            self.transport.close()
