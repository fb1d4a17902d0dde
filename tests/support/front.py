"""A server on loopback that stands in front of the tests' Postgres, which is reached by its Unix socket."""

import socket
import threading
from contextlib import suppress
from typing import Self

from sqlalchemy import make_url


def socket_of(target: str) -> str:
    """Return the path of a server's Unix socket."""
    address = make_url(target)
    return f"{address.query['host']}/.s.PGSQL.{address.port or 5432}"


class Front:
    """Serves each client in a thread of its own; `url` is the server's address with this one's port."""

    def __init__(self, target: str) -> None:
        """Stand in front of the server at `target`."""
        address = make_url(target)
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

    def serve(self, client: socket.socket, number: int) -> None:
        """Speak with the client that came as this one."""
        raise NotImplementedError

    def _accept(self) -> None:
        with suppress(OSError):
            for number in range(1, 1000):
                client, _ = self._server.accept()
                threading.Thread(target=self.serve, args=(client, number), daemon=True).start()
