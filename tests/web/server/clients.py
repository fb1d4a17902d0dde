"""Clients that behave badly: many connections of raw sockets, and what became of them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Thread
from typing import Final
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

PATIENCE_S: Final = 120.0  # for one answer, beside eight busy processes
LARGE: Final = 4 * 1024 * 1024  # bytes: more than the kernel keeps for a connection
_PIECE: Final = 64 * 1024


async def answering(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 200 to everything: /large with megabytes, the rest with two bytes."""
    if scope["type"] != "http":
        return
    body = b"x" * LARGE if scope["path"] == "/large" else b"ok"
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    for begin in range(0, len(body), _PIECE):
        piece = body[begin : begin + _PIECE]
        more = begin + _PIECE < len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more})


class Crowd:
    """Connections to one server, closed together."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        parts = urlsplit(url)
        self._address = (str(parts.hostname), int(parts.port or 0))
        self._stack = stack
        self._is_over = Event()
        self._threads: list[Thread] = []

    def go_on(self, act: Callable[[], None], *, threads: int) -> None:
        """Do something again and again until the end, in so many threads."""

        def repeat() -> None:
            while not self._is_over.is_set():
                act()

        for _ in range(threads):
            thread = Thread(target=repeat)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Let the threads end."""
        self._is_over.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def connect(self, said: bytes = b"", *, receive_buffer: int | None = None) -> socket.socket:
        """Open a connection and say something; a small `receive_buffer` keeps answers at the server."""
        one = self._stack.enter_context(socket.socket())
        if receive_buffer is not None:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        one.settimeout(PATIENCE_S)
        one.connect(self._address)
        with suppress(ConnectionError):  # the server may have dropped it already
            one.sendall(said)
        return one


@contextmanager
def crowd(url: str) -> Iterator[Crowd]:
    """Give connections to a server, closed at the end."""
    with ExitStack() as stack:
        clients = Crowd(url, stack)
        try:
            yield clients
        finally:
            clients.end()  # before their sockets are closed


def request(path: str = "/", *, version: str = "1.1", headers: str = "") -> bytes:
    """Return a GET as it is sent."""
    return f"GET {path} HTTP/{version}\r\nHost: x\r\n{headers}\r\n".encode()


def is_answered(connection: socket.socket) -> bool:
    """Return whether the short answer arrives; what comes after it is not read."""
    said = b""
    while not said.endswith(b"\r\n\r\nok"):
        part = connection.recv(4096)
        if not part:
            return False
        said += part
    return True


def rest_of(connection: socket.socket) -> bytes:
    """Return everything until the server closes, gently or not."""
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(_PIECE):
            parts.append(part)
    return b"".join(parts)
