"""A whole network in trouble: a name server, addresses and devices of our own, in a namespace for each test.

Where a machine allows no namespaces, what loopback offers stands for it: a name that never resolves, a port
that is closed and opened again. The weaker forms at the end run everywhere: a resolver that changes its mind,
`::1`, an address whose queue is full.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from monitor.core.answer.exchange import Failure
from monitor.core.domain.vocabulary import Cause
from monitor.demo import DemoServer, World
from monitor.http import Endpoint, exchange, open_client
from tests.probe.wire import answer, saying, serve
from tests.support import gateway as g
from tests.support.namespaces import isolated, may_isolate

MODULE = "tests.http.isolated"
WORLD = World(listed=tuple(f"acme/model-{number}" for number in range(8)))
OURS = "our_network"
NO_NAME = "the host name cannot be resolved (api.provider.test:8000): check the host in base_url, and "


def causes(rows: list[dict[str, Any]]) -> list[str | None]:
    return [row["cause"] for row in rows]


@g.ON_SQLITE
def test_each_failure_of_a_name_server_is_our_networks_and_ends_by_itself(
    engine: Engine, tmp_path: Path
) -> None:
    """No such name, SERVFAIL and silence."""
    if not may_isolate():
        with g.gateway(WORLD) as there:
            aim = g.target(there.base_url)
            g.sweep(aim, engine, g.NOON)
            lost = g.sweep(g.target("http://api.provider.invalid/v1"), engine, g.hours(1))
            back = g.sweep(aim, engine, g.hours(2))
        assert (lost.decision.cause, back.decision.cause) == (Cause.OUR_NETWORK, None)
        assert g.model_events(engine) == len(WORLD.listed)
        return
    rows = isolated(MODULE, "names", tmp_path)
    assert causes(rows) == [None, OURS, OURS, OURS, None]
    assert all(row["detail"].startswith(NO_NAME) for row in rows[1:4])
    assert [row["moved"] for row in rows] == [0] * 5


@g.ON_SQLITE
def test_a_network_that_goes_away_in_mid_sweep_moves_no_model(engine: Engine, tmp_path: Path) -> None:
    if not may_isolate():
        with g.gateway(WORLD) as there:
            aim, port = g.target(there.base_url), int(there.base_url.split(":")[2].split("/")[0])
            g.sweep(aim, engine, g.NOON)
        assert g.sweep(aim, engine, g.hours(1)).decision.cause == Cause.OUR_NETWORK
        with g.gateway(WORLD, port=port):
            assert g.sweep(aim, engine, g.hours(2)).decision.cause is None
        assert g.model_events(engine) == len(WORLD.listed)
        return
    rows = isolated(MODULE, "offline", tmp_path)
    assert causes(rows) == [None, OURS, OURS, None]
    assert [row["moved"] for row in rows] == [0] * 4
    assert 0 < rows[1]["answered"] < len(WORLD.listed)
    assert "api.provider.test:8000" in rows[1]["detail"]


def test_another_name_server_is_used_without_a_restart(tmp_path: Path) -> None:
    """The C library reads /etc/resolv.conf again when it changes: nothing here may remember a name."""
    if may_isolate():  # else: the resolver that changes its mind, below
        assert causes(isolated(MODULE, "resolver", tmp_path)) == [OURS, None]


def test_a_provider_with_ipv6_alone_is_reached(tmp_path: Path) -> None:
    if may_isolate():  # else: `::1`, below
        assert causes(isolated(MODULE, "six_only", tmp_path)) == [None]


def test_broken_ipv6_beside_ipv4_costs_no_sweep(tmp_path: Path) -> None:
    """Happy eyeballs (RFC 8305): the IPv4 address is tried a quarter of a second later, beside the first."""
    if may_isolate():  # else: the address whose queue is full, below
        rows = isolated(MODULE, "six_broken", tmp_path)
        assert causes(rows) == [None, None]
        assert all(row["answered"] == len(WORLD.listed) for row in rows)


def test_a_link_that_carries_no_large_packets_is_our_networks_trouble(tmp_path: Path) -> None:
    """A connection stands, and no catalog comes, of one provider as of the other."""
    if may_isolate(filters=True):  # else: answers that get stuck, in core/lifecycle/test_reachability.py
        rows = isolated(MODULE, "black_hole", tmp_path)
        assert causes(rows) == [None, OURS, None]
        assert [row["moved"] for row in rows] == [0] * 3


# Weaker forms, which run everywhere.


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name have these addresses; none means that it cannot be resolved."""

    def look_up(_host: object, port: object, *_more: object, **_options: object) -> list[tuple[object, ...]]:
        if not addresses:
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*stream, (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def failure_at(port: int) -> Failure | None:
    endpoint = Endpoint(base_url=f"http://api.provider.test:{port}/v1")
    async with open_client(endpoint) as client:
        return (await exchange(client, "GET", endpoint.catalog, timeout_s=30.0)).failure


def test_a_name_is_looked_up_anew_for_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[Failure | None]:
        async with serve(saying(answer(200, {"data": []}))) as wire:
            port = int(wire.url.rpartition(":")[2])
            failures = []
            for addresses in ((), ("127.0.0.1",), (), ("127.0.0.1",)):
                resolving(monkeypatch, *addresses)
                failures.append(await failure_at(port))
            return failures

    assert asyncio.run(run()) == [Failure.DNS, None, Failure.DNS, None]


def test_the_next_address_is_tried_while_the_first_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to a full queue wait without an answer, as those to an address that leads nowhere."""

    async def run() -> Failure | None:
        async with serve(saying(answer(200, {"data": []}))) as wire:
            port = int(wire.url.rpartition(":")[2])
            with full_queue("127.0.0.2", port):
                resolving(monkeypatch, "127.0.0.2", "127.0.0.1")
                return await failure_at(port)

    assert asyncio.run(run()) is None


@contextmanager
def full_queue(host: str, port: int) -> Iterator[None]:
    """Listen where no further connection is taken or refused."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, port), backlog=0))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield


@pytest.mark.parametrize("connections", [None, 1])
def test_no_kept_connection_outlives_an_outage(connections: int | None) -> None:
    """What ended while nobody asked fails no request: the next one goes over a new connection."""

    async def run() -> list[Failure | None]:
        failures = list[Failure | None]()
        async with DemoServer(WORLD) as server:
            endpoint = Endpoint(base_url=server.base_url)
            port = int(server.base_url.split(":")[2].split("/")[0])
            async with open_client(endpoint, connections=connections) as client:

                async def ask() -> None:
                    answer = await exchange(client, "GET", endpoint.catalog, timeout_s=30.0)
                    failures.append(answer.failure)

                await ask()
                await server.__aexit__(None, None, None)
                await ask()
                async with DemoServer(WORLD, port=port):
                    await ask()
        return failures

    assert asyncio.run(run()) == [None, Failure.CONNECT, None]


def test_an_address_of_ipv6_is_reached_where_this_machine_has_it() -> None:
    async def run() -> Failure | None:
        async with DemoServer(WORLD, host="::1") as server:
            endpoint = Endpoint(base_url=server.base_url)
            async with open_client(endpoint) as client:
                return (await exchange(client, "GET", endpoint.catalog, timeout_s=30.0)).failure

    assert not _has_six() or asyncio.run(run()) is None


def _has_six() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        return False
    return True
