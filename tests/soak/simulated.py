"""A provider in this process: what a world answers comes without a socket, and the network can fail."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from monitor.demo import World
from monitor.demo.answers import CannedAnswer
from monitor.http.library import httpcore, httpx
from monitor.http.network import SENDING
from monitor.probe.probe import ProviderSession, SweepListener
from monitor.probe.stopwatch import Stopwatch
from monitor.sweep import Target

_PAGE = "<!DOCTYPE html><title>Welcome to our hotel</title>"


class NetworkFault(StrEnum):
    """What is wrong with the way to the provider."""

    DNS = "dns"
    REFUSED = "refused"
    CERTIFICATE = "certificate"
    RESET = "reset"
    TIMEOUT = "timeout"
    LOGIN_PAGE = "login_page"


def _caused(cause: Exception) -> Exception:
    error = httpcore.ConnectError("")
    error.__cause__ = cause
    return error


_ERRORS: Mapping[NetworkFault, Callable[[], Exception]] = MappingProxyType(
    {
        NetworkFault.DNS: lambda: _caused(socket.gaierror(-3, "")),
        NetworkFault.REFUSED: lambda: _caused(ConnectionRefusedError()),
        NetworkFault.CERTIFICATE: lambda: _caused(ssl.SSLCertVerificationError()),
        NetworkFault.RESET: lambda: httpcore.ReadError(""),
        NetworkFault.TIMEOUT: lambda: httpcore.ReadTimeout(""),
    }
)


@dataclass(slots=True)
class Provider(httpx.AsyncBaseTransport):
    """Answers as its world does; from the request number `fails_from` on the network has its fault.

    With an `address` it is a server there that answers, through sockets.
    """

    world: World
    fault: NetworkFault | None = None
    fails_from: int = 0
    address: str = ""
    requests: int = field(default=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, and say how far it came as the real network does."""
        self.requests += 1
        sending = SENDING.get()
        assert sending is not None, "every exchange has one"
        fault = self.fault if self.requests > self.fails_from else None
        if make := _ERRORS.get(fault) if fault else None:
            raise make()
        sending.sent_at = asyncio.get_running_loop().time()
        if fault:
            return httpx.Response(200, headers={"Content-Type": "text/html"}, text=_PAGE)
        answer = self._answer(request)
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return httpx.Response(answer.status, headers=headers, stream=_Body(answer.body.encode()))

    def _answer(self, request: httpx.Request) -> CannedAnswer:
        place = request.url.path.removeprefix("/v1/")
        if request.method == "POST":
            body: dict[str, Any] = json.loads(request.content)
            return self.world.probe(place, body["model"], body)
        if place == "models":
            return self.world.listing("https://provider.test/v1", dict(request.url.params))
        return self.world.metadata(place.removeprefix("models/"))


class _Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcess(Target):
    """A target whose requests go to a provider of this process."""

    there: Provider

    @asynccontextmanager
    async def session(self, stopwatch: Stopwatch, listener: SweepListener) -> AsyncIterator[ProviderSession]:
        """Open the real session, and put the provider in the place of its sockets unless it uses them."""
        if self.there.address:
            served = replace(self, endpoint=replace(self.endpoint, base_url=self.there.address))
            async with Target.session(served, stopwatch, listener) as session:
                yield session
            return
        async with Target.session(self, stopwatch, listener) as session:
            await session.client._transport.aclose()
            session.client._transport = self.there
            yield session
