"""The connections below the HTTP library: each request learns from them how far it came.

The library's trace says the same of no byte and of half a header, and costs a call for each of ten steps.
"""

import asyncio
import itertools
import select
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from monitor.http.library import httpcore

_CONNECT: Final = b"CONNECT "  # asks a proxy for a tunnel
_SOCKET_OPTION = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


@dataclass(slots=True)
class Sending:
    """How far a request came: on which connection, whether that had carried an answer, whether one began.

    `sent_at` is when its last byte went out, in seconds of the loop.
    """

    stream: "_Stream | None" = None
    is_reused: bool = False
    is_answered: bool = False
    sent_at: float | None = None

    @property
    def may_be_repeated(self) -> bool:
        """Whether nothing was done with it: a kept connection turned out to be dead."""
        return self.is_reused and not self.is_answered


SENDING: ContextVar[Sending | None] = ContextVar("sending", default=None)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that notes in the request under way what it carries."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, backend: "Backend") -> None:
        self._inner, self._backend = inner, backend
        self._number = next(backend.numbers)
        self._is_used = False
        # asked for at every request, and costly to find
        self._tls: ssl.SSLObject | None = inner.get_extra_info("ssl_object")
        self._poll = select.poll()
        self._poll.register(inner.get_extra_info("socket"), select.POLLIN)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        data = await self._inner.read(max_bytes, timeout)
        if data:
            self._is_used = True
            if sending := SENDING.get():
                sending.is_answered = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        sending = SENDING.get()
        if sending and sending.stream is not self:
            sending.stream, sending.is_reused, sending.is_answered = self, self._is_used, False
            # what came before the request is no answer to it: an end, or a 408 of an idle connection
            if self._is_used and self._has_rest():
                raise httpcore.ReadError  # a WriteError would be ignored until the answer is read
        await self._inner.write(buffer, timeout)
        if sending and buffer and not buffer.startswith(_CONNECT):
            sending.sent_at = asyncio.get_running_loop().time()

    def _has_rest(self) -> bool:
        return bool(self._poll.poll(0)) or bool(self._tls and self._tls.pending())

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._backend)

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":  # the pool closes an idle connection that can be read from
            return self._number < self._backend.oldest or bool(self._poll.poll(0))
        return self._tls if info == "ssl_object" else self._inner.get_extra_info(info)


class Backend(httpcore.AsyncNetworkBackend):
    """Opens connections and numbers them; those before `oldest` are not used again."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()
        self.numbers = itertools.count()
        self.oldest = 0

    def renew(self) -> None:
        """Use none of today's connections again: what ended one has often ended all."""
        self.oldest = next(self.numbers)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection; it notes in the request under way what it carries."""
        if sending := SENDING.get():
            sending.sent_at = None  # again where a kept connection was dead
        return _Stream(
            await self._inner.connect_tcp(host, port, timeout, local_address, socket_options), self
        )

    async def sleep(self, seconds: float) -> None:
        """Wait, as the library's own backend does."""
        await self._inner.sleep(seconds)
