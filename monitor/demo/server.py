"""The simulated provider as a server on loopback, in the caller's event loop."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self
from zlib import crc32

from monitor.demo.answers import PAGE_NOT_FOUND, PLAIN, CannedAnswer, problem
from monitor.demo.behaviours import METADATA
from monitor.demo.script import Script
from monitor.demo.wire import LARGEST_HEAD, BadRequest, RawRequest, read_request, write_answer
from monitor.demo.world import World

_PREFIX = "/v1/"
_BACKLOG = 1_024  # a sweep of thousands opens its connections at once
_KEPT_REQUESTS = 100_000  # the oldest go first; a demo that runs for a day must not grow without end
_SPREAD = 1_000
_NO_HEADER = CannedAnswer(401, "Header of type `authorization` was missing", PLAIN)
_BAD_REQUEST = CannedAnswer(400, "Bad Request", PLAIN)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it. `at_s` is the loop's clock; `authorization` is never kept."""

    method: str
    path: str
    model: str | None
    headers: Mapping[str, str]
    body: Mapping[str, object]
    at_s: float


class DemoServer:
    """`async with DemoServer(world, latency_s=0.2) as server:` listens on `server.base_url`.

    `plays` is a world that stays, or a script. A script moves on by `step`, or by itself at each reading of
    the list when `moves_itself` (the first reading is step 0). With `api_key` set, probes without it are
    refused. With `is_uneven`, latencies go from half to one and a half of `latency_s`, model by model.
    """

    def __init__(
        self,
        plays: World | Script,
        *,
        latency_s: float = 0.0,
        is_uneven: bool = False,
        moves_itself: bool = False,
        api_key: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.script = plays if isinstance(plays, Script) else Script(plays)
        self.world = self.script.world_at(0)
        self.latency_s = latency_s
        self.requests: deque[Request] = deque(maxlen=_KEPT_REQUESTS)
        self._is_uneven = is_uneven
        self._moves_itself = moves_itself
        self._api_key = api_key
        self._host, self._port = host, port
        self._readings = 0
        self._asked: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """The address to configure as `base_url`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/v1"

    def set_world(self, world: World) -> None:
        """Show another world from the next request on."""
        self.world = world
        self._asked.clear()  # "hang>ok" counts from the new world on

    def step(self, number: int) -> None:
        """Show the script's world at a step."""
        self.set_world(self.script.world_at(number))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connection, self._host, self._port, limit=LARGEST_HEAD, backlog=_BACKLOG
        )
        self._port = self._server.sockets[0].getsockname()[1]  # port 0 lets the system choose
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._connections:  # closing leaves connections open
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            while await self._exchange(reader, writer):
                pass
        except asyncio.CancelledError:  # only the closing server cancels
            writer.transport.abort()
        except ConnectionError:
            pass
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; returns whether another may follow on this connection."""
        try:
            request = await read_request(reader)
        except BadRequest:
            await write_answer(writer, reader, _BAD_REQUEST)
            return False
        if request is None:
            return False
        answer = self._answer(request)  # before the wait: a script may move on
        model = _text(request.as_json().get("model")) or ""
        await asyncio.sleep(self._latency_of(model) * answer.slowness + answer.delay_s)
        is_last = request.headers.get("connection", "").lower() == "close"
        answer = answer.with_headers(Connection="close") if is_last else answer
        return await write_answer(writer, reader, answer) and not is_last

    def _latency_of(self, model: str) -> float:
        if not self._is_uneven:
            return self.latency_s
        # crc32: the same model is as slow in every run
        return self.latency_s * (0.5 + crc32(model.encode()) % _SPREAD / _SPREAD)

    def _answer(self, request: RawRequest) -> CannedAnswer:
        body = request.as_json()
        model = _text(body.get("model"))
        self._note(request, model, body)
        endpoint = request.path.removeprefix(_PREFIX)
        if not request.path.startswith(_PREFIX):
            return PAGE_NOT_FOUND
        if request.method == "GET":
            return self._read(endpoint, request.query)
        if request.method != "POST" or not self.world.serves(endpoint):
            return PAGE_NOT_FOUND
        return self._refusal(request) or self._probe(endpoint, model, body)

    def _read(self, endpoint: str, query: Mapping[str, str]) -> CannedAnswer:
        if endpoint == METADATA:
            if self._moves_itself and not query:  # a further page belongs to the reading before it
                self.step(self._readings)
                self._readings += 1
            return self.world.listing(self.base_url, query)
        if endpoint.startswith(f"{METADATA}/"):
            return self.world.metadata(endpoint.removeprefix(f"{METADATA}/"))
        if endpoint.startswith("status/"):
            return self.world.status(endpoint.removeprefix("status/"))
        return self.world.elsewhere(endpoint)

    def _probe(self, endpoint: str, model: str | None, body: Mapping[str, object]) -> CannedAnswer:
        if model is None:
            return replace(
                problem(400, "Bad Request", "model field is required"), content_type="application/json"
            )
        before, self._asked[model] = self._asked[model], self._asked[model] + 1
        return self.world.probe(endpoint, model, body, requests_before=before)

    def _refusal(self, request: RawRequest) -> CannedAnswer | None:
        given = request.headers.get("authorization")
        if self._api_key is None or given == f"Bearer {self._api_key}":
            return None
        return _NO_HEADER if given is None else problem(403, "Forbidden", "Authorization failed")

    def _note(self, request: RawRequest, model: str | None, body: Mapping[str, object]) -> None:
        # a test's failure prints its requests: no key may be among them
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        now = asyncio.get_running_loop().time()
        self.requests.append(Request(request.method, request.path, model, headers, body, now))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
