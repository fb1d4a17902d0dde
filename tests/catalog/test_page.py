"""One page of a catalog: every shape of rows and every way to name the next page."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.catalog.cursor import following
from monitor.catalog.document import AMBIGUOUS, Unreadable, parse_json
from monitor.catalog.page import read_page
from monitor.core.domain.ids import is_trackable_id

URL = "https://api.acme.test/v1/models"


@pytest.mark.parametrize(
    "document",
    [
        [{"id": "a"}, {"id": "b"}],
        {"object": "list", "data": [{"id": "a"}, {"id": "b"}]},
        {"models": [{"name": "a"}, {"name": "b"}]},
        {"items": [{"model": "a"}, {"model": "b"}]},
        {"results": ["a", "b"]},
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
        ('{"data": [], "data": [{"id": "a"}]}', 'holds "data" twice'),
        ('{"data": [{"id": "a", "id": "b"}]}', 'holds "id" twice'),
        ('{"data": [{"id": null, "name": "b", "name": "c"}]}', 'holds "name" twice'),
        ('{"data": ["a"], "has_more": true, "has_more": false}', 'holds "has_more" twice'),
        ('{"data": ["a"], "has_more": true, "last_id": "a", "last_id": "b"}', 'holds "last_id" twice'),
        ('{"data": ["a"], "nextPageToken": "1", "nextPageToken": "2"}', 'holds "nextPageToken" twice'),
        ('{"data": ["a"], "next": "?p=1", "next": "?p=2"}', 'holds "next" twice'),
        ('{"data": ["a"], "links": {"next": "?p=1", "next": "?p=2"}}', 'holds "next" twice'),
        ('{"data": ["a"], "links": {}, "links": {"next": "?p=2"}}', 'holds "links" twice'),
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
    ("document", "link", "expected"),
    [
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
def test_the_next_page_is_found_in_every_form(document: object, link: str, expected: str | None) -> None:
    assert following(document, url=URL, link=link) == (() if expected is None else (expected,))


def test_a_cursor_replaces_the_one_before() -> None:
    url = f"{URL}?limit=9&pageToken=2"
    assert following({"nextPageToken": "3"}, url=url) == (f"{URL}?limit=9&pageToken=3",)


AFTER, AFTER_ID = f"{URL}?after=a+b", f"{URL}?after_id=a+b"


@pytest.mark.parametrize(
    ("more", "parameter", "expected"),
    [
        ({"last_id": "a b"}, None, (AFTER_ID, AFTER)),
        ({"last_id": "a b", "object": "list"}, None, (AFTER, AFTER_ID)),
        ({"last_id": "a b", "object": "list"}, "after_id", (AFTER_ID, AFTER)),
        ({"last_id": "a b"}, "after", (AFTER, AFTER_ID)),
        ({"object": "list"}, None, (AFTER, AFTER_ID)),
        ({"last_id": None, "links": {"next": "?p=2"}}, None, (f"{URL}?p=2",)),
    ],
)
def test_a_list_that_goes_on_after_an_id_does_so_by_one_of_two_parameters(
    more: dict[str, object], parameter: str | None, expected: tuple[str, ...]
) -> None:
    """Rule 40: the provider's, else the one its shape speaks of, is tried first."""
    document = {"has_more": True, **more}
    assert following(document, url=URL, parameter=parameter, last="a b") == expected


@pytest.mark.parametrize("parameter", ["after", "after_id"])
def test_the_parameter_that_moved_the_list_is_kept(parameter: str) -> None:
    document = {"has_more": True, "last_id": "b"}
    assert following(document, url=f"{URL}?{parameter}=a&limit=9") == (f"{URL}?limit=9&{parameter}=b",)


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
        following({"links": {"next": target}}, url=URL)


def test_more_without_a_place_is_not_the_end() -> None:
    with pytest.raises(Unreadable, match="has_more without last_id"):
        following({"has_more": True}, url=URL)


@pytest.mark.parametrize(
    "row",
    [
        '{"id": "a", "tag": 1, "tag": 2}',
        '{"id": "a", "id": "a"}',
        '{"id": "a", "name": "A", "name": "B"}',
        '{"id": "a", "permission": [{"id": 1, "id": 2}]}',
        '{"id": "a", "type": "chat", "type": "embedding"}',
        '{"id": "a", "sunset": "2027-01-01", "sunset": "2028-01-01"}',
    ],
)
def test_a_repeated_field_that_nobody_reads_does_no_harm(row: str) -> None:
    """Rule 40; a field that would only be of use says nothing where it is ambiguous."""
    page = read_page(f'{{"object": "x", "object": "y", "data": [{row}], "models": 1, "models": 2}}', url=URL)
    assert (page.ids, page.entries, page.following) == (("a",), {}, ())


def test_only_different_values_are_ambiguous() -> None:
    assert parse_json('{"a": 1, "a": 1, "b": 1, "b": 2, "b": 1}') == {"a": 1, "b": AMBIGUOUS}


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
    assert all(address.startswith("https://api.acme.test") for address in page.following)


@given(st.text(max_size=80))
def test_any_next_link_stays_at_home_or_is_refused(target: str) -> None:
    try:
        addresses = following({"links": {"next": target}}, url=URL)
    except Unreadable:
        return
    home = ("https://api.acme.test/", "https://api.acme.test?")
    assert all(address.lower().startswith(home) for address in addresses)


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(Unreadable):
        parse_json(text)
