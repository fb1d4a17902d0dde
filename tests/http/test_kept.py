"""Connections are kept, and a request is sent again only where a kept connection was dead."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from monitor.core.answer.exchange import Exchange, Failure
from monitor.http import Endpoint, exchange, open_client, tls, transport
from tests.probe.wire import answer, read_request
from tests.support.tls import AUTHORITY, context_of

FINE = answer(200, {"data": []})


@dataclass
class Server:
    """A server on loopback: the requests that it read, by connection, and how often a TLS session resumed."""

    port: int = 0
    scheme: str = "http"
    requests: list[int] = field(default_factory=list)
    opened: int = 0
    most: int = 0
    resumed: list[bool] = field(default_factory=list)

    def endpoint(self) -> Endpoint:
        return Endpoint(base_url=f"{self.scheme}://localhost:{self.port}/v1")


Say = Callable[[int, asyncio.StreamWriter], Awaitable[bool]]  # gives whether the connection stays


async def fine(_number: int, writer: asyncio.StreamWriter) -> bool:
    writer.write(FINE)
    return True


@asynccontextmanager
async def served(say: Say, *, is_secure: bool) -> AsyncIterator[Server]:
    """Answer as `say` does, which gets the number of the request on its connection, from 1."""
    server, writers = Server(scheme="https" if is_secure else "http"), set[asyncio.StreamWriter]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        server.opened, server.most = server.opened + 1, max(server.most, len(writers))
        if is_secure:
            server.resumed.append(writer.get_extra_info("ssl_object").session_reused)
        connection, number, stays = server.opened, 0, True
        try:
            while stays:
                await read_request(reader)
                server.requests.append(connection)
                number += 1
                stays = await say(number, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writers.discard(writer)
            writer.close()

    context = context_of("valid") if is_secure else None
    listener = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield server
        for writer in tuple(writers):
            writer.transport.abort()


def asked(
    say: Say, *, is_secure: bool = False, requests: int = 2, at_once: int = 1, connections: int = 4
) -> tuple[list[Exchange], Server]:
    """Ask so often over one client, so many at once; returns what came and the server."""

    async def run() -> tuple[list[Exchange], Server]:
        async with served(say, is_secure=is_secure) as server:
            async with open_client(server.endpoint(), connections=connections) as opened:
                turn = asyncio.Semaphore(at_once)

                async def ask() -> Exchange:
                    async with turn:
                        url = server.endpoint().url("/chat/completions")
                        return await exchange(opened, "POST", url, timeout_s=30.0, json={"model": "a"})

                answers = await asyncio.gather(*(ask() for _ in range(requests)))
            return answers, server

    return asyncio.run(run())


@pytest.fixture(params=["http", "https"])
def is_secure(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    context = ssl.create_default_context(cafile=AUTHORITY)
    context.sslobject_class = tls.resuming(tls.Sessions())
    monkeypatch.setattr(transport, "tls_context", lambda: context)
    return bool(request.param == "https")


def test_one_connection_carries_all_requests(is_secure: bool) -> None:
    answers, server = asked(fine, is_secure=is_secure, requests=5)
    assert [each.failure for each in answers] == [None] * 5
    assert server.requests == [1] * 5


def test_no_more_connections_are_open_than_asked_for(is_secure: bool) -> None:
    answers, server = asked(fine, is_secure=is_secure, requests=30, at_once=4)
    assert {each.failure for each in answers} == {None}
    assert server.most <= 4
    assert server.opened <= 4


def test_a_request_on_a_dead_kept_connection_is_sent_once_more(is_secure: bool) -> None:
    async def say(number: int, writer: asyncio.StreamWriter) -> bool:
        return number == 1 and await fine(number, writer)

    answers, server = asked(say, is_secure=is_secure)
    assert [each.failure for each in answers] == [None, None]
    assert server.requests == [1, 1, 2]


def test_a_reset_in_place_of_an_answer_counts_as_a_dead_connection(is_secure: bool) -> None:
    async def say(number: int, writer: asyncio.StreamWriter) -> bool:
        if number > 1:
            writer.transport.abort()
            return False
        return await fine(number, writer)

    answers, server = asked(say, is_secure=is_secure)
    assert [each.failure for each in answers] == [None, None]
    assert server.requests == [1, 1, 2]


def test_a_new_connection_that_ends_without_an_answer_is_the_servers_fault(is_secure: bool) -> None:
    async def say(_number: int, _writer: asyncio.StreamWriter) -> bool:
        return False

    answers, server = asked(say, is_secure=is_secure, requests=1)
    assert [each.failure for each in answers] == [Failure.CLOSED]
    assert server.requests == [1]


def test_a_request_is_sent_again_once_and_not_twice(is_secure: bool) -> None:
    total = 0

    async def say(number: int, writer: asyncio.StreamWriter) -> bool:
        nonlocal total
        total += 1
        return total == 1 and await fine(number, writer)

    answers, server = asked(say, is_secure=is_secure)
    assert [each.failure for each in answers] == [None, Failure.CLOSED]
    assert server.requests == [1, 1, 2]


def test_one_byte_of_an_answer_forbids_a_second_request(is_secure: bool) -> None:
    async def say(number: int, writer: asyncio.StreamWriter) -> bool:
        if number > 1:
            writer.write(b"H")
            return False
        return await fine(number, writer)

    answers, server = asked(say, is_secure=is_secure)
    assert [each.failure for each in answers] == [None, Failure.CLOSED]
    assert server.requests == [1, 1]


@pytest.mark.parametrize("header", [{"Connection": "close"}, {}])
def test_a_connection_that_ends_after_its_answer_is_not_used_again(
    is_secure: bool, header: dict[str, str]
) -> None:
    async def say(_number: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer(200, {"data": []}, headers=header))
        return False

    answers, server = asked(say, is_secure=is_secure, requests=4)
    assert [each.failure for each in answers] == [None] * 4
    assert server.requests == [1, 2, 3, 4]


def test_what_came_before_a_request_is_no_answer_to_it(is_secure: bool) -> None:
    """Servers say 408 to an idle connection, and close it."""

    async def say(_number: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(FINE + answer(408, b"", headers={"Connection": "close"}))
        return False

    answers, server = asked(say, is_secure=is_secure, requests=4)
    assert [each.http_status for each in answers] == [200] * 4
    assert server.requests == [1, 2, 3, 4]


def test_connections_that_end_at_random_change_no_answer(is_secure: bool) -> None:
    chance = random.Random(15)  # noqa: S311  # no secret

    async def say(number: int, writer: asyncio.StreamWriter) -> bool:
        if number > 1 and chance.random() < 0.1:
            writer.transport.abort()  # in place of the answer
            return False
        await fine(number, writer)
        return chance.random() >= 0.2

    answers, server = asked(say, is_secure=is_secure, requests=300, at_once=8, connections=8)
    assert {(each.failure, each.http_status) for each in answers} == {(None, 200)}
    assert server.most <= 8


def test_an_answer_left_over_from_the_last_request_is_not_taken(is_secure: bool) -> None:
    async def say(number: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(FINE + (answer(500) if number == 1 else b""))
        return True

    answers, _ = asked(say, is_secure=is_secure, requests=2)
    assert [each.http_status for each in answers] == [200, 200]


@pytest.mark.parametrize("is_secure", ["https"], indirect=True)
def test_the_next_client_resumes_the_tls_session_of_the_last(is_secure: bool) -> None:
    async def run() -> list[bool]:
        async with served(fine, is_secure=is_secure) as server:
            for _ in range(3):
                async with open_client(server.endpoint(), connections=1) as opened:
                    await exchange(opened, "GET", server.endpoint().catalog, timeout_s=30.0)
            return server.resumed

    assert asyncio.run(run()) == [False, True, True]


@pytest.mark.parametrize("is_secure", ["https"], indirect=True)
@pytest.mark.usefixtures("is_secure")
def test_a_session_is_offered_for_an_hour_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "_LONGEST_S", 0.0)

    async def run() -> list[bool]:
        async with served(fine, is_secure=True) as server:
            for _ in range(3):
                async with open_client(server.endpoint(), connections=1) as opened:
                    await exchange(opened, "GET", server.endpoint().catalog, timeout_s=30.0)
            return server.resumed

    assert asyncio.run(run()) == [False, False, False]
