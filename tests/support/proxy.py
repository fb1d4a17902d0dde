"""A proxy in front of a Postgres server: a test closes it, and the database is away."""

import socket
import threading
from contextlib import suppress
from typing import Self

from sqlalchemy import make_url

_BLOCK = 65_536


class PostgresProxy:
    """Passes every connection on, byte by byte. `close` cuts all and refuses new ones until `open`."""

    def __init__(self, target: str) -> None:
        address = make_url(target)
        query = {name: value for name, value in address.query.items() if name != "host"}
        self._target = address
        self._server = socket.create_server(("127.0.0.1", 0))
        self._port = self._server.getsockname()[1]
        self.url = address.set(host="127.0.0.1", port=self._port, query=query).render_as_string(
            hide_password=False
        )
        self._sockets = set[socket.socket]()
        self._serve()

    def open(self) -> None:
        """Take connections again."""
        self._server = socket.create_server(("127.0.0.1", self._port))
        self._serve()

    def close(self) -> None:
        """Cut every connection and take no new one."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._server.close()
        for each in list(self._sockets):
            _end(each)
        self._sockets.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            upstream = self._connect()
            self._sockets |= {client, upstream}
            for source, sink in ((client, upstream), (upstream, client)):
                threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()

    def _connect(self) -> socket.socket:
        host, port = self._target.query.get("host", self._target.host), self._target.port or 5432
        if str(host).startswith("/"):
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(f"{host}/.s.PGSQL.{port}")
            return upstream
        return socket.create_connection((str(host), port))


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(_BLOCK):
            sink.sendall(block)
    _end(source)
    _end(sink)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
