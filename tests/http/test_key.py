"""Where the key goes, in every form: to the provider's own origins, to nobody else, and into no log."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.catalog.read import read_catalog
from monitor.catalog.reading import CatalogReading
from monitor.core.answer.exchange import Exchange
from monitor.http import Auth, Endpoint, exchange, open_client
from monitor.http.library import httpx
from monitor.probe.pacer import Pacer
from tests.probe.wire import CHAT, KEY, Play, Request, Wire, answer, saying, serve

ODD_KEY = "a+key/with=marks&that?urls#change"
FINE = saying(answer(200, CHAT))


def carried(request: Request) -> list[str]:
    """Every place of a request that holds the key."""
    places = [name for name, value in request.headers.items() if KEY in value]
    return [*places, *(["target"] if KEY in request.target else [])]


def endpoint_at(
    wire: Wire, auth: Auth, *, origins: tuple[str, ...] = (), catalog_url: str | None = None
) -> Endpoint:
    return Endpoint(
        base_url=f"{wire.url}/v1", api_key=KEY, auth=auth, origins=origins, catalog_url=catalog_url
    )


def between(
    body: Callable[[Wire, Wire, Wire], Awaitable[None]],
) -> tuple[list[Request], list[Request], list[Request]]:
    """Run something between provider, an origin of its own and a stranger; returns what each was asked."""

    async def run() -> tuple[list[Request], list[Request], list[Request]]:
        async with serve(FINE) as home, serve(FINE) as named, serve(FINE) as stranger:
            await body(home, named, stranger)
            return home.requests, named.requests, stranger.requests

    return asyncio.run(run())


FORMS = [
    (Auth.BEARER, ["authorization"]),
    (Auth.X_API_KEY, ["x-api-key"]),
    (Auth.API_KEY, ["api-key"]),
    (Auth.QUERY, ["target"]),
    (Auth.NONE, []),
]


@pytest.mark.parametrize(("auth", "place"), FORMS)
def test_the_key_goes_to_the_base_url_and_named_origins_only(auth: Auth, place: list[str]) -> None:
    async def ask(home: Wire, named: Wire, stranger: Wire) -> None:
        endpoint = endpoint_at(home, auth, origins=(named.url,))
        async with open_client(endpoint) as client:
            for url in ("/models", f"{named.url}/v1/rank", f"{stranger.url}/v1/models"):
                await exchange(client, "GET", endpoint.url(url), timeout_s=30)

    at_home, at_named, at_strangers = between(ask)
    assert [carried(each) for each in (*at_home, *at_named, *at_strangers)] == [place, place, []]


@pytest.mark.parametrize(("auth", "place"), FORMS)
def test_an_origin_that_is_not_named_gets_no_key(auth: Auth, place: list[str]) -> None:
    async def ask(home: Wire, named: Wire, _stranger: Wire) -> None:
        async with open_client(endpoint_at(home, auth)) as client:
            await exchange(client, "GET", f"{home.url}/v1", timeout_s=30)
            await exchange(client, "GET", f"{named.url}/v1", timeout_s=30)

    at_home, at_named, _ = between(ask)
    assert (carried(at_home[0]), carried(at_named[0])) == (place, [])


def test_a_key_in_the_address_keeps_what_else_stands_there() -> None:
    async def run() -> list[str]:
        async with serve(FINE) as wire:
            endpoint = Endpoint(base_url=wire.url, api_key=ODD_KEY, auth=Auth.QUERY)
            async with open_client(endpoint) as client:
                for path in ("/models?filter=a=b&key=old", "/models?", "/models", "/m%20x?y=%2F#end"):
                    await exchange(client, "GET", endpoint.url(path), timeout_s=30)
            return [request.target for request in wire.requests]

    first, *others = asyncio.run(run())
    assert parse_qs(urlsplit(first).query) == {"filter": ["a=b"], "key": [ODD_KEY]}
    written = "key=a%2Bkey%2Fwith%3Dmarks%26that%3Furls%23change"
    assert others == [f"/models?{written}", f"/models?{written}", f"/m%20x?y=%2F&{written}"]


def test_a_proxy_is_given_the_whole_address_with_the_key() -> None:
    async def run() -> str:
        async with serve(FINE) as proxy:
            endpoint = Endpoint(
                base_url="http://provider.test:81/v1", api_key=KEY, auth=Auth.QUERY, proxy=proxy.url
            )
            async with open_client(endpoint) as client:
                await exchange(client, "GET", endpoint.url("/models?limit=9"), timeout_s=30)
            return proxy.requests[0].target

    assert asyncio.run(run()) == f"http://provider.test:81/v1/models?limit=9&key={KEY}"


def test_a_whole_address_is_asked_for_as_it_is() -> None:
    endpoint = Endpoint(base_url="https://api.acme.test/v1/", origins=("https://other.acme.test",))
    assert endpoint.url("/models") == "https://api.acme.test/v1/models"
    assert endpoint.url("https://other.acme.test/rank") == "https://other.acme.test/rank"
    assert endpoint.catalog == "https://api.acme.test/v1/models"


@pytest.mark.parametrize("auth", Auth)
def test_the_key_stands_in_no_log_whatever_the_libraries_say(
    auth: Auth, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("httpx", "httpx2", "httpcore", "httpcore2"):
        caplog.set_level(logging.DEBUG, name)

    async def run() -> Exchange:
        async with serve(FINE) as wire, open_client(endpoint_at(wire, auth)) as client:
            return await exchange(client, "GET", f"{wire.url}/v1/models", timeout_s=30)

    found = asyncio.run(run())
    assert "/v1/models" in caplog.text  # so the libraries did speak
    assert KEY not in caplog.text + repr(found) + str(found.headers)


def test_the_secrets_of_a_provider_are_its_key_and_what_its_answers_may_echo() -> None:
    endpoint = Endpoint(base_url="http://h", api_key="a b/c", auth=Auth.QUERY, other_secrets=("x",))
    assert endpoint.secrets == ("a b/c", "x")
    assert Endpoint(base_url="http://h", other_secrets=("x",)).secrets == ("x",)


# ---- A catalog whose key stands in the address ----


def astray(request: Request, stranger: Wire) -> bytes:
    return answer(200, {"data": ["a"], "links": {"next": stranger.url + request.target}})


def circular(request: Request, _stranger: Wire) -> bytes:
    return answer(200, {"data": ["a"], "links": {"next": request.target}})


def refused(request: Request, _stranger: Wire) -> bytes:
    return answer(400, {"error": {"message": f"API key not valid in {request.target}"}})


def redirected(request: Request, stranger: Wire) -> bytes:
    return answer(302, headers={"Location": f"{stranger.url}{request.target}"})


def paged(request: Request, _stranger: Wire) -> bytes:
    """Echo the whole address of the request, key and all, as the address of the next page."""
    if "page=2" in request.target:
        return answer(200, {"data": ["b"]})
    return answer(200, {"data": ["a"], "links": {"next": f"{request.target}&page=2"}})


def reading_of(page: Callable[[Request, Wire], bytes]) -> tuple[CatalogReading, list[Request], list[Request]]:
    async def run() -> tuple[CatalogReading, list[Request], list[Request]]:
        async with serve(FINE) as stranger, serve(_play(page, stranger)) as home:
            endpoint = endpoint_at(home, Auth.QUERY, catalog_url=f"{home.url}/list?limit=9")
            async with open_client(endpoint) as client:
                found = await read_catalog(client, endpoint, pacer=Pacer(start_rate_per_s=100_000))
            return found, home.requests, stranger.requests

    return asyncio.run(run())


def _play(page: Callable[[Request, Wire], bytes], stranger: Wire) -> Play:
    async def play(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(page(request, stranger))

    return play


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (astray, "another host"),
        (circular, "goes in circles"),
        (refused, "API key not valid"),
        (redirected, "redirects are not followed"),
    ],
)
def test_a_catalog_that_fails_names_no_key(page: Callable[[Request, Wire], bytes], why: str) -> None:
    found, _, at_strangers = reading_of(page)
    assert found.trouble is not None
    assert why in found.trouble.detail
    assert KEY not in repr(found)
    assert at_strangers == []


def test_every_page_is_asked_for_with_the_key_once_and_unseen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, httpx.__name__)
    found, requests, _ = reading_of(paged)
    assert "page=2" in caplog.text
    assert KEY not in caplog.text
    assert found.ids == ("a", "b")
    assert [request.target for request in requests] == [
        f"/list?limit=9&key={KEY}",
        f"/list?limit=9&page=2&key={KEY}",
    ]
