"""Takes new connections from the listening socket, a few at a time, and makes room for them."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from monitor.logs import event
from monitor.web.server.connection import Connection
from monitor.web.server.places import gives_way

log = logging.getLogger(__name__)

_BACKLOG: Final = 1024  # what may wait in the kernel: a second or two of a flood
_AT_ONCE: Final = 16  # so that those accepted before are read from in between
_REST_SECONDS: Final = 0.5  # after an error: accepting again at once would fail again
_SAY_EVERY_S: Final = 60.0
_SEND_BUFFER: Final = 256 * 1024  # bytes in the kernel for one slow reader; it would take megabytes


class Acceptor:
    """Accepts for a server: never more than `most` of its `connections`, the newest always among them."""

    def __init__(
        self,
        listener: socket.socket,
        connect: Callable[[], Connection],
        connections: set[Connection],
        most: int,
    ) -> None:
        """Begin to accept in the running loop; `connect` makes the protocol of a new connection."""
        self._listener, self._connect, self._connections, self._most = listener, connect, connections, most
        self._loop = asyncio.get_running_loop()
        self._beginning = set[asyncio.Task[None]]()
        self._dropped = 0
        self._said_at = self._loop.time() - _SAY_EVERY_S
        self._has_ended = False
        with suppress(OSError):  # it saves memory; nothing depends on it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        listener.listen(_BACKLOG)
        self._loop.add_reader(listener, self._accept)

    def stop(self) -> None:
        """Accept no more, and close the listening socket."""
        self._has_ended = True
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                client, _address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # EMFILE, ENOBUFS and the like
                self._rest(error)
                return
            client.setblocking(False)  # noqa: FBT003 - its only form
            task = self._loop.create_task(self._begin(client))
            self._beginning.add(task)  # the loop itself holds tasks weakly
            task.add_done_callback(self._beginning.discard)

    async def _begin(self, client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._connect, client)
        except OSError:  # it has gone already
            client.close()
            return
        while len(self._connections) > self._most:
            self._drop_one()

    def _rest(self, error: OSError) -> None:
        """Leave the listening socket alone for a moment; a descriptor that is missing is given up here."""
        event(log, logging.WARNING, "web_accept_failed", error=error.strerror or type(error).__name__)
        self._loop.remove_reader(self._listener)
        if self._connections:
            self._drop_one()
        self._loop.call_later(_REST_SECONDS, self._resume)

    def _resume(self) -> None:
        if not self._has_ended:
            self._loop.add_reader(self._listener, self._accept)

    def _drop_one(self) -> None:
        connection = gives_way(self._connections)
        self._connections.discard(connection)  # its end reaches the loop a turn later
        connection.give_way()
        self._dropped += 1
        now = self._loop.time()
        if now >= self._said_at + _SAY_EVERY_S:
            event(log, logging.INFO, "web_crowded", connections=self._most, dropped=self._dropped)
            self._said_at, self._dropped = now, 0
