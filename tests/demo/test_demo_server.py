"""The simulated provider answers as its table says, over real sockets, and survives bad clients."""

import asyncio
import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import pytest

from monitor.demo import Behave, CatalogMode, DemoServer, PageStyle, Script, World
from monitor.demo.answers import ACCOUNT, WireFault
from monitor.demo.behaviours import BEHAVIOURS, CHAT, COMPLETIONS, EMBEDDINGS
from tests.support.process import WAIT_S

Result = TypeVar("Result")

MODEL = "meta/llama-3.1-8b-instruct"
PROMPT: dict[str, object] = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 16,
}
KEY = "nvapi-demo"

# behaviour, status, what the body holds
ON_CHAT = [
    ("ok", 200, '"content": "Hello!"'),
    ("ok_reasoning", 200, '"finish_reason": "length"'),
    ("served_as:b/other", 200, '"model": "b/other"'),
    ("slow", 200, '"choices"'),
    ("retiring:2027-01-15T00:00:00Z", 200, '"choices"'),
    ("embedding", 404, "404 page not found"),
    ("completions_only", 404, "404 page not found"),
    ("not_on_chat", 404, "404 page not found"),
    ("not_for_account", 404, f"Not found for account '{ACCOUNT}'"),
    ("not_found", 404, "model_not_found"),
    ("not_shared", 403, "Not shared with the account"),
    (
        "end_of_life:2026-05-14T00:00:00Z",
        410,
        f"'{MODEL}' has reached its end of life on 2026-05-14T00:00:00Z",
    ),
    ("degraded", 400, "DEGRADED function cannot be invoked"),
    ("container_validation", 400, "urn:inference-service:problem-details:bad-request"),
    ("bad_request", 400, "Bad Request"),
    ("unprocessable", 422, "field required"),
    ("no_authorization", 401, "Unauthorized access"),
    ("key_rejected", 403, "Authorization failed"),
    ("payment_required", 402, "Cloud credits expired"),
    ("quota_exhausted", 429, "insufficient_quota"),
    ("too_many_requests", 429, "Too Many Requests"),
    ("too_many_requests_wait:7", 429, "Too Many Requests"),
    ("saturated", 503, "ResourceExhausted"),
    ("overloaded", 529, "overloaded_error"),
    ("queued", 202, ""),
    ("server_error", 500, "Inference error"),
    ("bad_gateway", 502, "Upstream request failed."),
    ("unavailable", 503, "upstream connect error"),
    ("switched_off", 503, "paused"),
    ("no_capacity", 504, ""),
    ("error_under_200", 200, '"error"'),
    ("html", 200, "<!doctype html>"),
    ("empty", 200, ""),
    ("no_choices", 200, '"choices": []'),
    ("needs_image", 400, "Content cannot be a plain string"),
    ("no_system", 200, '"choices"'),
    ("sixteen_tokens", 200, '"choices"'),
    ("wants_completion_tokens", 400, "max_completion_tokens"),
    ("wants_image", 400, "image is required"),
    ("wants_tools", 400, "plain string"),
    ("wants_system", 400, "system message"),
    ("wants_turn", 400, "must alternate"),
    ("wants_temperature", 400, "temperature is required"),
    ("wants_no_thinking", 400, "thinking must be disabled"),
    ("responses_only", 404, "only supported in v1/responses"),
    ("reranking", 404, "404 page not found"),
    ("moderation", 404, "404 page not found"),
    ("embedding_not_for_account", 404, "404 page not found"),
]


@dataclass(frozen=True)
class Reply:
    """An answer as a client sees it; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> dict[str, object]:
        value = json.loads(self.text)
        assert isinstance(value, dict)
        return value


def ask(base_url: str, path: str, body: object = None, *, key: str | None = None) -> Reply:
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=WAIT_S)
    try:
        data = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request("GET" if body is None else "POST", f"{address.path}/{path}", data, headers)
        reply = connection.getresponse()
        return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read().decode())
    finally:
        connection.close()


def against(server: DemoServer, questions: Callable[[str], Result]) -> Result:
    async def run() -> Result:
        async with server:
            return await asyncio.to_thread(questions, server.base_url)

    return asyncio.run(run())


def world(behaviour: str = "ok") -> World:
    return World(listed=(MODEL,), behaviours={MODEL: behaviour})


def raw(base_url: str, data: bytes) -> bytes:
    """Send bytes, end the sending side, and read until the server closes."""
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=WAIT_S) as connection:
        connection.sendall(data)
        with suppress(OSError):  # a reset that has arrived already: the read below raises it
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65_536):
            received += part
        return received


@pytest.mark.parametrize(("behaviour", "status", "text"), ON_CHAT, ids=[case[0] for case in ON_CHAT])
def test_chat_answers_as_the_table_says(behaviour: str, status: int, text: str) -> None:
    reply = against(DemoServer(world(behaviour)), lambda url: ask(url, CHAT, PROMPT))
    assert reply.status == status
    assert text in reply.text
    assert "<model>" not in reply.text
    assert "<uuid>" not in reply.text


def test_every_behaviour_is_tried() -> None:
    tried = {case[0].partition(":")[0] for case in ON_CHAT} | {fault.value for fault in WireFault}
    assert set(BEHAVIOURS) - tried == {"sunset", "embedding_plain"}


def test_headers_carry_what_is_announced_and_how_long_to_wait() -> None:
    cases = {
        "retiring:2027-01-15T00:00:00Z": ("deprecation", "2027-01-15T00:00:00Z"),
        "sunset:Sat, 16 Jan 2027 00:00:00 GMT": ("sunset", "Sat, 16 Jan 2027 00:00:00 GMT"),
        "too_many_requests_wait:7": ("retry-after", "7"),
        "switched_off": ("retry-after", "10800"),
        "no_capacity": ("nvcf-status", "errored"),
    }
    for behaviour, (name, value) in cases.items():
        reply = against(DemoServer(world(behaviour)), lambda url: ask(url, CHAT, PROMPT))
        assert reply.headers[name] == value
    too_many = against(DemoServer(world("too_many_requests")), lambda url: ask(url, CHAT, PROMPT))
    assert "retry-after" not in too_many.headers


def test_other_endpoints_answer_for_models_of_their_kind() -> None:
    query = {"model": MODEL, "input": ["hi"]}
    server = DemoServer(world("embedding"))
    asymmetric = against(
        server,
        lambda url: [ask(url, EMBEDDINGS, query), ask(url, EMBEDDINGS, {**query, "input_type": "query"})],
    )
    assert [reply.status for reply in asymmetric] == [400, 200]
    assert '"embedding": [' in asymmetric[1].text
    plain = against(DemoServer(world("embedding_plain")), lambda url: ask(url, EMBEDDINGS, query))
    text = against(
        DemoServer(world("completions_only")),
        lambda url: ask(url, COMPLETIONS, {"model": MODEL, "prompt": "hi"}),
    )
    chat_only = against(DemoServer(world("ok")), lambda url: ask(url, COMPLETIONS, {"model": MODEL}))
    assert (plain.status, text.status, chat_only.status) == (200, 200, 404)


def test_a_request_a_model_cannot_take_is_objected_to() -> None:
    system = {**PROMPT, "messages": [{"role": "system", "content": "x"}]}
    small = {**PROMPT, "max_tokens": 8}
    assert against(DemoServer(world("no_system")), lambda url: ask(url, CHAT, system)).status == 400
    assert against(DemoServer(world("sixteen_tokens")), lambda url: ask(url, CHAT, small)).status == 400
    assert against(DemoServer(world("ok")), lambda url: ask(url, CHAT, {})).status == 400


def test_a_model_can_answer_differently_when_asked_again() -> None:
    server = DemoServer(world("server_error>saturated>ok"))
    replies = against(server, lambda url: [ask(url, CHAT, PROMPT).status for _ in range(4)])
    assert replies == [500, 503, 200, 200]


def test_an_unknown_model_is_not_found() -> None:
    server = DemoServer(world())
    reply = against(server, lambda url: ask(url, CHAT, {**PROMPT, "model": "nobody/nothing"}))
    assert (reply.status, reply.text) == (404, "404 page not found\n")


def test_metadata_tells_what_the_gateway_knows() -> None:
    cases = {"ok": 200, "not_for_account": 200, "end_of_life:2026-05-14T00:00:00Z": 410, "switched_off": 503}
    for behaviour, status in cases.items():
        assert against(DemoServer(world(behaviour)), lambda url: ask(url, f"models/{MODEL}")).status == status
    assert against(DemoServer(world()), lambda url: ask(url, "models/a/b")).status == 404


def test_probes_need_the_key_and_the_list_does_not() -> None:
    server = DemoServer(world(), api_key=KEY)

    def questions(url: str) -> list[int]:
        keys = (None, "wrong", KEY)
        return [ask(url, "models").status, *(ask(url, CHAT, PROMPT, key=key).status for key in keys)]

    assert against(server, questions) == [200, 401, 403, 200]
    assert KEY not in repr(list(server.requests))


def test_one_behaviour_can_hold_everywhere() -> None:
    server = DemoServer(World(listed=(MODEL, "b"), behaviours={"b": "embedding"}, everywhere="key_rejected"))

    def questions(url: str) -> list[int]:
        return [ask(url, CHAT, PROMPT).status, ask(url, EMBEDDINGS, {"model": "b"}).status]

    assert against(server, questions) == [403, 403]


@pytest.mark.parametrize(
    ("mode", "status", "text"),
    [
        (CatalogMode.OK, 200, MODEL),
        (CatalogMode.EMPTY, 200, '"data": []'),
        (CatalogMode.HTML, 200, "<html>"),
        (CatalogMode.NOT_JSON, 200, '"data": ['),
        (CatalogMode.ERROR, 500, "Internal Server Error"),
        (CatalogMode.UNAUTHORIZED, 401, "Unauthorized"),
        (CatalogMode.REDIRECT, 302, ""),
    ],
)
def test_the_list_can_be_served_badly(mode: CatalogMode, status: int, text: str) -> None:
    reply = against(DemoServer(World(listed=(MODEL,), catalog=mode)), lambda url: ask(url, "models"))
    assert reply.status == status
    assert text in reply.text


def test_the_list_is_a_real_one() -> None:
    server = DemoServer(World(listed=("a/x", "b/y", "a/x")))
    reply = against(server, lambda url: ask(url, "models")).json()
    row = {"id": "a/x", "object": "model", "created": 735790403, "owned_by": "a"}
    assert reply == {"object": "list", "data": [row, {**row, "id": "b/y", "owned_by": "b"}, row]}


@pytest.mark.parametrize(
    "style", [style for style in PageStyle if style not in {PageStyle.LOOP, PageStyle.STRANGER}]
)
def test_every_page_can_be_reached(style: PageStyle) -> None:
    models = tuple(f"m{number}" for number in range(7))
    place = World(listed=models, page_size=3, page_style=style)

    def questions(url: str) -> list[str]:
        found: list[str] = []
        path: str | None = "models"
        for _ in range(5):
            if path is None:
                return found
            reply = ask(url, path)
            rows = reply.json()["data"]
            assert isinstance(rows, list)
            found += [row["id"] for row in rows]
            path = next_page(reply, url)
        return [*found, "too many pages"]

    assert against(DemoServer(place), questions) == list(models)


def next_page(reply: Reply, url: str) -> str | None:
    body, link = reply.json(), reply.headers.get("link")
    if body.get("has_more"):
        return f"models?after_id={body['last_id']}"
    if token := body.get("next_page_token") or body.get("nextPageToken"):
        return f"models?page_token={token}"
    links = body.get("links")
    if isinstance(links, dict):
        return str(links["next"]).removeprefix(f"{url}/")
    return link.partition(">")[0].removeprefix(f"<{url}/") if link else None


@pytest.mark.parametrize("rows", ["data", "models", "items", "results", None])
def test_the_rows_can_stand_elsewhere(rows: str | None) -> None:
    reply = against(DemoServer(World(listed=(MODEL,), rows=rows)), lambda url: ask(url, "models"))
    value = json.loads(reply.text)
    assert (value if rows is None else value[rows])[0]["id"] == MODEL


def test_faults_happen_below_http() -> None:
    request = json.dumps(PROMPT).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(request)

    def received(fault: WireFault) -> bytes:
        return against(DemoServer(world(fault.value)), lambda url: raw(url, head + request))

    assert received(WireFault.CLOSE) == b""
    assert received(WireFault.HANG) == b""  # until the client's end
    stated, body = received(WireFault.CUT).split(b"\r\n\r\n")
    assert b"Content-Length: %d" % (len(body) + 1_000) in stated
    with pytest.raises(ConnectionResetError):
        received(WireFault.RESET)


@pytest.mark.parametrize("fault", [WireFault.HANG, WireFault.DRIP, WireFault.FLOOD])
def test_the_server_closes_in_the_middle_of_an_endless_answer(fault: WireFault) -> None:
    async def run() -> bytes:
        async with DemoServer(world(fault.value)) as server:
            address = urlsplit(server.base_url)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            body = json.dumps(PROMPT).encode()
            writer.write(
                b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            first = b"" if fault is WireFault.HANG else await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return first

    assert asyncio.run(run()).startswith(b"" if fault is WireFault.HANG else b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff\x16\x03\x01" * 40,
        b"GET\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\n\r\n",
        b"GET /v1/models HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 50\r\n\r\n{",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 4\r\n\r\n[[[[",
        b"GET /" + b"a" * 70_000,
    ],
)
def test_garbage_and_early_ends_leave_the_server_alive(data: bytes) -> None:
    def questions(url: str) -> Reply:
        assert b" 200 " not in raw(url, data)[:20]
        return ask(url, "models")

    assert against(DemoServer(world()), questions).status == 200


def test_many_requests_can_come_on_one_connection() -> None:
    def questions(url: str) -> list[int]:
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=WAIT_S)
        statuses = []
        for _ in range(3):
            connection.request("GET", "/v1/models")
            reply = connection.getresponse()
            reply.read()
            statuses.append(reply.status)
        connection.close()
        return statuses

    assert against(DemoServer(world()), questions) == [200, 200, 200]


def test_requests_are_noted_with_model_time_and_headers() -> None:
    server = DemoServer(world())
    against(server, lambda url: [ask(url, "models"), ask(url, CHAT, PROMPT, key=KEY)])
    first, second = server.requests
    assert (first.method, first.path, first.model) == ("GET", "/v1/models", None)
    assert (second.method, second.path, second.model) == ("POST", "/v1/chat/completions", MODEL)
    assert second.body == PROMPT
    assert "authorization" not in second.headers
    assert second.at_s >= first.at_s


def test_a_script_moves_by_step_or_at_each_reading_of_the_list() -> None:
    script = Script(world(), ((1, Behave((MODEL,), "server_error")), (2, Behave((MODEL,), "ok"))))

    def questions(url: str) -> list[int]:
        return [
            status for _ in range(4) for status in (ask(url, "models").status, ask(url, CHAT, PROMPT).status)
        ]

    assert against(DemoServer(script, moves_itself=True), questions) == [
        200,
        200,
        200,
        500,
        200,
        200,
        200,
        200,
    ]
    by_hand = DemoServer(script)
    by_hand.step(1)
    assert against(by_hand, lambda url: ask(url, CHAT, PROMPT)).status == 500


def test_a_misspelt_behaviour_is_an_error_at_once() -> None:
    with pytest.raises(KeyError, match="okay"):
        world("hang>okay")


def test_the_process_prints_its_address_and_ends_by_itself() -> None:
    command = [sys.executable, "-m", "monitor.demo", "--models", "3", "--duration", "1.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reply = ask(process.stdout.readline().strip(), "models")
        assert process.wait(timeout=WAIT_S) == 0
    assert len(json.loads(reply.text)["data"]) == 3
