"""Conditional and compressed answers (RFC 9110, 8.8.3, 12.5.3, 13.1)."""

import gzip

import httpx
from sqlalchemy import Engine

from tests.support.gateway import ON_SQLITE
from tests.web.history import DOWN, UP, after, live, sweep
from tests.web.served import browsing

PATHS = (
    "/",
    "/models/nvidia/a",
    "/changes",
    "/changes/2026-04-06",
    "/feed.atom",
    "/summaries.atom",
    "/v1/models",
    "/api/v1/models",
    "/openapi.json",
)


def get(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@ON_SQLITE
def test_a_reader_that_has_an_answer_is_not_sent_it_again(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    with browsing(engine, after(1)) as client:
        for path in PATHS:
            whole = client.get(path)
            tag = whole.headers["etag"]
            assert tag.startswith('W/"')
            assert "accept-encoding" in whole.headers["vary"].lower()
            for tags in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
                again = get(client, path, If_None_Match=tags)
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert get(client, path, If_None_Match='"x"').content == whole.content
            head = client.head(path)
            assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
            assert client.head(path, headers={"If-None-Match": tag}).status_code == 304


@ON_SQLITE
def test_an_answer_changes_at_once_with_the_history(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": UP})])
    changing = [path for path in PATHS if path not in {"/openapi.json", "/summaries.atom"}]
    with browsing(engine, after(5)) as client:
        before = {path: client.get(path).headers["etag"] for path in changing}
        live(engine, [sweep(2, {"a": DOWN}), sweep(3, {"a": DOWN})])
        for path, tag in before.items():
            assert get(client, path, If_None_Match=tag).status_code == 200, path


@ON_SQLITE
def test_who_takes_gzip_gets_it_and_others_the_same_in_plain(engine: Engine) -> None:
    live(engine, [sweep(0, {f"m/{number}": UP for number in range(300)})])
    with browsing(engine, after(1)) as client:
        for coding, is_compressed in [
            ("gzip", True),
            ("br;q=1.0, GZIP;q=0.5", True),
            ("identity", False),
            ("gzip;q=0", False),
            ("br", False),
        ]:
            with client.stream("GET", "/", headers={"Accept-Encoding": coding}) as answer:
                raw = b"".join(answer.iter_raw())
            assert (answer.headers.get("content-encoding") == "gzip") is is_compressed, coding
            assert len(raw) == int(answer.headers["content-length"])
            page = gzip.decompress(raw) if is_compressed else raw
            assert page.count(b'href="/models/nvidia/m/') == 300
