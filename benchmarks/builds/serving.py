"""Two builds' web servers: what an answer takes, and how health is answered beside a crowd."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from statistics import median
from urllib.parse import urlsplit

from benchmarks.builds.build import CPU, WALL, Build, Costs, Running
from benchmarks.builds.compared import Pair, figures, in_turns
from benchmarks.builds.working import UrlOf, config
from benchmarks.figures import Figure

_ADDRESSES = ("/", "/v1/models", "/api/v1/models", "/feed.atom", "/healthz")
_REQUESTS = 20
_IDLE, _EAGER, _PAGES = 200, 40, 20
_LOOKS = 3
_UNANSWERED_S = 10.0  # what counts as no answer at all
_AGAIN_S = 0.05
_PATIENCE_S = 60.0

Place = tuple[str, int]
"""Host and port of a server."""


def serving(pair: Pair, repeats: int, url_of: UrlOf, base_url: str) -> Iterator[Figure]:
    """Compare daemons that have swept once and now only serve."""
    with ExitStack() as stack:
        served = {build: _served(stack, build, url_of, base_url) for build in pair}
        for address in _ADDRESSES:
            rounds = in_turns(pair, repeats, partial(_ask, served, address))
            yield from figures(f"GET {address}", rounds)
        rounds = in_turns(pair, repeats, partial(_ask_beside_a_crowd, served))
        yield from figures(f"GET /healthz beside {_IDLE} idle and {_EAGER} pipelining connections", rounds)


def _served(stack: ExitStack, build: Build, url_of: UrlOf, base_url: str) -> tuple[Running, Place]:
    file = config(build, url_of(build, "serving"), base_url)
    process = stack.enter_context(build.running("-m", "monitor", "--config", file, "run"))
    address = urlsplit(process.line_with("status page: ").rpartition(" ")[2])
    process.line_with("sweep_finished")
    return process, (address.hostname or "", address.port or 0)


def _ask(served: dict[Build, tuple[Running, Place]], path: str, build: Build) -> Costs:
    """Ask for the same again and again over one connection; returns what one answer takes."""
    process, place = served[build]
    connection = http.client.HTTPConnection(*place, timeout=_PATIENCE_S)
    _get(connection, path)
    used, start = process.cpu_s, time.perf_counter()
    for _ in range(_REQUESTS):
        _get(connection, path)
    spent = {WALL: time.perf_counter() - start, CPU: process.cpu_s - used}
    connection.close()
    return {what: seconds / _REQUESTS for what, seconds in spent.items()}


def _ask_beside_a_crowd(served: dict[Build, tuple[Running, Place]], build: Build) -> Costs:
    """Ask for health while others hold connections and want pages; who is refused stays away."""
    process, place = served[build]
    used, seconds = process.cpu_s, list[float]()
    with ExitStack() as crowd:
        for number in range(_IDLE + _EAGER):
            with suppress(OSError):
                each = crowd.enter_context(socket.create_connection(place, timeout=_PATIENCE_S))
                if number >= _IDLE:
                    each.sendall(b"GET / HTTP/1.1\r\nHost: crowd\r\n\r\n" * _PAGES)
        for _ in range(_LOOKS):
            seconds.append(_healthy_after_s(place))
    return {WALL: median(seconds), CPU: process.cpu_s - used}


def _healthy_after_s(place: Place) -> float:
    start = time.perf_counter()
    while time.perf_counter() - start < _UNANSWERED_S:
        connection = http.client.HTTPConnection(*place, timeout=_UNANSWERED_S)
        with suppress(OSError, http.client.HTTPException, RuntimeError), closing(connection):
            _get(connection, "/healthz")
            return time.perf_counter() - start
        time.sleep(_AGAIN_S)
    return _UNANSWERED_S


def _get(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.client.OK:
        raise RuntimeError(f"{path} was answered with {answer.status}")
