"""The page of one model, and the links that lead to it."""

import re
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine

from tests.web.lived import DOWN, HOSTILE, UP, after, live, sweep
from tests.web.seen import read
from tests.web.served import browsing

OUTAGE = [{"meta/a b?c#d": seen} for seen in (UP, UP, DOWN, DOWN, UP)]


def test_it_tells_what_is_known_the_outages_and_the_changes(engine: Engine) -> None:
    live(engine, [sweep(place, catalog) for place, catalog in enumerate(OUTAGE)])
    with browsing(engine, after(5, 5)) as client:
        answer = client.get("/models/nvidia/meta/a%20b%3Fc%23d")
    seen = read(answer.text)
    assert answer.status_code == 200
    assert "available for 4 min: answers." in seen.text
    assert [row[2] for row in seen.tables["Outages, newest first"]] == ["Lasted", "30 min"]
    words = ["became available", "became unavailable: not offered to this account", "appeared in the catalog"]
    assert [seen.text.index(each) for each in words] == sorted(seen.text.index(each) for each in words)


def test_the_status_page_links_to_it(engine: Engine) -> None:
    live(engine, [sweep(0, OUTAGE[0])])
    with browsing(engine, after(1, 5)) as client:
        (path,) = re.findall(r'href="(/models/[^"]+)"', client.get("/").text)
        assert unquote(path) == "/models/nvidia/meta/a b?c#d"
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_an_id_is_text_whatever_is_in_it(engine: Engine, name: str) -> None:
    live(engine, [sweep(0, {name: UP})])
    with browsing(engine, after(1, 5)) as client:
        (path,) = re.findall(r'href="(/models/[^"]+)"', client.get("/").text)
        answer = client.get(path)
    assert answer.status_code in {200, 404}  # a client takes dots and slashes out of some paths
    assert "<script" not in answer.text


@pytest.mark.parametrize("path", ["/models/nvidia/none", "/models/nobody/meta/a", "/models/nvidia/%00"])
def test_a_model_that_nobody_knows_is_not_found(engine: Engine, path: str) -> None:
    live(engine, [sweep(0, OUTAGE[0])])
    with browsing(engine, after(1, 5)) as client:
        answer = client.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "nothing is known of such a model" in answer.text
