"""A name server of the tests: it answers over UDP with what a test wants, or not at all."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from ipaddress import ip_address
from typing import cast

_CLASS_IN, _A, _AAAA = 1, 1, 28
_ANSWER, _RECURSION = 0x8000, 0x0180


class Mood(StrEnum):
    """How the server answers."""

    OK = "ok"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    SILENT = "silent"


_CODES = {Mood.OK: 0, Mood.SERVFAIL: 2, Mood.NXDOMAIN: 3}


class NameServer(asyncio.DatagramProtocol):
    """Knows the addresses of some names, as text; its mood may change at any time."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self.names, self.mood, self.queries = names, Mood.OK, 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are sent by."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query of one question (RFC 1035, 4.1)."""
        self.queries += 1
        if self.mood is Mood.SILENT or self._transport is None:
            return
        name, end = _name(data)
        kind = struct.unpack_from("!H", data, end)[0]
        found = [ip_address(text) for text in self.names.get(name, ())]
        addresses = [each for each in found if (each.version == 6) == (kind == _AAAA)]
        code = _CODES[self.mood] or (0 if name in self.names else _CODES[Mood.NXDOMAIN])
        records = [] if code or kind not in {_A, _AAAA} else [each.packed for each in addresses]
        flags = _ANSWER | _RECURSION | code
        head = data[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
        body = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, _CLASS_IN, 0, len(each)) + each for each in records
        )
        self._transport.sendto(head + data[12 : end + 4] + body, addr)


def _name(data: bytes) -> tuple[str, int]:
    """Return the name of the question, and where it ends."""
    labels, place = [], 12
    while length := data[place]:
        labels.append(data[place + 1 : place + 1 + length].decode("ascii"))
        place += 1 + length
    return ".".join(labels).lower(), place + 1


@asynccontextmanager
async def name_server(
    names: Mapping[str, Sequence[str]], host: str = "127.0.0.1", port: int = 53
) -> AsyncIterator[NameServer]:
    """Serve names on an address of this machine."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(names), (host, port), family=socket.AF_INET
    )
    try:
        yield server
    finally:
        transport.close()
