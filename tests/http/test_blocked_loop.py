"""An answer that came in time counts, although the loop was blocked when it came."""

import asyncio
import socket
import threading
import time

from monitor.core.answer.exchange import Exchange
from monitor.http import Endpoint, exchange, open_client
from monitor.process.loop import Loop
from tests.support.process import WAIT_S

TIMEOUT_S = 4.0  # less than counts as a frozen process
BODY = b"x" * 30_000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + BODY


class Ahead:
    """The real clock, and how far it was set ahead."""

    ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


class Server:
    """Answers one request when it may."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.begun, self.may_answer, self.answered = (threading.Event() for _ in range(3))
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection:
            connection.recv(65536)
            self.begun.set()
            self.may_answer.wait(WAIT_S)
            connection.sendall(ANSWER)
            self.answered.set()


def test_an_answer_that_waits_in_the_socket_counts_whenever_the_loop_comes_to_it() -> None:
    clock, server = Ahead(), Server()

    async def block() -> None:
        """Stand in the loop's way until the answer is here, and its time is over."""
        await asyncio.to_thread(server.begun.wait, WAIT_S)
        server.may_answer.set()
        server.answered.wait(WAIT_S)
        clock.ahead_s += TIMEOUT_S

    async def ask() -> Exchange:
        endpoint = Endpoint(base_url=f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1")
        async with open_client(endpoint) as client:
            blocking = asyncio.create_task(block())
            answer = await exchange(client, "GET", endpoint.catalog, timeout_s=TIMEOUT_S)
            await blocking
            return answer

    server.thread.start()
    with server.socket, asyncio.Runner(loop_factory=lambda: Loop(clock)) as runner:
        answer = runner.run(ask())
    server.thread.join()
    assert (answer.failure, answer.http_status, len(answer.body)) == (None, 200, len(BODY))
