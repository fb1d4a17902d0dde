"""A proxy in trouble is our network's trouble, and the message names the proxy, not the provider."""

import asyncio

import pytest

from monitor.catalog.read import CatalogLimits, read_catalog
from monitor.catalog.reading import CatalogTrouble
from monitor.core.domain.vocabulary import Cause
from monitor.http import Endpoint, open_client
from monitor.probe.pacer import Pacer
from tests.probe.wire import Play, Request, answer, saying, serve
from tests.support.gateway import closed_port

PAGE = answer(200, "<!DOCTYPE html><html><title>Company proxy</title>", headers={"Content-Type": "text/html"})
SECURE, PLAIN = "https://api.provider.test/v1", "http://api.provider.test/v1"


async def _trouble(base_url: str, proxy: str, timeout_s: float) -> CatalogTrouble:
    endpoint = Endpoint(base_url=base_url, proxy=proxy)
    limits = CatalogLimits(page_timeout_s=timeout_s)
    async with open_client(endpoint) as client:
        reading = await read_catalog(client, endpoint, pacer=Pacer(None), limits=limits)
    assert reading.trouble is not None
    return reading.trouble


def through(play: Play, base_url: str, *, timeout_s: float = 30.0) -> tuple[CatalogTrouble, str]:
    """Return what reading a catalog through a proxy gave, and the proxy's host."""

    async def run() -> tuple[CatalogTrouble, str]:
        async with serve(play) as proxy:
            place = proxy.url.removeprefix("http://")
            return await _trouble(base_url, f"http://user:s3cret@{place}", timeout_s), place

    return asyncio.run(run())


async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def test_a_proxy_that_is_down_is_named_and_the_provider_is_not_accused() -> None:
    place = f"127.0.0.1:{closed_port()}"
    trouble = asyncio.run(_trouble(SECURE, f"http://user:s3cret@{place}", 30.0))
    assert trouble == CatalogTrouble(
        Cause.OUR_NETWORK, f"the proxy cannot be reached ({place}): check proxy, and whether it runs"
    )


@pytest.mark.parametrize("status", [403, 407, 502, 503])
def test_a_proxy_that_opens_no_tunnel_is_our_networks_trouble(status: int) -> None:
    trouble, place = through(saying(answer(status, "<html>Squid")), SECURE)
    assert trouble.cause is Cause.OUR_NETWORK
    assert trouble.detail.startswith(f"the proxy refused the connection ({place}): check proxy")
    assert "s3cret" not in trouble.detail


def test_a_proxy_that_hangs_before_the_tunnel_stands_is_no_time_out_of_the_provider() -> None:
    trouble, place = through(hang, SECURE, timeout_s=2.0)
    assert trouble.cause is Cause.OUR_NETWORK
    assert place in trouble.detail


def test_a_page_in_place_of_a_tunnels_tls_is_our_networks_trouble() -> None:
    async def tunnel(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + PAGE)

    trouble, _ = through(tunnel, SECURE)
    assert trouble.cause is Cause.OUR_NETWORK
    assert trouble.detail.startswith("no secure connection")


@pytest.mark.parametrize("page", [PAGE, answer(503, "<html>Squid: no route"), answer(403, "<html>Denied")])
def test_rule_9_a_page_of_a_forwarding_proxy_is_not_the_providers_word(page: bytes) -> None:
    trouble, place = through(saying(page), PLAIN)
    assert (trouble.cause, trouble.detail.partition("(")[2]) == (
        Cause.OUR_NETWORK,
        f"{place}): the proxy's; check proxy",
    )


def test_a_proxy_that_asks_for_a_login_says_so() -> None:
    trouble, _ = through(saying(answer(407, "<html>Squid")), PLAIN)
    assert trouble.cause is Cause.OUR_NETWORK
    assert trouble.detail.endswith("(api.provider.test): check proxy, and the user and password in it")


def test_what_a_provider_says_through_a_proxy_stays_its_own() -> None:
    trouble, _ = through(saying(answer(500, {"error": "boom"})), PLAIN)
    assert trouble.cause is Cause.CATALOG_UNREADABLE
