"""A webhook on loopback that counts its messages, and refuses them for a while."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hook:
    """Where it is, what it got, and whether it refuses what comes."""

    address: str = ""
    refuses: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one message and answer it."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        self.counts["refused messages" if self.refuses else "messages"] += 1
        status = b"503 Service Unavailable" if self.refuses else b"204 No Content"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()


@asynccontextmanager
async def open_hook() -> AsyncIterator[Hook]:
    """Take messages on a free port."""
    hook = Hook()
    server = await asyncio.start_server(hook.talk, "127.0.0.1", 0)
    async with server:
        hook.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        yield hook
