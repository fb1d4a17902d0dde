"""The upstream that all watch, as a process of its own: it costs little, so that it disturbs nobody.

`python -m benchmarks.peers.upstream MODELS LATENCY_S SCHEME` prints its address. A line on stdin makes it
print, as JSON, what was asked since the last line: of which model and when, in seconds of its clock.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.process import ROOT
from monitor.demo.stories import steady
from tests.support.tls import context_of

_CHAT = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]
}


class Upstream:
    """The running process as its starter sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.address = self._said()

    def arrivals(self) -> list[tuple[str, float]]:
        """Return which model each request since the last call was for and when it came, oldest first."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return [(str(model), float(at_s)) for model, at_s in json.loads(self._said())]

    def _said(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(
                "the upstream has ended; try `python -m benchmarks.peers.upstream 5 0.02 https`"
            )
        return line.strip()


@contextmanager
def upstream(models: int, latency_s: float, scheme: str) -> Iterator[Upstream]:
    """Run one that lists so many models and answers after `latency_s` seconds."""
    command = [sys.executable, "-m", "benchmarks.peers.upstream", str(models), str(latency_s), scheme]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield Upstream(process)
        finally:
            process.terminate()


class _Connection(asyncio.Protocol):
    """Reads requests one after the other, and answers each when its time has come."""

    def __init__(self, catalog: bytes, latency_s: float, arrivals: list[tuple[str, float]]) -> None:
        self._catalog, self._latency_s, self._arrivals = catalog, latency_s, arrivals
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (head := self._read.find(b"\r\n\r\n")) >= 0:
            words = bytes(self._read[:head]).lower()
            length = words.partition(b"content-length:")[2].split(b"\r\n")[0].strip()
            end = head + 4 + int(length or 0)
            if len(self._read) < end:
                return
            asked = bytes(self._read[:end])
            del self._read[:end]
            self._answer(asked)

    def _answer(self, asked: bytes) -> None:
        if asked.startswith(b"GET /v1/models HTTP"):
            self._write(self._catalog)
            return
        named = _MODEL.search(asked)
        self._arrivals.append((named[1].decode() if named else "", time.monotonic()))
        asyncio.get_running_loop().call_later(self._latency_s, self._write, _ANSWER)

    def _write(self, answer: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport) and not self._transport.is_closing():
            self._transport.write(answer)


def _answer(document: object) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


_ANSWER = _answer(_CHAT)
_MODEL = re.compile(rb'"model": ?"([^"]*)"')


async def _serve(models: int, latency_s: float, scheme: str) -> None:
    listed = [{"id": name, "object": "model"} for name in steady(models).listed]
    catalog, arrivals = _answer({"object": "list", "data": listed}), list[tuple[str, float]]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(catalog, latency_s, arrivals),
        "127.0.0.1",
        0,
        ssl=context_of("valid") if scheme == "https" else None,
        backlog=1_000,
    )
    _say(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    while await asyncio.to_thread(sys.stdin.readline):
        _say(json.dumps(arrivals))
        arrivals.clear()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
