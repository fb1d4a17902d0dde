"""A loopback server that says exactly the bytes a test wants, so that every fault of the wire can happen."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from monitor.http import Endpoint

KEY = "nvapi-a-key-that-must-not-show-0123456789"


@dataclass(frozen=True)
class Request:
    """What came: method, target, headers in lower case, body."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def model(self) -> str:
        return str(json.loads(self.body)["model"])


Play = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Wire:
    """A running server: its address, and the requests it got."""

    url: str
    requests: list[Request] = field(default_factory=list)

    def endpoint(self) -> Endpoint:
        return Endpoint(base_url=f"{self.url}/v1", api_key=KEY)


@asynccontextmanager
async def serve(play: Play) -> AsyncIterator[Wire]:
    """Serve on a free port of 127.0.0.1; every connection is closed after its one answer."""
    tasks: set[asyncio.Task[None]] = set()
    wire = Wire("")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                request = await read_request(reader)
                wire.requests.append(request)
                await play(request, writer)
                await writer.drain()
        finally:
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError:
                pass
            except asyncio.CancelledError:  # the server ends while the client does not read
                writer.transport.abort()
                raise

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(talk(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0)  # an aborted connection is closed by the loop's next turn


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def answer(
    status: int = 200, body: bytes | str | object = b"", *, headers: dict[str, str] | None = None
) -> bytes:
    """Return a whole HTTP answer; a body that is no text is sent as JSON."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + raw


def saying(raw: bytes) -> Play:
    """Say these bytes to everybody."""

    async def play(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return play


CHAT = {"id": "c", "object": "chat.completion", "choices": [{"message": {"content": "Hello"}}]}
