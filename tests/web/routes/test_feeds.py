"""/feed.atom and /summaries.atom, as a feed reader gets them: over HTTP, from real histories."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import format_datetime, parsedate_to_datetime
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Cause
from monitor.core.history.calendar import begin_of
from monitor.store.derived.rebuild import rebuild
from monitor.store.write.record import open_sweep
from monitor.store.write.slots import record_missed_slots
from monitor.web.app import create_app
from tests.store import histories
from tests.support.process import WAIT_S
from tests.web.history import DOWN, ENDED, HOSTILE, INTERVAL, START, UP, after, live, sweep
from tests.web.markup import read
from tests.web.served import browsing, served

ATOM = "{http://www.w3.org/2005/Atom}"


def titles(answer: httpx.Response) -> list[str]:
    """Return the titles of a feed's entries, which must be a feed."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(answer.content)  # noqa: S314 - our own document
    return [entry.findtext(f"{ATOM}title") or "" for entry in root.findall(f"{ATOM}entry")]


def ids(answer: httpx.Response) -> list[str]:
    """Return the ids of a feed's entries."""
    root = ET.fromstring(answer.content)  # noqa: S314 - our own document
    return [entry.findtext(f"{ATOM}id") or "" for entry in root.findall(f"{ATOM}entry")]


def links(answer: httpx.Response) -> set[str]:
    """Return where a feed and its entries lead."""
    root = ET.fromstring(answer.content)  # noqa: S314 - our own document
    return {link.get("href", "") for link in root.iter(f"{ATOM}link")}


def test_changes_are_told_newest_first_and_the_first_stock_taking_is_one_entry(engine: Engine) -> None:
    many = {f"m/{number:03d}": UP for number in range(189)}
    live(
        engine,
        [
            sweep(0, many),
            sweep(1, {**many, "n/new": UP, "m/000": ENDED}),
            sweep(2, {**many, "n/new": DOWN}, cause=Cause.CREDENTIAL),
        ],
    )
    with browsing(engine, after(3)) as client:
        answer = client.get("/feed.atom")
    assert titles(answer) == [
        "nvidia rejects our key",
        "nvidia: n/new appeared in the catalog, available",
        "nvidia: m/000 was retired: reached its end of life",
        "nvidia: 189 models first seen",
    ]
    root = ET.fromstring(answer.content)  # noqa: S314 - our own document
    updated = [each.text for each in root.iter(f"{ATOM}updated")]
    assert updated == [
        "2026-04-06T12:31:05+00:00",
        "2026-04-06T12:31:05+00:00",
        "2026-04-06T12:16:05+00:00",
        "2026-04-06T12:16:05+00:00",
        "2026-04-06T12:01:05+00:00",
    ]


def test_only_the_newest_hundred_changes_are_told(engine: Engine) -> None:
    catalog = {f"m/{number:03d}": UP for number in range(60)}
    down = dict.fromkeys(catalog, ENDED)
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": UP, **catalog}), sweep(2, {"a": UP, **down})])
    with browsing(engine, after(3)) as client:
        told_ = titles(client.get("/feed.atom"))
    assert len(told_) == 100
    assert sum("was retired" in title for title in told_) == 60


def test_filters_choose_and_may_be_repeated(engine: Engine) -> None:
    live(
        engine,
        [
            sweep(0, {"a": UP}),
            sweep(0, {"z": UP}, provider="other"),
            sweep(1, {"a": ENDED, "b": UP}),
            sweep(1, {"z": UP, "y": UP}, provider="other"),
        ],
    )
    with browsing(engine, after(2)) as client:

        def told_by(query: str) -> list[str]:
            return titles(client.get(f"/feed.atom?{query}"))

        assert told_by("kind=retired") == ["nvidia: a was retired: reached its end of life"]
        assert told_by("provider=other") == [
            "other: y appeared in the catalog, available",
            "other: 1 model first seen",
        ]
        assert told_by("provider=other&kind=retired") == []
        assert len(told_by("kind=retired&kind=appeared&provider=other&provider=nvidia")) == 5
        answer = client.get("/feed.atom?kind=retired&provider=other")
        assert f"{client.base_url}feed.atom?provider=other&kind=retired" in links(answer)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("/feed.atom?provider=nobody", "provider: there is no 'nobody'; known: nvidia"),
        ("/feed.atom?kind=exploded", "kind: input should be 'appeared', "),
        ("/feed.atom?since=7d", "since: there is no such parameter"),
        ("/summaries.atom?provider=nvidia", "provider: there is no such parameter"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_words(engine: Engine, address: str, message: str) -> None:
    with browsing(engine, START) as client:
        answer = client.get(address)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(message)


def test_links_lead_to_pages_that_are_there_at_the_address_that_was_asked(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": UP, **dict.fromkeys(HOSTILE, UP)})])
    with browsing(engine, after(2)) as client:
        answer = client.get("/feed.atom")
        found = links(answer)
        assert len(found) == len(HOSTILE) + 3
        assert all(link.startswith(str(client.base_url)) for link in found)
        assert {link: client.get(link).status_code for link in found} == dict.fromkeys(found, 200)


def test_a_public_address_is_where_links_begin(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": ENDED})])
    app = create_app(
        engine, watched={"nvidia": INTERVAL}, now=lambda: after(2), public_url="https://status.example.org/m"
    )
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
        answer = client.get("/feed.atom")
    assert all(link.startswith("https://status.example.org/m/") for link in links(answer))
    assert all(each.startswith("tag:status.example.org,2026:") for each in ids(answer))


def test_ids_stay_the_same_after_a_restart_a_rebuild_and_at_another_address(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP, "b": UP}), sweep(1, {"a": ENDED, "b": UP, "c": UP})])
    with browsing(engine, after(2)) as client:
        before = ids(client.get("/feed.atom"))
    rebuild(engine, "nvidia", Policy())
    with browsing(engine, after(9)) as client:
        assert ids(client.get("/feed.atom", headers={"Host": "elsewhere.example.org"})) == before
    assert len(set(before)) == 3


def test_a_reader_that_has_the_feed_is_told_only_that(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": ENDED})])
    with browsing(engine, after(2)) as client:
        first = client.get("/feed.atom")
        tag, modified = first.headers["etag"], first.headers["last-modified"]
        assert parsedate_to_datetime(modified) == datetime(2026, 4, 6, 12, 16, 5, tzinfo=UTC)
        assert first.headers["cache-control"] == "max-age=60"
        later = format_datetime(after(2), usegmt=True)
        earlier = format_datetime(START, usegmt=True)
        for headers, status in [
            ({"If-None-Match": tag}, 304),
            ({"If-None-Match": f'"x", {tag.removeprefix("W/")}'}, 304),
            ({"If-None-Match": "*"}, 304),
            ({"If-Modified-Since": modified}, 304),
            ({"If-Modified-Since": later}, 304),
            ({"If-None-Match": '"other"'}, 200),
            ({"If-None-Match": '"other"', "If-Modified-Since": later}, 200),
            ({"If-Modified-Since": earlier}, 200),
            ({"If-Modified-Since": "yesterday"}, 200),
        ]:
            answer = client.get("/feed.atom", headers=headers)
            assert answer.status_code == status, headers
            assert answer.headers["etag"] == tag
            assert bool(answer.content) == (status == 200)
        head = client.head("/feed.atom")
        assert (head.status_code, head.headers["etag"], head.content) == (200, tag, b"")


def test_a_feed_changes_with_its_events_and_with_nothing_else(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": UP})])
    with browsing(engine, after(2)) as client:
        tag = client.get("/feed.atom").headers["etag"]
        live(engine, [sweep(2, {"a": UP})])
        assert client.get("/feed.atom").headers["etag"] == tag
        live(engine, [sweep(3, {"a": ENDED})])
        changed = client.get("/feed.atom", headers={"If-None-Match": tag})
        assert titles(changed)[0] == "nvidia: a was retired: reached its end of life"
        assert changed.headers["etag"] != tag


def test_an_empty_history_has_empty_feeds(engine: Engine) -> None:
    with browsing(engine, START) as client:
        assert titles(client.get("/feed.atom")) == []
        assert titles(client.get("/summaries.atom")) == []


def test_the_status_page_names_both_feeds(engine: Engine) -> None:
    with browsing(engine, START) as client:
        page = client.get("/").text
    read(page)
    for path in ("/feed.atom", "/summaries.atom"):
        form = f'<link rel="alternate" type="application/atom\\+xml" title="[^"]+" href="{path}">'
        assert re.search(form, page[: page.index("</head>")])


# ---- Summaries ----


class Teller:
    """Tells of days, and remembers which it was asked for."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self.zone = zone
        self.asked: list[date] = []

    def __call__(self, day: date) -> tuple[str, str, datetime]:
        self.asked.append(day)
        return f"{day}: quiet", f"<p>{day}</p>", begin_of(day + timedelta(days=1), self.zone)


class Clock:
    """A clock that a test sets."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@contextmanager
def telling(engine: Engine, teller: Teller, clock: Clock) -> Iterator[httpx.Client]:
    """Serve the summaries of a history."""
    watched = {"nvidia": INTERVAL}
    app = create_app(engine, watched=watched, now=clock, zone=teller.zone, summary_of=teller)
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
        yield client


def lived_through(engine: Engine, at: datetime) -> None:
    """Make a sweep as the daemon does."""
    histories.live(engine, histories.sweep(at, {"a": histories.UP}))


def days(count: int) -> timedelta:
    return timedelta(days=count)


def test_each_day_that_is_over_has_an_entry_once_and_days_without_sweeps_have_none(engine: Engine) -> None:
    for day in (0, 1, 3, 4):
        lived_through(engine, START + days(day))
    teller, clock = Teller(), Clock(START + days(4))
    with telling(engine, teller, clock) as client:
        answer = client.get("/summaries.atom")
        assert titles(answer) == ["2026-04-09: quiet", "2026-04-07: quiet", "2026-04-06: quiet"]
        assert ids(answer)[0] == "tag:monitor.invalid,2026:summary/2026-04-09"
        assert answer.headers["last-modified"] == "Fri, 10 Apr 2026 00:00:00 GMT"
        lived_through(engine, START + days(4) + INTERVAL)
        assert client.get("/summaries.atom").headers["etag"] == answer.headers["etag"]
        clock.at += days(1)
        assert titles(client.get("/summaries.atom"))[0] == "2026-04-10: quiet"
    assert sorted(teller.asked) == [date(2026, 4, day) for day in (6, 7, 9, 10)]


def test_only_the_newest_thirty_days_are_told(engine: Engine) -> None:
    for day in range(33):
        lived_through(engine, START + days(day))
    with telling(engine, Teller(), Clock(START + days(40))) as client:
        found = titles(client.get("/summaries.atom"))
    assert (len(found), found[0], found[-1]) == (30, "2026-05-08: quiet", "2026-04-09: quiet")


def test_days_are_those_of_the_zone(engine: Engine) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    lived_through(engine, START)  # one minute past midnight there: the seventh
    with telling(engine, Teller(zone), Clock(START + timedelta(hours=13))) as client:
        assert titles(client.get("/summaries.atom")) == []
    with telling(engine, Teller(zone), Clock(START + timedelta(hours=25))) as client:
        assert titles(client.get("/summaries.atom")) == ["2026-04-07: quiet"]


@pytest.mark.parametrize("how", ["import", "rebuild", "missed"])
def test_days_are_told_anew_when_the_past_was_written_anew(engine: Engine, how: str) -> None:
    lived_through(engine, START)
    lived_through(engine, START + days(1))
    teller, clock = Teller(), Clock(START + days(1))
    with telling(engine, teller, clock) as client:
        client.get("/summaries.atom")
        if how == "import":
            live(engine, [sweep(1, {"a": UP})])
        elif how == "rebuild":
            rebuild(engine, "nvidia", Policy(confirm_down=1))
        else:
            record_missed_slots(engine, "nvidia", "default", [START + timedelta(hours=2)])
            lived_through(engine, START + days(1) + INTERVAL)
        client.get("/summaries.atom")
    assert teller.asked == [date(2026, 4, 6)] * 2


def test_a_day_is_told_anew_when_a_sweep_ends_that_began_in_it(engine: Engine) -> None:
    lived_through(engine, START)
    late = histories.sweep(START + timedelta(hours=11, minutes=59), {"a": histories.UP})
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage="default",
        slot=None,
        started_at=late.started_at,
        policy=histories.POLICY,
    )
    assert opened is not None
    teller, clock = Teller(), Clock(START + timedelta(hours=12, minutes=1))
    with telling(engine, teller, clock) as client:
        client.get("/summaries.atom")
        histories.close(engine, opened, late)
        client.get("/summaries.atom")
    assert teller.asked == [date(2026, 4, 6)] * 2
