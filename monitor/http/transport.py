"""Connections that are kept, and the one case in which a request is sent again: its kept connection was dead.

Sent again is what got no byte of an answer on a connection that had carried an answer before, once, and on a
connection that is newer than the failure. Everything else is what the server did.
"""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Final, cast

from monitor.http.library import httpcore, httpx
from monitor.http.network import SENDING, Backend, Sending
from monitor.http.tls import tls_context

KEPT_S: Final = 15.0  # seconds that an idle connection is kept; firewalls forget them after 30 and more
_CLOSED: Final = (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError)


class Transport(httpx.AsyncBaseTransport):
    """Sends through a pool of at most `connections`, which are kept; None: as many as are needed, none kept.

    Raises ValueError for a proxy that cannot be used.
    """

    def __init__(self, *, proxy: str | None, connections: int | None) -> None:
        self._backend = Backend()
        self._pool = _pool(
            proxy,
            ssl_context=tls_context(),  # one for all clients: building it takes 14 ms
            # measured: queues in the pool and many idle connections cost httpcore up to 30 ms a request
            max_connections=connections,
            max_keepalive_connections=connections or 0,
            keepalive_expiry=KEPT_S,
            network_backend=self._backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; a second time where the first got no byte on a connection used before.

        Raises the errors of httpcore.
        """
        sending = SENDING.get() or Sending()
        try:
            response = await self._send(request)
            if not sending.may_be_repeated:
                return response
            await response.aclose()  # no byte was read for it: it was left over from the answer before
        except _CLOSED:
            if not sending.may_be_repeated:
                raise
        self._backend.renew()
        return await self._send(request)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        body = _Body(cast("AsyncIterable[bytes]", response.stream))
        return httpx.Response(response.status, headers=response.headers, stream=body)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        if (close := getattr(self._stream, "aclose", None)) is not None:
            await close()


def _pool(proxy: str | None, **settings: Any) -> httpcore.AsyncConnectionPool:  # noqa: ANN401 - of both kinds of pool
    if proxy is None:
        return httpcore.AsyncConnectionPool(**settings)
    address = httpx.Proxy(proxy)
    url = address.url
    if url.scheme == "https":
        settings["proxy_ssl_context"] = tls_context()
    return httpcore.AsyncHTTPProxy(
        proxy_url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        proxy_auth=address.raw_auth,
        proxy_headers=address.headers.raw,
        **settings,
    )
