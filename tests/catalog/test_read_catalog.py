"""Reading a whole catalog over a real socket: pages, limits, faults, and whose trouble they are."""

import asyncio
import json
import socket
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import monitor
from monitor.catalog.read import CatalogLimits, read_catalog
from monitor.catalog.reading import CatalogReading
from monitor.config import PRESETS
from monitor.core.domain.ids import is_trackable_id
from monitor.core.domain.vocabulary import Cause
from monitor.core.planning.inputs import ProviderTraits
from monitor.http import open_client
from monitor.probe.pacer import Pacer
from tests.probe.wire import KEY, Play, Request, Wire, answer, saying, serve

LIMITS = CatalogLimits(bytes=20_000, rows=500, pages=10, page_timeout_s=30, total_timeout_s=60)


async def read(
    wire: Wire, limits: CatalogLimits = LIMITS, traits: ProviderTraits | None = None
) -> CatalogReading:
    async with open_client(wire.endpoint()) as client:
        pacer = Pacer(start_rate_per_s=100_000)
        return await read_catalog(client, wire.endpoint(), pacer=pacer, limits=limits, traits=traits)


def reading_of(
    play: Play, limits: CatalogLimits = LIMITS, traits: ProviderTraits | None = None
) -> tuple[CatalogReading, list[Request]]:
    async def run() -> tuple[CatalogReading, list[Request]]:
        async with serve(play) as wire:
            return await read(wire, limits, traits), wire.requests

    return asyncio.run(run())


def paging(
    page: Callable[[dict[str, str], Wire], bytes], traits: ProviderTraits | None = None
) -> tuple[CatalogReading, list[Request]]:
    """Serve pages made from the query of each request."""

    async def run() -> tuple[CatalogReading, list[Request]]:
        async def play(request: Request, writer: asyncio.StreamWriter) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
            writer.write(page(query, wire))

        async with serve(play) as wire:
            return await read(wire, traits=traits), wire.requests

    return asyncio.run(run())


def rows(*names: str) -> list[dict[str, str]]:
    return [{"id": name, "object": "model"} for name in names]


def the_dump() -> bytes:
    """Return the catalog of 2026-03-15 as it was served: 188 rows, each with the same filler date."""
    names = (Path(monitor.__file__).parent / "demo" / "nim_ids.txt").read_text().split()
    row = {"object": "model", "created": 735790403}
    data = [{"id": name, **row, "owned_by": name.split("/")[0]} for name in names]
    assert len(data) == 188
    return answer(200, {"object": "list", "data": data})


def test_the_dump_of_nim_has_186_ids_and_two_duplicates() -> None:
    found, requests = reading_of(saying(the_dump()), CatalogLimits())
    assert (len(found.ids), found.duplicates, found.rejected, found.requests) == (186, 2, 0, 1)
    assert (found.complete, len(set(found.ids))) == (True, 186)
    assert (requests[0].method, requests[0].target) == ("GET", "/v1/models")
    assert requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_first_of_equal_ids_keeps_its_place() -> None:
    found, _ = reading_of(saying(answer(200, {"data": rows("b", "a", "b", "c", "a")})))
    assert (found.ids, found.duplicates) == (("b", "a", "c"), 2)


def test_a_prefix_of_ids_belongs_to_the_preset_that_has_it() -> None:
    """Rule 40: everybody else's ids stay whole."""
    said = saying(answer(200, {"data": rows("models/b", "a", "b", "models/", "models/a", "models/c")}))
    whole, _ = reading_of(said)
    assert whole.ids == ("models/b", "a", "b", "models/", "models/a", "models/c")
    short, _ = reading_of(said, traits=PRESETS["gemini"].traits)
    assert (short.ids, short.duplicates, short.rejected) == (("b", "a", "c"), 2, 1)
    nothing, _ = reading_of(saying(answer(200, {"data": rows("models/")})), traits=PRESETS["gemini"].traits)
    assert (nothing.complete, nothing.rejected) == (False, 1)


def test_bad_ids_are_counted_and_the_rest_is_believed() -> None:
    found, _ = reading_of(saying(answer(200, {"data": [*rows("a", "b\n"), {}, 7]})))
    assert (found.ids, found.rejected, found.complete) == (("a",), 3, True)


def test_an_id_that_is_not_utf_8_is_rejected() -> None:
    found, _ = reading_of(saying(answer(200, b'{"data": [{"id": "a"}, {"id": "b\xff/c"}]}')))
    assert (found.ids, found.rejected, found.complete) == (("a",), 1, True)


@pytest.mark.parametrize("form", ["has_more", "nextPageToken", "next_page_token", "links", "header"])
def test_pages_are_followed_to_the_last_in_every_form(form: str) -> None:
    parameter = {"has_more": "after_id", "nextPageToken": "pageToken", "next_page_token": "page_token"}.get(
        form, "p"
    )

    def page(query: dict[str, str], wire: Wire) -> bytes:
        place = "abc".index(query.get(parameter, "a"))
        following = "abc"[place + 1 : place + 2]
        url = f"{wire.url}/v1/models?p={following}"
        document: dict[str, object] = {"data": rows(f"m{place}", "again")}
        headers = {"Link": f'<{url}>; rel="next"'} if form == "header" and following else {}
        if form == "has_more":
            document |= {"has_more": bool(following), "last_id": following}
        elif form == "links":
            document["links"] = {"next": url if following else None}
        else:
            document |= {form: following}
        return answer(200, document, headers=headers)

    found, requests = paging(page)
    assert (found.ids, found.duplicates, found.requests) == (("m0", "again", "m1", "m2"), 2, 3)
    assert all(request.headers["authorization"] for request in requests)


def turning(
    parameter: str, *, shape: dict[str, object] | None = None, names_last: bool = True
) -> Callable[[dict[str, str], Wire], bytes]:
    """Page through m0..m2 by one parameter; whoever sends another one gets the first page."""

    def page(query: dict[str, str], _wire: Wire) -> bytes:
        place = int(query[parameter].removeprefix("m")) + 1 if parameter in query else 0
        last = {"last_id": f"m{place}"} if names_last else {}
        return answer(200, {"data": rows(f"m{place}"), "has_more": place < 2, **last, **(shape or {})})

    return page


@pytest.mark.parametrize("names_last", [True, False])
@pytest.mark.parametrize("shape", [{}, {"object": "list"}])
@pytest.mark.parametrize("parameter", ["after", "after_id"])
def test_where_the_first_page_comes_again_the_other_parameter_is_tried(
    parameter: str, shape: dict[str, object], *, names_last: bool
) -> None:
    """Rule 40: which parameter it is shows by the page that moves, once."""
    is_first_choice = parameter == ("after" if shape else "after_id")
    found, requests = paging(turning(parameter, shape=shape, names_last=names_last))
    assert (found.ids, found.duplicates, found.rejected) == (("m0", "m1", "m2"), 0, 0)
    assert found.requests == len(requests) == (3 if is_first_choice else 4)


@pytest.mark.parametrize(("preset", "parameter"), [("anthropic", "after_id"), ("openai", "after")])
def test_a_preset_that_pages_is_asked_by_its_own_parameter(preset: str, parameter: str) -> None:
    found, _ = paging(turning(parameter, shape={"object": "list"}), PRESETS[preset].traits)
    assert (found.ids, found.requests) == (("m0", "m1", "m2"), 3)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_server_that_refuses_one_parameter_is_asked_by_the_other(status: int) -> None:
    def page(query: dict[str, str], wire: Wire) -> bytes:
        return answer(status) if "after" in query else turning("after_id")(query, wire)

    found, _ = paging(page, ProviderTraits(cursor_parameter="after"))
    assert (found.ids, found.requests) == (("m0", "m1", "m2"), 4)


def refusing(query: dict[str, str], _wire: Wire) -> bytes:
    document = {"data": rows("a"), "has_more": True, "last_id": "a"}
    return answer(400, "no") if query else answer(200, document)


def endless(query: dict[str, str], _wire: Wire) -> bytes:
    number = int(query.get("pageToken", "0"))
    return answer(200, {"data": rows(f"m{number}"), "nextPageToken": str(number + 1)})


def circular(query: dict[str, str], _wire: Wire) -> bytes:
    return answer(
        200, {"data": rows("a"), "nextPageToken": {"1": "2", "2": "1"}.get(query.get("pageToken", ""), "1")}
    )


def deaf(_query: dict[str, str], _wire: Wire) -> bytes:
    return answer(200, {"data": rows("a"), "has_more": True, "last_id": "a"})


def astray(_query: dict[str, str], wire: Wire) -> bytes:
    return answer(200, {"data": rows("a"), "links": {"next": wire.url.replace("127.0.0.1", "localhost")}})


def broken_later(query: dict[str, str], _wire: Wire) -> bytes:
    return answer(500) if query else answer(200, {"data": rows("a", "b"), "nextPageToken": "2"})


def many_rows(query: dict[str, str], _wire: Wire) -> bytes:
    number = int(query.get("pageToken", "0"))
    return answer(200, {"data": ["x"] * 300, "nextPageToken": str(number + 1)})


def many_bytes(query: dict[str, str], _wire: Wire) -> bytes:
    number = int(query.get("pageToken", "0"))
    return answer(200, {"data": rows("a"), "pad": "x" * 9000, "nextPageToken": str(number + 1)})


@pytest.mark.parametrize(
    ("page", "why", "requests"),
    [
        (endless, "more than 10 pages (after 10 ids)", 10),
        (circular, "goes in circles", 3),
        (deaf, "goes in circles", 3),
        (refusing, "HTTP 400: no (after 1 ids)", 3),
        (astray, "another host", 1),
        (broken_later, "HTTP 500 (after 2 ids)", 2),
        (many_rows, "more than 500 rows", 2),
        (many_bytes, "larger than 20,000 bytes", 3),
    ],
)
def test_pages_that_do_not_end_well_give_no_ids_to_believe(
    page: Callable[[dict[str, str], Wire], bytes], why: str, requests: int
) -> None:
    found, _ = paging(page)
    assert (found.ids, found.complete, found.requests) == ((), False, requests)
    assert found.trouble is not None
    assert found.trouble.cause == Cause.CATALOG_UNREADABLE
    assert why in found.trouble.detail


CURSORS = st.sampled_from(["m", "n", 1, 2, True, None, "?p=1", {"href": "/v1/models?p=2"}])
PAGES = st.fixed_dictionaries(
    {"data": st.lists(st.sampled_from(["m", "n", "o", "a\n", 5, {"id": "models/m"}, {}]), max_size=3)},
    optional={
        **dict.fromkeys(("last_id", "nextPageToken", "next_page_token", "next"), CURSORS),
        "has_more": st.booleans(),
        "object": st.just("list"),
    },
)


@settings(max_examples=60)
@given(st.lists(PAGES, min_size=1, max_size=4), st.sampled_from(["", "m", "models/"]))
def test_whatever_the_pages_hold_reading_ends_with_tracked_ids_once_each(
    pages: list[dict[str, object]], prefix: str
) -> None:
    """Rules 33 and 40: a server that answers each request with the next of some pages, again and again."""
    left = cycle(pages)
    found, requests = paging(lambda _query, _wire: answer(200, next(left)), ProviderTraits(id_prefix=prefix))
    assert found.requests == len(requests) <= LIMITS.pages
    assert len(set(found.ids)) == len(found.ids)
    assert all(map(is_trackable_id, found.ids))
    assert found.complete is bool(found.ids)
    assert set(found.entries) <= set(found.ids)


@pytest.mark.parametrize(
    ("raw", "cause", "why"),
    [
        (answer(401, {"error": {"message": f"bad key {KEY}"}}), Cause.CREDENTIAL, "HTTP 401: bad key"),
        (answer(403, {"detail": "Authorization failed"}), Cause.CREDENTIAL, "HTTP 403: Authorization failed"),
        (answer(402, {"detail": "Cloud credits expired"}), Cause.QUOTA, "credits expired"),
        (answer(400, {"error": {"message": "API key not valid."}}), Cause.CREDENTIAL, "HTTP 400: API key"),
        (answer(400, {"error": {"type": "no_db_connection"}}), Cause.CREDENTIAL, "HTTP 400"),
        (answer(429, {"error": {"code": "insufficient_quota"}}), Cause.QUOTA, "HTTP 429"),
        (answer(404, "404 page not found"), Cause.CATALOG_UNREADABLE, "HTTP 404: 404 page not found"),
        (answer(429), Cause.CATALOG_UNREADABLE, "HTTP 429"),
        (answer(500, "boom"), Cause.CATALOG_UNREADABLE, "HTTP 500: boom"),
        (
            answer(301, headers={"Location": "https://elsewhere.test/"}),
            Cause.CATALOG_UNREADABLE,
            "HTTP 301: redirects are not followed",
        ),
        (answer(302, "<p>Found"), Cause.CATALOG_UNREADABLE, "HTTP 302: redirects are not followed"),
        (answer(204), Cause.CATALOG_UNREADABLE, "HTTP 204"),
        (answer(407), Cause.OUR_NETWORK, "HTTP 407"),
        (answer(200, "<html><p>Welcome"), Cause.CATALOG_UNREADABLE, "a web page"),
        (answer(200, ""), Cause.CATALOG_UNREADABLE, "the answer is empty"),
        (answer(200, "[" * 15_000), Cause.CATALOG_UNREADABLE, "nested too deeply"),
        (answer(200, {"data": []}), Cause.CATALOG_UNREADABLE, "the catalog is empty"),
        (answer(200, {"data": [{}, 5]}), Cause.CATALOG_UNREADABLE, "no row of the catalog has a usable id"),
        (answer(200, b"\xff\xfe\x00"), Cause.CATALOG_UNREADABLE, "not JSON"),
        (b"", Cause.CATALOG_UNREADABLE, "closed"),
        (b"SSH-2.0-OpenSSH_9\r\n", Cause.CATALOG_UNREADABLE, "closed"),
    ],
)
def test_a_catalog_that_cannot_be_read_says_whose_trouble_it_is(raw: bytes, cause: Cause, why: str) -> None:
    found, _ = reading_of(saying(raw))
    assert (found.ids, found.complete) == ((), False)
    assert found.trouble is not None
    assert found.trouble.cause == cause
    assert why in found.trouble.detail
    assert KEY not in repr(found)


def page_of(status: int, text: str, **headers: str) -> bytes:
    return answer(status, text, headers={"Content-Type": "text/html; charset=UTF-8", **headers})


FIREWALL = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
MENU = "<html><body><nav>Docs, API keys, Billing: payment required</nav><h1>Not Found</h1></body></html>"


@pytest.mark.parametrize(
    ("raw", "cause", "why"),
    [
        (page_of(403, FIREWALL), Cause.CATALOG_UNREADABLE, "HTTP 403: a web page: Attention Required!"),
        (answer(403, "<html><h1>403 Forbidden"), Cause.CATALOG_UNREADABLE, "HTTP 403: a web page: "),
        (page_of(403, "\n<p>API key? Request blocked."), Cause.CATALOG_UNREADABLE, "HTTP 403: a web page: "),
        (page_of(404, MENU), Cause.CATALOG_UNREADABLE, "HTTP 404: a web page: "),
        (page_of(429, MENU), Cause.CATALOG_UNREADABLE, "HTTP 429: a web page: "),
        (page_of(503, FIREWALL), Cause.CATALOG_UNREADABLE, "HTTP 503: a web page: "),
        (page_of(401, "<html><h1>401 Authorization Required"), Cause.CREDENTIAL, "HTTP 401: a web page: "),
        (page_of(402, "<html>Pay"), Cause.QUOTA, "HTTP 402: a web page: Pay"),
        (page_of(407, "<html>Squid"), Cause.OUR_NETWORK, "HTTP 407: a web page: Squid"),
        (answer(403, "RBAC: access denied"), Cause.CREDENTIAL, "HTTP 403: RBAC: access denied"),
    ],
)
def test_a_web_page_is_no_apis_word_about_the_key(raw: bytes, cause: Cause, why: str) -> None:
    found, _ = reading_of(saying(raw))
    assert found.trouble is not None
    assert (found.trouble.cause, found.trouble.http_status) == (cause, int(raw.split()[1]))
    assert why in found.trouble.detail


def test_a_catalog_of_500_megabytes_is_given_up_at_the_cap() -> None:
    async def flood(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n[")
        for _ in range(8000):
            writer.write(b'"model",' * 8000)
            await writer.drain()

    found, _ = reading_of(flood, CatalogLimits(bytes=2_000_000))
    assert found.trouble is not None
    assert "larger than 2,000,000 bytes" in found.trouble.detail


def test_a_large_page_does_not_stop_the_loop() -> None:
    body = json.dumps({"data": rows(*(f"acme/model-{number}" for number in range(20_000)))})

    async def run() -> tuple[CatalogReading, int]:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0)
                beats += 1

        async with serve(saying(answer(200, body))) as wire:
            beating = asyncio.create_task(beat())
            found = await read(wire, CatalogLimits())
            beating.cancel()
        return found, beats

    found, beats = asyncio.run(run())
    assert (len(found.ids), beats > 1) == (20_000, True)


@pytest.mark.parametrize(
    "limits", [CatalogLimits(page_timeout_s=2), CatalogLimits(total_timeout_s=2)], ids=["page", "total"]
)
def test_a_catalog_that_drips_is_given_up_in_time(limits: CatalogLimits) -> None:
    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n[")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    found, _ = reading_of(drip, limits)
    assert found.trouble is not None
    assert found.trouble.cause == Cause.CATALOG_UNREADABLE
    assert "time" in found.trouble.detail or "within 2 s" in found.trouble.detail


def test_nobody_listening_is_our_networks_trouble() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    found = asyncio.run(read(Wire(url)))
    assert found.trouble is not None
    assert (found.trouble.cause, found.trouble.http_status) == (Cause.OUR_NETWORK, None)
