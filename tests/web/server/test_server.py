"""The server: where it listens, how it ends, whom it does not wait for."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from monitor.errors import ConfigError
from monitor.web.server.connection import REQUEST_SECONDS
from monitor.web.server.listener import address_of, open_listener
from monitor.web.server.server import serve

PATIENCE_S = 60.0  # its own times are a few seconds
Talk = Callable[["Caller"], Awaitable[None]]


async def hello(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 200 to everything; /slow only after half an hour."""
    if scope["path"] == "/slow":
        await asyncio.sleep(1800)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Caller:
    """Opens connections to the server, and closes them when all is over."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opened: list[asyncio.StreamWriter] = []

    async def say(self, text: bytes) -> asyncio.StreamReader:
        """Send something on a connection of its own."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        self.opened.append(writer)
        writer.write(text)
        return reader

    async def hang_up(self) -> None:
        for writer in self.opened:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def run_with(talk: Talk, *, port: int = 0, by_cancelling: bool = False) -> float:
    """Serve while `talk` talks to it, end it, and return how many seconds the end took."""
    loop = asyncio.get_running_loop()
    stop, url = asyncio.Event(), loop.create_future()
    task = asyncio.create_task(serve(hello, host="127.0.0.1", port=port, ready=url.set_result, stop=stop))
    caller = Caller(await asyncio.wait_for(url, PATIENCE_S))
    await talk(caller)
    began = loop.time()
    if by_cancelling:
        task.cancel()
    else:
        stop.set()
    await asyncio.wait({task}, timeout=PATIENCE_S)
    took = loop.time() - began
    await caller.hang_up()
    assert task.done()
    assert task.cancelled() == by_cancelling
    return took


async def silent(_caller: Caller) -> None:
    """Say nothing."""


async def kept_open(caller: Caller) -> None:
    reader = await caller.say(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await reader.readuntil(b"ok")


async def half_a_request(caller: Caller) -> None:
    await caller.say(b"GET / HTTP/1.1\r\nHo")


async def never_answered(caller: Caller) -> None:
    await caller.say(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")


@pytest.mark.parametrize("by_cancelling", [False, True])
@pytest.mark.parametrize("talk", [silent, kept_open, half_a_request, never_answered])
def test_it_ends_in_time_whatever_its_clients_do(talk: Talk, by_cancelling: bool) -> None:
    assert asyncio.run(run_with(talk, by_cancelling=by_cancelling)) < PATIENCE_S / 2


def test_signals_stay_with_the_daemon() -> None:
    async def compare() -> None:
        before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

        async def look(_caller: Caller) -> None:
            assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before

        await run_with(look)

    asyncio.run(compare())


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_request_that_never_ends_loses_its_place(first: bytes) -> None:
    async def dawdle(caller: Caller) -> None:
        reader = await caller.say(first + b"GET / HTTP/1.1\r\nHo")
        rest = await asyncio.wait_for(reader.read(), REQUEST_SECONDS + PATIENCE_S)
        assert rest.count(b"HTTP/1.1 ") == bool(first)

    asyncio.run(run_with(dawdle))


def test_an_endless_head_is_refused() -> None:
    async def chatter(caller: Caller) -> None:
        reader = await caller.say(b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")

    asyncio.run(run_with(chatter))


def test_a_port_in_use_is_a_configuration_error_with_its_remedy() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as refusal:
            asyncio.run(serve(hello, host="127.0.0.1", port=port))
    assert str(refusal.value) == (
        f'web.listen = "127.0.0.1:{port}": the port is in use: '
        "stop what listens there, or choose another port"
    )


@pytest.mark.parametrize(
    ("host", "message"),
    [
        (
            "192.0.2.1",
            'web.listen = "192.0.2.1:0": this machine has no such address: use 127.0.0.1, or 0.0.0.0',
        ),
        ("no.such.host.invalid", 'web.listen = "no.such.host.invalid:0": the host name is not known here'),
        ("a" * 70, f'web.listen = "{"a" * 70}:0": the host name is not known here'),
    ],
)
def test_a_bad_address_is_a_configuration_error(host: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        asyncio.run(serve(hello, host=host, port=0))
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 - it is the case
def test_the_address_told_is_one_to_open(host: str) -> None:
    with closing(open_listener(host, 0)) as listener:
        listener.listen()
        parts = urlsplit(address_of(listener))
        with closing(socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30)):
            pass


def test_a_restart_takes_the_same_port_at_once() -> None:
    async def twice() -> None:
        ports: list[int] = []

        async def note(caller: Caller) -> None:
            ports.append(int(urlsplit(caller.url).port or 0))
            await kept_open(caller)

        await run_with(note)
        await run_with(note, port=ports[0])
        assert ports[0] == ports[1]

    asyncio.run(twice())


def test_an_answer_in_two_pieces_does_not_wait_for_its_reader() -> None:
    """The loop sets TCP_NODELAY only where the protocol says TCP; without it an answer takes 40 ms more."""
    with closing(open_listener("127.0.0.1", 0)) as listener:
        listener.listen()
        with closing(socket.create_connection(listener.getsockname(), timeout=30)):
            listener.setblocking(True)
            accepted, _ = listener.accept()
            with closing(accepted):
                assert accepted.proto == socket.IPPROTO_TCP
