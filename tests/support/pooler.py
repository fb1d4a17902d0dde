"""A pooler in front of a Postgres server: its one session serves a client for a transaction at a time."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Final

from sqlalchemy import make_url

from tests.support.front import Front, socket_of

_NO_ENCRYPTION: Final = {80877103, 80877104}  # requests for TLS and for GSSAPI
_PROTOCOL: Final = 196608
_ASKS: Final = b"QS"  # a query, or the end of an extended one: the server answers until it is ready
_PARAMETER: Final = b"S"
_REFUSAL: Final = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"


class TransactionPooler(Front):
    """Every client speaks with one session of the server, as with PgBouncer's `pool_mode=transaction`."""

    def __init__(self, target: str) -> None:
        """Stand in front of the server at `target`."""
        address = make_url(target)
        self._upstream = socket.socket(socket.AF_UNIX)
        self._upstream.connect(socket_of(target))
        names = ("user", address.username or "postgres", "database", address.database or "postgres")
        body = struct.pack("!i", _PROTOCOL) + b"".join(f"{name}\0".encode() for name in names) + b"\0"
        self._upstream.sendall(struct.pack("!i", len(body) + 4) + body)
        self._greeting = b"".join(
            packed(kind, content) for kind, content in self._answer() if kind == _PARAMETER
        )
        self._turn = threading.Lock()
        super().__init__(target)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._upstream.close()

    def serve(self, client: socket.socket, number: int) -> None:
        """Speak with a client until it goes."""
        with suppress(OSError, EOFError), client:
            while struct.unpack("!i", (greeting := startup(client))[:4])[0] in _NO_ENCRYPTION:
                client.sendall(b"N")
            if b"\0options\0" in greeting:
                client.sendall(packed(b"E", _REFUSAL))
                return
            key = packed(b"K", struct.pack("!ii", number, number))  # a number of its own to cancel by
            client.sendall(packed(b"R", struct.pack("!i", 0)) + self._greeting + key + packed(b"Z", b"I"))
            while self._transaction(client):
                pass

    def _transaction(self, client: socket.socket) -> bool:
        """Pass messages on until the server is outside a transaction; False at the client's end."""
        kind, content = message(client)
        with self._turn:
            while kind != b"X":
                self._upstream.sendall(packed(kind, content))
                if kind in _ASKS:
                    answer = self._answer()
                    client.sendall(b"".join(packed(*part) for part in answer))
                    if answer[-1][1] == b"I":
                        return True
                kind, content = message(client)
        return False

    def _answer(self) -> list[tuple[bytes, bytes]]:
        parts = [message(self._upstream)]
        while parts[-1][0] != b"Z":
            parts.append(message(self._upstream))
        return parts


def packed(kind: bytes, content: bytes) -> bytes:
    """Return a message as it is sent."""
    return kind + struct.pack("!i", len(content) + 4) + content


def message(source: socket.socket) -> tuple[bytes, bytes]:
    """Read a message: its kind and content. Raises EOFError at the end."""
    return exactly(source, 1), startup(source)


def startup(source: socket.socket) -> bytes:
    """Read a message that has no kind. Raises EOFError at the end."""
    return exactly(source, struct.unpack("!i", exactly(source, 4))[0] - 4)


def exactly(source: socket.socket, size: int) -> bytes:
    """Read so many bytes. Raises EOFError at the end."""
    content = b""
    while len(content) < size:
        if not (block := source.recv(size - len(content))):
            raise EOFError
        content += block
    return content
