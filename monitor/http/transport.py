"""Connections that are kept, and the one case in which a request is sent again: its kept connection was dead.

Sent again is what got no byte of an answer on a connection that had carried an answer before, once, and on a
connection that is newer than the failure. Everything else is what the server did.
"""

import itertools
import ssl
from collections.abc import Iterable
from contextvars import ContextVar

from monitor.http.library import httpcore, httpx

_SOCKET_OPTION = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
_CLOSED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


class _Attempt:
    """One sending of a request: whether its connection had carried an answer, and whether one began."""

    def __init__(self) -> None:
        self.stream: _Stream | None = None
        self.is_reused = False
        self.is_answered = False

    @property
    def may_be_repeated(self) -> bool:
        return self.is_reused and not self.is_answered


_attempt: ContextVar[_Attempt | None] = ContextVar("_attempt", default=None)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that notes in the attempt under way what it carries."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, backend: "Backend") -> None:
        self._inner, self._backend = inner, backend
        self._number = next(backend.numbers)
        self._is_used = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's name
        data = await self._inner.read(max_bytes, timeout)
        if data:
            self._is_used = True
            if attempt := _attempt.get():
                attempt.is_answered = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        attempt = _attempt.get()
        if attempt and attempt.stream is not self:
            attempt.stream, attempt.is_reused, attempt.is_answered = self, self._is_used, False
            # what came before the request is no answer to it: an end, or a 408 of an idle connection
            if self._is_used and self._has_rest():
                raise httpcore.ReadError  # a WriteError would be ignored until the answer is read
        await self._inner.write(buffer, timeout)

    def _has_rest(self) -> bool:
        tls = self._inner.get_extra_info("ssl_object")
        return bool(self._inner.get_extra_info("is_readable") or (tls and tls.pending()))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._backend)

    def get_extra_info(self, info: str) -> object:
        # the pool closes an idle connection that can be read from
        if info == "is_readable" and self._number < self._backend.oldest:
            return True
        return self._inner.get_extra_info(info)


class Backend(httpcore.AsyncNetworkBackend):
    """Opens connections and numbers them; those before `oldest` are not used again."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner
        self.numbers = itertools.count()
        self.oldest = 0

    def renew(self) -> None:
        """Use none of today's connections again: what ended one has often ended all."""
        self.oldest = next(self.numbers)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[_SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection; it notes in the attempt under way what it carries."""
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self)

    async def sleep(self, seconds: float) -> None:
        """Wait, as the wrapped backend does."""
        await self._inner.sleep(seconds)


class Transport(httpx.AsyncHTTPTransport):
    """A transport that sends a request again where its kept connection was dead."""

    def __init__(self, *, verify: ssl.SSLContext, proxy: str | None, limits: httpx.Limits) -> None:
        super().__init__(verify=verify, trust_env=False, proxy=proxy, limits=limits)
        self._backend = Backend(self._pool._network_backend)  # noqa: SLF001  # httpx offers no way to it
        self._pool._network_backend = self._backend  # noqa: SLF001

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; a second time where the first got no byte on a connection used before."""
        attempt = _Attempt()
        token = _attempt.set(attempt)
        try:
            response = await super().handle_async_request(request)
            if not attempt.may_be_repeated:
                return response
            await response.aclose()  # no byte was read for it: it was left over from the answer before
        except _CLOSED:
            if not attempt.may_be_repeated:
                raise
        finally:
            _attempt.reset(token)
        self._backend.renew()
        return await super().handle_async_request(request)
