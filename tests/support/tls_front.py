"""TLS in front of a Postgres server that has none: a client sees the certificate that a test wants."""

import socket
import ssl
import threading
from contextlib import suppress
from typing import Final

from tests.support.front import Front, socket_of

_WISH: Final = 8  # bytes of the request for TLS, which the server answers with one letter


class TlsFront(Front):
    """Answers the request for TLS with a certificate, or where there is none that there is no TLS."""

    def __init__(self, target: str, context: ssl.SSLContext | None) -> None:
        """Stand in front of the server at `target`."""
        self._context, self._socket = context, socket_of(target)
        super().__init__(target)

    def serve(self, client: socket.socket, number: int) -> None:  # noqa: ARG002 - all get the same
        """Answer the request for TLS, and pass on what follows."""
        with suppress(OSError), client:
            client.recv(_WISH, socket.MSG_WAITALL)
            client.sendall(b"S" if self._context else b"N")
            if self._context:
                with self._context.wrap_socket(client, server_side=True) as secure:
                    self._pass_on(secure)

    def _pass_on(self, client: ssl.SSLSocket) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self._socket)
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(65_536):
            sink.sendall(block)
        sink.shutdown(socket.SHUT_WR)
