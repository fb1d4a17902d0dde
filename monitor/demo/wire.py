"""Just enough HTTP/1.1 over asyncio streams, so that an answer can also go wrong below HTTP."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

from monitor.demo.answers import CannedAnswer, WireFault

LARGEST_HEAD = 65_536
_LARGEST_BODY = 1_000_000  # bytes; a probe has a few hundred
_PATIENCE_S = 30.0  # seconds; a client that says nothing is let go
_LONGEST_HANG_S = 600.0  # longer than the default time-outs
_DRIPS, _DRIP_EVERY_S = 6_000, 0.1
_FLOOD, _FLOODS = b'{"id": "flood/model"}, ' * 2_800, 8_000  # about 64 kB, 500 MB in all
_NOT_STANDARD = {529: "Overloaded"}


class BadRequest(Exception):
    """What came is not a request that this server reads."""


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def as_json(self) -> Mapping[str, object]:
        """Return the body as a JSON object, empty if it is none."""
        try:
            value: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


async def read_request(reader: asyncio.StreamReader) -> RawRequest | None:
    """Read one request; None when the client has gone. Raises BadRequest."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, headers = _head(head)
            body = await reader.readexactly(_body_length(headers))
    except asyncio.LimitOverrunError:
        raise BadRequest from None  # LimitOverrunError: a head without an end
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        return None
    parts = urlsplit(path)
    return RawRequest(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)


async def write_answer(
    writer: asyncio.StreamWriter, reader: asyncio.StreamReader, answer: CannedAnswer
) -> bool:
    """Send an answer, faults included; returns whether the connection can be used again."""
    if answer.fault is None:
        writer.write(_head_of(answer, len(answer.body.encode())) + answer.body.encode())
        await writer.drain()
        return True
    await _FAULTS[answer.fault](writer, reader, answer)
    return False


def _head(head: bytes) -> tuple[str, str, Mapping[str, str]]:
    try:  # latin-1 decodes any byte, as HTTP/1.1 defines heads
        first, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, path, version = first.split(" ")
        urlsplit(path)
    except ValueError:
        raise BadRequest from None
    if version not in {"HTTP/1.1", "HTTP/1.0"} or not path.startswith("/"):
        raise BadRequest
    pairs = (line.partition(":") for line in rest)
    return method, path, {name.strip().lower(): value.strip() for name, _, value in pairs}


def _body_length(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "0")
    # chunked bodies are not read: the HTTP client of sweeps sends none
    if "transfer-encoding" in headers or not (length.isascii() and length.isdigit() and len(length) < 10):  # noqa: PLR2004
        raise BadRequest
    if int(length) > _LARGEST_BODY:
        raise BadRequest
    return int(length)


def _head_of(answer: CannedAnswer, length: int) -> bytes:
    words = _NOT_STANDARD.get(answer.status) or HTTPStatus(answer.status).phrase
    headers = {"Content-Type": answer.content_type, "Content-Length": str(length), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {words}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join((*lines, "", "")).encode("latin-1", "replace")


async def _hang(_: asyncio.StreamWriter, reader: asyncio.StreamReader, __: CannedAnswer) -> None:
    with contextlib.suppress(TimeoutError, ConnectionError):  # reading notices a client that leaves
        async with asyncio.timeout(_LONGEST_HANG_S):
            while await reader.read(LARGEST_HEAD):
                pass


async def _reset(writer: asyncio.StreamWriter, _: asyncio.StreamReader, __: CannedAnswer) -> None:
    raw = writer.get_extra_info("socket")
    # lingering for 0 s sends a reset instead of a close
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _close(writer: asyncio.StreamWriter, _: asyncio.StreamReader, __: CannedAnswer) -> None:
    writer.close()


async def _cut(writer: asyncio.StreamWriter, _: asyncio.StreamReader, answer: CannedAnswer) -> None:
    body = answer.body.encode()
    writer.write(_head_of(answer, len(body) + 1_000) + body)
    await writer.drain()


async def _drip(writer: asyncio.StreamWriter, _: asyncio.StreamReader, answer: CannedAnswer) -> None:
    writer.write(_head_of(answer, _DRIPS))
    for _number in range(_DRIPS):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(_DRIP_EVERY_S)


async def _flood(writer: asyncio.StreamWriter, _: asyncio.StreamReader, answer: CannedAnswer) -> None:
    writer.write(_head_of(answer, len(_FLOOD) * _FLOODS))
    for _number in range(_FLOODS):
        writer.write(_FLOOD)
        await writer.drain()


_FAULTS = {
    WireFault.HANG: _hang,
    WireFault.RESET: _reset,
    WireFault.CLOSE: _close,
    WireFault.CUT: _cut,
    WireFault.DRIP: _drip,
    WireFault.FLOOD: _flood,
}
