"""The page of one model, and the links that lead to it."""

import re
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine

from tests.web.history import BUSY, DOWN, HOSTILE, UP, after, live, sweep
from tests.web.markup import read
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


def test_rule_37_it_tells_who_answers_and_when_that_changed(engine: Engine) -> None:
    names = ("o-05", "o-05", "o-08", "o-08")
    live(engine, [sweep(place, {"o": UP}, served_as={"o": name}) for place, name in enumerate(names)])
    with browsing(engine, after(4, 5)) as client:
        page, front = (read(client.get(path).text).text for path in ("/models/nvidia/o", "/"))
        feed = client.get("/feed.atom").text
        (model,) = client.get("/api/v1/models", headers={"Accept": "application/json"}).json()["models"]
        day = read(client.get("/changes/2026-04-06").text).text
    assert "Answers as o-08" in page
    assert "is now answered by o-08 instead of o-05" in page
    assert "answers as o-08" in front
    assert "nvidia: o is now answered by o-08 instead of o-05" in feed
    assert model["served_as"] == "o-08"
    assert "Silent swap: o is now answered by o-08 instead of o-05 since 12:30" in day


def test_a_model_that_was_limited_last_is_busy_with_its_http_status(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": BUSY})])
    with browsing(engine, after(2, 5)) as client:
        assert "available, busy (HTTP 503) for 19 min." in read(client.get("/models/nvidia/a").text).text
        (model,) = client.get("/api/v1/models", headers={"Accept": "application/json"}).json()["models"]
    assert (model["status"], model["http_status"]) == ("available", 503)


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
