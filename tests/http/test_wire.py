"""One exchange is a value whatever the server does, within its time and its bytes."""

import asyncio
import gzip
import inspect
import json
import socket
import ssl
import time
import zlib

import pytest

from monitor.core.answer.exchange import Exchange, Failure
from monitor.errors import ConfigError
from monitor.http import Auth, Endpoint, exchange, open_client
from monitor.http.failures import FOREIGN, failure_of
from monitor.http.library import httpcore, httpx
from tests.probe.wire import CHAT, KEY, Play, Request, Wire, answer, saying, serve

CAP = 1000
PATIENCE_S = 30.0  # for whatever comes: a busy machine takes its time
TIMEOUT_S = 2.0  # for what never comes; what comes before it has this long


async def ask(wire: Wire, *, timeout_s: float = PATIENCE_S, cap_bytes: int = CAP) -> Exchange:
    async with open_client(wire.endpoint()) as client:
        return await exchange(
            client,
            "POST",
            wire.endpoint().url("/chat/completions"),
            timeout_s=timeout_s,
            cap_bytes=cap_bytes,
            json={"model": "m"},
        )


def result_of(play: Play, *, timeout_s: float = PATIENCE_S) -> Exchange:
    async def run() -> Exchange:
        async with serve(play) as wire:
            return await ask(wire, timeout_s=timeout_s)

    return asyncio.run(run())


async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def hang_after_headers(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(30)


async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_headers(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        writer.write(f"X-{number}: 1\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless_headers(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        writer.write(f"X-{number}: {'x' * 1000}\r\n".encode())
        await writer.drain()


async def endless_body(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100_000):
        writer.write(b"400\r\n" + b"x" * 0x400 + b"\r\n")
        await writer.drain()


async def endless_patience(_request: Request, writer: asyncio.StreamWriter) -> None:
    for _ in range(1000):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def reset(_request: Request, writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


NOT_WHOLE = [
    ("nothing comes", hang, Failure.TIMEOUT),
    ("headers, then nothing", hang_after_headers, Failure.TIMEOUT_AFTER_HEADERS),
    ("a body byte by byte", drip, Failure.TIMEOUT_AFTER_HEADERS),
    ("headers line by line", drip_headers, Failure.TIMEOUT),
    ("headers without end", endless_headers, Failure.CLOSED),
    ("interim answers without end", endless_patience, Failure.TIMEOUT),
    ("a reset", reset, Failure.CLOSED),
    ("closed without a word", saying(b""), Failure.CLOSED),
    ("garbage", saying(b"\x00\xff\x16\x03 what?\r\n\r\n"), Failure.CLOSED),
    ("a status that is no number", saying(b"HTTP/1.1 OK\r\n\r\n"), Failure.CLOSED),
    ("a negative length", saying(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"), Failure.CLOSED),
    ("too great a length", saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"), Failure.CLOSED),
    (
        "a broken chunk",
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        Failure.CLOSED,
    ),
    ("broken gzip", saying(answer(200, b"plain", headers={"Content-Encoding": "gzip"})), Failure.GARBLED),
    (
        "an encoding not asked for",
        saying(answer(200, b"x", headers={"Content-Encoding": "br"})),
        Failure.GARBLED,
    ),
]


@pytest.mark.parametrize(
    ("play", "failure"), [row[1:] for row in NOT_WHOLE], ids=[row[0] for row in NOT_WHOLE]
)
def test_an_answer_that_is_not_whole_is_a_failure_within_the_time(play: Play, failure: Failure) -> None:
    is_slow = failure in {Failure.TIMEOUT, Failure.TIMEOUT_AFTER_HEADERS}
    found = result_of(play, timeout_s=TIMEOUT_S if is_slow else PATIENCE_S)
    assert (found.failure, found.latency_ms) == (failure, None)


def test_an_endless_body_is_cut_at_the_cap() -> None:
    found = result_of(endless_body)
    assert (found.truncated, len(found.body), found.failure) == (True, CAP, None)


def test_a_body_of_exactly_the_cap_is_whole() -> None:
    found = result_of(saying(answer(200, b"x" * CAP)))
    assert (found.truncated, len(found.body)) == (False, CAP)


def test_a_gzip_bomb_is_cut_at_the_cap() -> None:
    bomb = gzip.compress(gzip.compress(b"\x00" * 50_000_000)[:0] + b"\x00" * 20_000_000)
    found = result_of(saying(answer(200, bomb, headers={"Content-Encoding": "gzip"})))
    assert (found.truncated, len(found.body)) == (True, CAP)


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compression_nobody_asked_for_is_undone(name: str, pack: object) -> None:
    packed = pack(json.dumps(CHAT).encode()) if callable(pack) else b""
    found = result_of(saying(answer(200, packed, headers={"Content-Encoding": name})))
    assert json.loads(found.body) == CHAT


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert result_of(saying(answer(200, b'\xef\xbb\xbf{"a": "\xff"}'))).body == '{"a": "\ufffd"}'


def test_only_headers_somebody_reads_are_kept() -> None:
    headers = {"Retry-After": "7", "X-RateLimit-Reset": "1", "Set-Cookie": "a=b", "X-Request-Id": KEY}
    found = result_of(saying(answer(429, b"", headers=headers)))
    assert dict(found.headers) == {
        "content-type": "application/json",
        "retry-after": "7",
        "x-ratelimit-reset": "1",
    }


def test_latency_leaves_out_the_way_to_the_server() -> None:
    async def slowly(_request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(answer(200, CHAT))

    began = time.monotonic()
    latency_ms = result_of(slowly).latency_ms
    assert latency_ms is not None
    assert 95 <= latency_ms <= 1000 * (time.monotonic() - began)


def test_nobody_listening_is_a_connection_that_failed() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert asyncio.run(ask(Wire(url))).failure is Failure.CONNECT


def test_a_handshake_that_never_ends_is_the_connections_fault() -> None:
    async def run() -> Exchange:
        async with serve(hang) as wire:
            return await ask(Wire(wire.url.replace("http:", "https:")), timeout_s=TIMEOUT_S)

    assert asyncio.run(run()).failure is Failure.CONNECT


def test_a_server_that_speaks_no_tls_is_a_tls_failure() -> None:
    def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"not tls at all\r\n" * 9)
        writer.close()

    async def run() -> Exchange:
        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await ask(Wire(f"https://127.0.0.1:{port}"))

    assert asyncio.run(run()).failure is Failure.TLS


@pytest.mark.parametrize(
    ("base_url", "failure"),
    [
        ("ftp://127.0.0.1/v1", Failure.UNSENDABLE),
        ("http:///v1", Failure.UNSENDABLE),
        (f"http://{'a' * 70}.invalid/v1", Failure.DNS),
        ("http://127.0.0.1:99999/v1", Failure.UNSENDABLE),
    ],
)
def test_an_address_that_leads_nowhere_is_a_value_too(base_url: str, failure: Failure) -> None:
    async def run() -> Exchange:
        endpoint = Endpoint(base_url=base_url, api_key=KEY)
        async with open_client(endpoint) as client:
            return await exchange(client, "GET", endpoint.url("/models"), timeout_s=PATIENCE_S)

    assert asyncio.run(run()).failure in {failure, Failure.UNSENDABLE}


def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    async def run() -> tuple[Exchange, list[Request]]:
        headers = {"Location": "/elsewhere", "Set-Cookie": "taste=sweet; Path=/"}
        async with serve(saying(answer(302, b"", headers=headers))) as wire:
            async with open_client(wire.endpoint()) as client:
                await exchange(client, "GET", wire.endpoint().url("/models"), timeout_s=PATIENCE_S)
                found = await exchange(client, "GET", wire.endpoint().url("/models"), timeout_s=PATIENCE_S)
            return found, wire.requests

    found, requests = asyncio.run(run())
    assert found.http_status == 302
    assert [request.target for request in requests] == ["/v1/models", "/v1/models"]
    assert "cookie" not in requests[1].headers


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (Auth.BEARER, ("authorization", f"Bearer {KEY}")),
        (Auth.X_API_KEY, ("x-api-key", KEY)),
        (Auth.API_KEY, ("api-key", KEY)),
        (Auth.NONE, None),
    ],
)
def test_the_key_goes_where_the_provider_wants_it(auth: Auth, header: tuple[str, str] | None) -> None:
    async def run() -> Request:
        async with serve(saying(answer(200, CHAT))) as wire:
            endpoint = Endpoint(base_url=wire.url, api_key=KEY, auth=auth, headers={"X-Own": "1"})
            async with open_client(endpoint) as client:
                await exchange(client, "GET", endpoint.url("/models"), timeout_s=PATIENCE_S)
            return wire.requests[0]

    request = asyncio.run(run())
    assert [item for item in request.headers.items() if KEY in item[1]] == ([header] if header else [])
    assert (request.headers["x-own"], request.headers["user-agent"]) == ("1", "monitor/0.1.0")


def test_the_key_goes_to_the_providers_own_origin_only() -> None:
    async def run() -> tuple[list[Request], list[Request]]:
        async with serve(saying(answer(200, CHAT))) as home, serve(saying(answer(200, CHAT))) as stranger:
            async with open_client(home.endpoint()) as client:
                await exchange(client, "GET", home.url, timeout_s=PATIENCE_S)
                await exchange(client, "GET", stranger.url, timeout_s=PATIENCE_S)
            return home.requests, stranger.requests

    at_home, at_strangers = asyncio.run(run())
    assert "authorization" in at_home[0].headers
    assert "authorization" not in at_strangers[0].headers


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY}", "a\r\nX-Evil: 1", "schlüssel-für-alles", "a\x00b"])
def test_a_key_no_header_can_carry_is_refused_without_showing_it(key: str) -> None:
    async def run() -> None:
        async with open_client(Endpoint(base_url="http://127.0.0.1:1/v1", api_key=key)):
            pass

    with pytest.raises(ConfigError) as refusal:
        asyncio.run(run())
    assert key.strip() not in str(refusal.value)


def test_a_broken_proxy_address_is_refused_without_showing_it() -> None:
    async def run() -> None:
        endpoint = Endpoint(base_url="http://127.0.0.1:1/v1", proxy="nonsense://user:hush@h")
        async with open_client(endpoint):
            pass

    with pytest.raises(ConfigError) as refusal:
        asyncio.run(run())
    assert "hush" not in str(refusal.value)


def test_no_repr_shows_a_key_or_what_a_server_echoed() -> None:
    endpoint = Endpoint(base_url="http://h/v1", api_key=KEY, headers={"X": KEY}, proxy=f"http://u:{KEY}@p")
    echo = Exchange(http_status=401, body=f"bad key {KEY}", headers={"location": KEY})
    assert KEY not in repr(endpoint) + repr(echo)


def test_a_proxy_that_refuses_is_the_networks_fault() -> None:
    async def run() -> Exchange:
        async with serve(saying(answer(407))) as proxy:
            endpoint = Endpoint(base_url="https://provider.invalid/v1", api_key=KEY, proxy=proxy.url)
            async with open_client(endpoint) as client:
                return await exchange(client, "GET", endpoint.url("/models"), timeout_s=PATIENCE_S)

    assert asyncio.run(run()).failure is Failure.PROXY


FOREIGN_KINDS = [
    kind
    for library in (httpx, httpcore)
    for _, kind in inspect.getmembers(library, inspect.isclass)
    if issubclass(kind, Exception) and kind is not httpx.HTTPStatusError and kind is not httpx.CookieConflict
]


@pytest.mark.parametrize("kind", FOREIGN_KINDS)
def test_every_exception_of_the_library_is_translated(kind: type[Exception]) -> None:
    """A status is never raised, as nobody asks for it; the jar is empty, so cookies cannot conflict."""
    assert issubclass(kind, FOREIGN) or kind is httpx.HTTPError


@pytest.mark.parametrize(
    ("cause", "failure"),
    [
        (socket.gaierror(-2, "unknown"), Failure.DNS),
        (ssl.SSLCertVerificationError(), Failure.TLS),
        (ConnectionRefusedError(), Failure.CONNECT),
        (None, Failure.CONNECT),
    ],
)
def test_the_causes_tell_why_no_connection_came(cause: Exception | None, failure: Failure) -> None:
    middle = OSError()
    middle.__cause__ = cause
    fault = httpcore.ConnectError("")
    fault.__context__ = middle
    assert failure_of(fault) is failure


def test_the_time_of_the_first_sign_is_told_beside_that_of_the_end() -> None:
    """The end is sent when the first sign was seen, whenever that is."""

    async def run(sign: bytes) -> Exchange:
        is_read = asyncio.Event()

        async def in_two_parts(_request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfir")
            await writer.drain()
            await asyncio.sleep(0.02)
            writer.write(b"st")
            await writer.drain()
            await is_read.wait()
            await asyncio.sleep(0.02)
            writer.write(b"end")

        def is_sign(body: bytes | bytearray) -> bool:
            if b"first" in body:
                is_read.set()
            return sign in body

        async with serve(in_two_parts) as wire, open_client(wire.endpoint()) as client:
            return await exchange(client, "GET", wire.url, timeout_s=PATIENCE_S, sign=is_sign)

    found = asyncio.run(run(b"first"))
    assert found.latency_ms is not None
    assert found.sign_ms is not None
    assert 19 <= found.sign_ms <= found.latency_ms - 19
    assert asyncio.run(run(b"never")).sign_ms is None


def test_headers_of_one_request_go_along_with_it_alone() -> None:
    async def run() -> list[Request]:
        async with serve(saying(answer(200, CHAT))) as wire, open_client(wire.endpoint()) as client:
            await exchange(client, "GET", wire.url, timeout_s=PATIENCE_S, headers={"X-Once": "1"})
            await exchange(client, "GET", wire.url, timeout_s=PATIENCE_S)
            return wire.requests

    first, second = asyncio.run(run())
    assert (first.headers.get("x-once"), second.headers.get("x-once")) == ("1", None)
    assert "authorization" in first.headers
