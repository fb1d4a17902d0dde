"""One page of a catalog: every shape of rows and every way to name the next page."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.catalog.page import Unreadable, next_url, parse_json, read_page
from monitor.core.ids import is_trackable_id

URL = "https://api.acme.test/v1/models"


@pytest.mark.parametrize(
    "document",
    [
        [{"id": "a"}, {"id": "b"}],
        {"object": "list", "data": [{"id": "a"}, {"id": "b"}]},
        {"models": [{"name": "models/a"}, {"name": "models/b"}]},
        {"items": [{"model": "a"}, {"model": "b"}]},
        {"results": ["a", "models/b"]},
        {"data": [{"id": "a", "name": "A"}, {"id": None, "name": "b"}], "models": [{"name": "x"}]},
        {"data": None, "models": ["a", "b"]},
    ],
)
def test_rows_are_found_in_every_shape(document: object) -> None:
    assert read_page(json.dumps(document), url=URL).ids == ("a", "b")


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": 5},
        {"id": ""},
        {"name": "models/"},
        7,
        None,
        ["a"],
        "",
        "a\nb",
        "a\x00",
        "\ud800",
        "a/b\ufffd",
        "x" * 513,
        {"id": {"a": 1}},
    ],
)
def test_a_row_without_a_usable_id_is_counted_as_rejected(row: object) -> None:
    """Rule 33."""
    page = read_page(json.dumps({"data": [row, {"id": "a"}]}), url=URL)
    assert (page.ids, page.rows, page.rejected) == (("a",), 2, 1)


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE model; --", "<script>alert(1)</script>", "ü/模型", "x" * 512, "a b"]
)
def test_an_odd_but_harmless_id_is_kept(name: str) -> None:
    assert read_page(json.dumps([name]), url=URL).ids == (name,)


@pytest.mark.parametrize("document", [{"data": []}, [], {"object": "list", "data": None}])
def test_an_empty_list_is_readable(document: object) -> None:
    assert read_page(json.dumps(document), url=URL).rows == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the answer is empty"),
        ("<!doctype html><p>Welcome", "a web page"),
        ("\n<html>", "a web page"),
        ("{", "not JSON"),
        ("[1, 2", "not JSON"),
        ('{"data": [{"id": "a", "price": NaN}]}', "it holds NaN"),
        ("[-Infinity]", "it holds -Infinity"),
        ('{"data": [], "data": [{"id": "a"}]}', "the same name twice"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        ("[" + "9" * 5000 + "]", "too many digits"),
        ("[" + "[]," * 2_100_000, "more than 4,000,000 values"),
        ("null", "JSON, but null and no list of models"),
        ("false", "JSON, but false and no list of models"),
        ('"models"', "JSON, but a text and no list of models"),
        ("42", "JSON, but a number and no list of models"),
        ("{}", "holds no list of models"),
        ('{"data": {"id": "a"}}', "holds no list of models"),
        ('{"error": {"message": "no"}}', "holds no list of models"),
    ],
)
def test_what_is_no_catalog_says_why(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read_page(text, url=URL)


@pytest.mark.parametrize(
    ("document", "link", "following"),
    [
        ({"has_more": True, "last_id": "a b"}, "", f"{URL}?after_id=a+b"),
        ({"has_more": False, "last_id": "a"}, "", None),
        ({"nextPageToken": "t=1"}, "", f"{URL}?pageToken=t%3D1"),
        ({"nextPageToken": ""}, "", None),
        ({"next_page_token": "t"}, "", f"{URL}?page_token=t"),
        ({"next_page_token": 2}, "", f"{URL}?page_token=2"),
        ({"links": {"next": f"{URL}?offset=500"}}, "", f"{URL}?offset=500"),
        ({"links": {"next": "?offset=500&limit=500"}}, "", f"{URL}?offset=500&limit=500"),
        ({"links": {"next": {"href": "/v1/models?p=2"}}}, "", f"{URL}?p=2"),
        ({"links": {"next": None}}, "", None),
        ({"links": []}, "", None),
        ({"next": f"{URL}?page=2"}, "", f"{URL}?page=2"),
        ({}, f'<{URL}?p=2>; rel="next"', f"{URL}?p=2"),
        ({}, "</v1/models?p=2>; rel=next", f"{URL}?p=2"),
        ({}, f'<{URL}?p=1>; rel="prev", <{URL}?p=3>; title="x"; rel="last next"', f"{URL}?p=3"),
        ({}, f'<{URL}?p=2>; rel="nextish"', None),
        ([], f'<{URL}?p=2>; rel="next"', f"{URL}?p=2"),
        (
            {"links": {"next": "HTTPS://API.acme.test:443/v1/models?p=2#top"}},
            "",
            "https://API.acme.test:443/v1/models?p=2",
        ),
        ([], "", None),
    ],
)
def test_the_next_page_is_found_in_every_form(document: object, link: str, following: str | None) -> None:
    assert next_url(document, url=URL, link=link) == following


def test_a_cursor_replaces_the_one_before() -> None:
    assert next_url({"nextPageToken": "3"}, url=f"{URL}?limit=9&pageToken=2") == f"{URL}?limit=9&pageToken=3"


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.test/v1/models",
        "//elsewhere.test/models",
        "http://api.acme.test/v1/models",
        "https://api.acme.test:8443/v1/models",
        "https://api.acme.test@elsewhere.test/",
        "https://user@api.acme.test/v1/models",
        "https://api.acme.test.elsewhere.test/",
        "https://api.acme.test:99999/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://[::1/",
        "/v1/models\r\nHost: elsewhere.test",
        "?cursor=" + "x" * 9000,
    ],
)
def test_a_next_page_that_is_not_the_providers_is_not_followed(target: str) -> None:
    with pytest.raises(Unreadable, match="next page"):
        next_url({"links": {"next": target}}, url=URL)


def test_more_without_a_place_is_not_the_end() -> None:
    with pytest.raises(Unreadable, match="has_more without last_id"):
        next_url({"has_more": True}, url=URL)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["data", "models", "id", "name", "links", "next", "has_more", "last_id", "nextPageToken"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(JSON.map(json.dumps) | st.text(max_size=50), st.text(max_size=50))
def test_any_page_is_read_or_refused(text: str, link: str) -> None:
    try:
        page = read_page(text, url=URL, link=link)
    except Unreadable:
        return
    assert page.rows == len(page.ids) + page.rejected
    assert all(is_trackable_id(name) for name in page.ids)
    assert page.next_url is None or page.next_url.startswith("https://api.acme.test")


@given(st.text(max_size=80))
def test_any_next_link_stays_at_home_or_is_refused(target: str) -> None:
    try:
        found = next_url({"links": {"next": target}}, url=URL)
    except Unreadable:
        return
    assert found is None or found.lower().startswith(("https://api.acme.test/", "https://api.acme.test?"))


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(Unreadable):
        parse_json(text)
