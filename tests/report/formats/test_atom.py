"""Atom documents: what RFC 4287 and RFC 4151 demand, whatever ids and texts come from outside."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.history.rows import EventRow
from monitor.report.formats.atom import (
    Address,
    Entry,
    Feed,
    atom,
    event_entry,
    first_seen_entry,
    owner_of,
    summary_entry,
)

AT = datetime(2026, 4, 6, 12, 0, 1, 5000, tzinfo=UTC)
HERE = Address(base="http://127.0.0.1:8080")
ATOM = "{http://www.w3.org/2005/Atom}"
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}:([a-zA-Z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})+")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def event(
    model: str | None = "a/model", kind: str = "became_unavailable", detail: str | None = None
) -> EventRow:
    """Return an event of nvidia."""
    return EventRow(
        event_id=207_236_366_336_000,
        provider="nvidia",
        model=model,
        kind=kind,
        began_at=AT - timedelta(minutes=15),
        confirmed_at=AT,
        from_status=Status.AVAILABLE,
        to_status=Status.UNAVAILABLE,
        reason="server_error",
        sweep_id=197_640_000,
        detail=detail,
    )


def written(entries: Sequence[Entry], address: Address = HERE) -> ET.Element:
    """Write a feed and read it; it must have all that RFC 4287 asks for."""
    feed = Feed(title="monitor: changes", subtitle="What changed", path="/feed.atom", entries=entries)
    root = ET.fromstring(atom(feed, address))  # noqa: S314 - our own document
    assert root.tag == f"{ATOM}feed"
    for each in [root, *root.findall(f"{ATOM}entry")]:
        for required in ("id", "title", "updated"):
            assert len(each.findall(ATOM + required)) == 1, required
        assert TAG.fullmatch(text(each, "id"))
        assert RFC3339.fullmatch(text(each, "updated"))
        relations = [link.get("rel") for link in each.findall(f"{ATOM}link")]
        assert relations.count("alternate") == 1
        assert all(link.get("href", "").startswith(address.base) for link in each.findall(f"{ATOM}link"))
    assert text(root.findall(f"{ATOM}author")[0], "name") == "monitor"
    assert [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"] == [
        f"{address.base}/feed.atom"
    ]
    for entry in root.findall(f"{ATOM}entry"):
        assert [content.get("type") for content in entry.findall(f"{ATOM}content")] == ["html"]
    ids = [text(entry, "id") for entry in root.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    return root


def text(element: ET.Element, name: str) -> str:
    """Return the text of an element's child."""
    return element.findtext(ATOM + name) or ""


def test_an_event_is_an_entry_in_plain_words_with_times_reason_and_links() -> None:
    address = Address(base="https://example.org/monitor", owner="example.org", zone=ZoneInfo("Asia/Tokyo"))
    (entry,) = written([event_entry(event(), AT + timedelta(minutes=1), address)], address).findall(
        f"{ATOM}entry"
    )
    assert text(entry, "id") == "tag:example.org,2026:event/207236366336000"
    assert text(entry, "title") == "nvidia: a/model became unavailable: server error"
    assert text(entry, "published") == "2026-04-06T12:00:01.005000+00:00"
    assert text(entry, "updated") == "2026-04-06T12:01:01.005000+00:00"
    assert [link.get("href") for link in entry.findall(f"{ATOM}link")] == [
        "https://example.org/monitor/models/nvidia/a/model"
    ]
    assert [each.get("term") for each in entry.findall(f"{ATOM}category")] == ["became_unavailable", "nvidia"]
    assert text(entry, "content") == (
        "<p>nvidia: a/model became unavailable: server error.</p>"
        "<ul><li>Began: 2026-04-06 11:45:01 UTC</li><li>Certain: 2026-04-06 12:00:01 UTC</li>"
        "<li>Status: unavailable, was available</li><li>Reason: server error</li></ul>"
        '<p><a href="https://example.org/monitor/models/nvidia/a/model">all about the model</a> · '
        '<a href="https://example.org/monitor/changes/2026-04-06">all changes of the day</a></p>'
    )


def test_the_changes_of_an_event_are_those_of_its_day_in_the_zone() -> None:
    late = Address(base="http://x", zone=ZoneInfo("Pacific/Auckland"))
    assert "/changes/2026-04-07" in event_entry(event(), AT, late).html


def test_an_event_of_a_provider_leads_to_the_changes_of_its_day() -> None:
    (entry,) = written([event_entry(event(None, "credential_rejected"), AT, HERE)]).findall(f"{ATOM}entry")
    assert text(entry, "title") == "nvidia rejects our key"
    assert [link.get("href") for link in entry.findall(f"{ATOM}link")] == [
        "http://127.0.0.1:8080/changes/2026-04-06"
    ]


@pytest.mark.parametrize(
    ("models", "title"), [(189, "nvidia: 189 models first seen"), (1, "nvidia: 1 model first seen")]
)
def test_what_was_there_from_the_beginning_is_one_entry(models: int, title: str) -> None:
    (entry,) = written([first_seen_entry("nvidia", 197_640_000, models, AT, HERE)]).findall(f"{ATOM}entry")
    assert text(entry, "title") == title
    assert text(entry, "id") == "tag:monitor.invalid,2026:sweep/197640000"


def test_a_day_is_an_entry_with_its_summary_as_it_is() -> None:
    html = "<h1>A day</h1>\n<p>A &amp; B went down.</p>"
    day = summary_entry(date(2026, 4, 6), "2026-04-06: 2 went down", html, AT)
    (entry,) = written([day]).findall(f"{ATOM}entry")
    assert text(entry, "id") == "tag:monitor.invalid,2026:summary/2026-04-06"
    assert text(entry, "content") == html
    assert entry.findall(f"{ATOM}link")[0].get("href") == "http://127.0.0.1:8080/changes/2026-04-06"


def test_a_feed_without_entries_is_valid_and_always_the_same() -> None:
    feed = Feed(title="t", subtitle="s", path="/feed.atom", entries=[])
    written([])
    assert atom(feed, HERE) == atom(feed, HERE)


def test_a_feed_was_updated_when_its_newest_entry_was() -> None:
    entries = [
        event_entry(event(), AT, HERE),
        first_seen_entry("nvidia", 1, 2, AT + timedelta(seconds=9), HERE),
    ]
    assert text(written(entries), "updated") == "2026-04-06T12:00:10.005000+00:00"


@pytest.mark.parametrize(
    ("public_url", "owner"),
    [
        ("https://Status.Example.org:8443/monitor", "status.example.org"),
        ("http://[::1]:8080", "monitor.invalid"),
        (None, "monitor.invalid"),
    ],
)
def test_entries_are_numbered_in_the_name_of_the_public_host(public_url: str | None, owner: str) -> None:
    assert owner_of(public_url) == owner


@given(
    st.text(st.characters(), max_size=40),
    st.sampled_from(list(EventKind)),
    st.none() | st.text(st.characters(), max_size=40),
)
def test_whatever_an_id_holds_the_document_stays_xml(model: str, kind: EventKind, detail: str | None) -> None:
    entries = [event_entry(event(model, kind, detail), AT, HERE), summary_entry(AT.date(), model, model, AT)]
    root = written(entries)
    assert len(root.findall(f"{ATOM}entry")) == 2
    content = root.findall(f"{ATOM}entry")[0].findtext(f"{ATOM}content") or ""
    tags = set(re.findall(r"<(\w+)", content))
    assert tags <= {"p", "ul", "li", "a"}
