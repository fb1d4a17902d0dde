"""TLS in front of a Postgres server that has none: a client sees the certificate that a test wants."""

import socket
import ssl
import threading
from contextlib import suppress
from typing import Final, Self

from sqlalchemy import make_url

_WISH: Final = 8  # bytes of the request for TLS, which the server answers with one letter


class TlsFront:
    """Answers the request for TLS with a certificate, or where there is none that there is no TLS."""

    def __init__(self, target: str, context: ssl.SSLContext | None) -> None:
        """Stand in front of the server at `target`, which is reached by its Unix socket."""
        address = make_url(target)
        self._socket = f"{address.query['host']}/.s.PGSQL.{address.port or 5432}"
        self._context = context
        self._server = socket.create_server(("127.0.0.1", 0))
        port = self._server.getsockname()[1]
        self.url = address.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
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
