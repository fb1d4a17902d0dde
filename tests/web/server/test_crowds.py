"""However many clients there are and whatever they do, a health check on the same port is answered."""

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import Self

import pytest
from starlette.types import Receive, Scope, Send

from monitor.healthcheck import verdict
from monitor.web.server import connection
from monitor.web.server.connection import MOST_REQUESTS
from monitor.web.server.descriptors import MOST_CONNECTIONS, affordable_connections
from tests.web.served import served
from tests.web.server.clients import LARGE, PATIENCE_S, Crowd, answering, crowd, is_answered, request, rest_of

MANY = MOST_CONNECTIONS + 20
WELL = (True, "HTTP 200")


def health(url: str) -> tuple[bool, str]:
    return verdict({"MONITOR_HEALTH_URL": f"{url}healthz"}, PATIENCE_S)


def idle(there: Crowd) -> None:
    there.connect()


def kept_open(there: Crowd) -> None:
    assert is_answered(there.connect(request()))


def half_a_head(there: Crowd) -> None:
    there.connect(b"GET / HTTP/1.1\r\nHo")


def half_a_body(there: Crowd) -> None:
    there.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf")


def not_reading(there: Crowd) -> None:
    there.connect(request("/large"), receive_buffer=4096)


def not_reading_a_thousand(there: Crowd) -> None:
    there.connect(request("/large") * 1000, receive_buffer=4096)


def gone_at_once(there: Crowd) -> None:
    there.connect(request("/large")).close()


def garbage(there: Crowd) -> None:
    there.connect(os.urandom(1000) + b"\r\n\r\n")


def huge_cookie(there: Crowd) -> None:
    there.connect(request(headers=f"Cookie: {'x' * 200_000}\r\n"))


@pytest.mark.parametrize(
    "misbehave",
    [
        idle,
        kept_open,
        half_a_head,
        half_a_body,
        not_reading,
        not_reading_a_thousand,
        gone_at_once,
        garbage,
        huge_cookie,
    ],
)
def test_more_clients_than_there_are_places_leave_health_answered(misbehave: Callable[[Crowd], None]) -> None:
    with served(answering) as url, crowd(url) as there:
        for _ in range(MANY):
            misbehave(there)
        assert health(url) == WELL
        assert rest_of(there.connect(request(headers="Connection: close\r\n"))).endswith(b"ok")


def test_the_newest_connections_stay_and_the_oldest_idle_one_gives_way() -> None:
    with served(answering) as url, crowd(url) as there:
        first, *others = [there.connect() for _ in range(MOST_CONNECTIONS + 1)]
        others[-1].sendall(request())
        assert is_answered(others[-1])
        assert rest_of(first) == b""


def test_pipelined_pages_are_all_answered_and_health_in_between() -> None:
    """40 connections that ask for 20 pages each without waiting for an answer."""
    answers: list[bytes] = []

    def read(pipeline: socket.socket) -> None:
        answers.append(rest_of(pipeline))

    with served(answering) as url, crowd(url) as there:
        pipelines = [
            there.connect(request() * 19 + request(headers="Connection: close\r\n")) for _ in range(40)
        ]
        readers = [Thread(target=read, args=(one,)) for one in pipelines]
        for reader in readers:
            reader.start()
        assert health(url) == WELL
        for reader in readers:
            reader.join(PATIENCE_S)
    assert [answer.count(b"HTTP/1.1 200 ") for answer in answers] == [20] * 40


def test_a_connection_is_good_for_a_number_of_requests() -> None:
    with served(answering) as url, crowd(url) as there:
        answer = rest_of(there.connect(request() * (MOST_REQUESTS + 5)))
    assert answer.count(b"HTTP/1.1 200 ") == MOST_REQUESTS
    assert answer.lower().count(b"connection: close") == 1


def test_who_does_not_read_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SENDING_SECONDS", 0.2)
    finished = Event()

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(scope, receive, send)
        if scope.get("path") == "/large":
            finished.set()

    with served(noting) as url, crowd(url) as there:
        slow = there.connect(request("/large"), receive_buffer=4096)
        assert slow.recv(1)
        assert is_answered(there.connect(request()))
        assert finished.wait(PATIENCE_S)
        assert len(rest_of(slow)) < LARGE


def test_a_client_that_only_listens_is_answered() -> None:
    """HTTP/1.0 without a length, and a client that has said all it will say."""
    with served(answering) as url, crowd(url) as there:
        old = there.connect(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert rest_of(old).endswith(b"ok")
        ended = there.connect(request() * 2)
        ended.shutdown(1)
        assert rest_of(ended).count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(("limit", "connections"), [(20_000, 200), (1024, 200), (256, 85), (64, 21), (3, 8)])
def test_connections_take_a_third_of_the_descriptors(
    monkeypatch: pytest.MonkeyPatch, limit: int, connections: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (limit, limit))
    assert affordable_connections() == connections


OF_FEW_DESCRIPTORS = """
import os, resource, sys
from contextlib import ExitStack, suppress
resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))
from tests.web.served import served
from tests.web.server.clients import answering
with served(answering) as url:
    print(url, flush=True)
    for line in sys.stdin:
        if line == "take all\\n":
            taken = []
            with suppress(OSError):
                while True:
                    taken.append(os.open(os.devnull, os.O_RDONLY))
            print("none left", flush=True)
        elif line == "give back\\n":
            for one in taken:
                os.close(one)
            print("given back", flush=True)
        else:
            os.close(os.open(os.devnull, os.O_RDONLY))
            print("opened", flush=True)
"""


class FewDescriptors:
    """A server in a process of its own that may open 96 files, and does with them what it is told."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", OF_FEW_DESCRIPTORS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._heard()

    def do(self, what: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._heard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def test_clients_leave_descriptors_to_the_rest_of_the_process() -> None:
    with FewDescriptors() as server, crowd(server.url) as there:
        for _ in range(MANY):
            assert is_answered(there.connect(request()))
        assert server.do("open a file") == "opened"
        assert health(server.url) == WELL


def test_without_a_descriptor_for_a_client_it_goes_on_once_there_is_one() -> None:
    with FewDescriptors() as server, crowd(server.url) as there:
        assert server.do("take all") == "none left"
        waiting = [there.connect(request()) for _ in range(10)]
        assert server.do("give back") == "given back"
        assert all(map(is_answered, waiting))
        assert health(server.url) == WELL
