"""/changes: the days on which something changed, and the summary of each."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import Engine

from monitor.web.app import create_app
from tests.support.gateway import ON_SQLITE
from tests.support.process import WAIT_S
from tests.web.history import DOWN, HOSTILE, INTERVAL, START, UP, live, sweep
from tests.web.markup import read
from tests.web.served import served

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HTML = {"Accept": "text/html"}
MIDNIGHT = 48  # sweeps begin at noon UTC, four an hour
THIRD_DAY = START + timedelta(days=2)
STORY = [
    sweep(0, {"a": UP, "b": UP}),
    sweep(1, {"a": UP, "b": UP, "new": UP}),
    sweep(MIDNIGHT + 1, {"a": UP, "b": DOWN, "new": UP}),
    sweep(MIDNIGHT + 2, {"a": UP, "b": DOWN, "new": UP}),
]


@contextmanager
def browsing(
    engine: Engine,
    now: datetime = THIRD_DAY,
    zone: tzinfo = ZoneInfo("UTC"),  # noqa: B008 - it never changes
) -> Iterator[httpx.Client]:
    app = create_app(engine, watched={"nvidia": INTERVAL}, now=lambda: now, zone=zone)
    with (
        served(app) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S, headers=HTML) as client,
    ):
        yield client


def test_days_with_changes_are_listed_newest_first_with_their_counts(engine: Engine) -> None:
    live(engine, STORY)
    with browsing(engine) as client:
        answer = client.get("/changes")
    seen = read(answer.text)
    assert answer.status_code == 200
    assert re.findall(r'href="(/changes/[^"]+)"', answer.text) == [
        "/changes/2026-04-07",
        "/changes/2026-04-06",
    ]
    assert "2026-04-07 1 went down" in seen.text
    assert "2026-04-06 1 appeared" in seen.text
    assert "Days are those of the time zone UTC." in seen.text


@ON_SQLITE
def test_days_are_those_of_the_zone(engine: Engine) -> None:
    live(engine, STORY)
    with browsing(engine, zone=NEW_YORK) as client:
        assert re.findall(r'href="(/changes/[^"]+)"', client.get("/changes").text) == ["/changes/2026-04-06"]
        assert "time zone America/New_York" in client.get("/changes/2026-04-06").text


@ON_SQLITE
def test_a_history_without_changes_says_so(engine: Engine) -> None:
    live(engine, STORY[:1])
    with browsing(engine) as client:
        assert "Nothing changed." in client.get("/changes").text


def test_a_day_is_told_as_its_summary_with_links_to_models_and_days(engine: Engine) -> None:
    live(engine, STORY)
    with browsing(engine) as client:
        answer = client.get("/changes/2026-04-07")
        seen = read(answer.text)
        assert "Hosted models on Tuesday 2026-04-07" in seen.text
        assert "1 model went down. 2 available, 1 down of 3." in seen.text
        assert "b since 00:15 (23 h 45 min): not offered to this account" in seen.text
        links = re.findall(r'href="(/[^"]*)"', answer.text)
        assert {"/changes/2026-04-06", "/changes", "/changes/2026-04-08", "/", "/models/nvidia/b"} <= {*links}
        assert {client.get(link).status_code for link in links} == {200}


@ON_SQLITE
def test_the_first_day_has_none_before_it_and_today_none_after_it(engine: Engine) -> None:
    live(engine, STORY)
    with browsing(engine, START + timedelta(hours=14)) as client:
        first, today = client.get("/changes/2026-04-06").text, client.get("/changes/2026-04-07").text
    assert ('rel="prev"' in first, 'rel="next"' in first) == (False, True)
    assert ('rel="prev"' in today, 'rel="next"' in today) == (True, False)
    assert "so far" in today
    assert "this is what was known at 02:00" in today


@pytest.mark.parametrize(
    "day",
    [
        "2026-04-05",
        "2026-04-09",
        "2999-01-01",
        "0001-01-01",
        "20260406",
        "2026-04-31",
        "x",
        "%00",
        "2026-4-6",
    ],
)
@ON_SQLITE
def test_a_day_that_is_none_or_not_in_the_history_is_not_found(engine: Engine, day: str) -> None:
    live(engine, STORY)
    with browsing(engine) as client:
        answer = client.get(f"/changes/{day}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "the history has no such day" in answer.text


@ON_SQLITE
def test_without_a_history_there_are_no_days(engine: Engine) -> None:
    with browsing(engine) as client:
        assert client.get("/changes").status_code == 200
        assert client.get("/changes/2026-04-06").status_code == 404


@ON_SQLITE
def test_a_day_that_is_over_is_told_anew_when_the_past_is_written_anew(engine: Engine) -> None:
    live(engine, STORY)
    with browsing(engine) as client:
        assert "1 model went down" in client.get("/changes/2026-04-07").text
        live(
            engine, [sweep(MIDNIGHT + 3, {"a": DOWN, "new": UP}), sweep(MIDNIGHT + 4, {"a": DOWN, "new": UP})]
        )
        assert "1 model was retired, 1 went down" in client.get("/changes/2026-04-07").text


@pytest.mark.parametrize("name", HOSTILE)
@ON_SQLITE
def test_an_id_is_text_whatever_is_in_it(engine: Engine, name: str) -> None:
    live(engine, [STORY[0], sweep(1, {"a": UP, "b": UP, name: UP})])
    with browsing(engine) as client:
        page = client.get("/changes/2026-04-06").text
    seen = read(page)
    assert "script" not in seen.tags
    assert f"/models/nvidia/{name}" in [unquote(link) for link in re.findall(r'href="(/models/[^"]+)"', page)]


@ON_SQLITE
def test_the_page_allows_no_more_than_its_own_style(engine: Engine) -> None:
    live(engine, STORY)
    with browsing(engine) as client:
        for path in ("/changes", "/changes/2026-04-06"):
            policy = client.get(path).headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert "unsafe" not in policy


def test_models_that_went_down_together_are_one_line_that_unfolds(engine: Engine) -> None:
    """Five of twelve fail: fewer than would be the provider's own trouble."""
    ids = [f"m/{number:02}" for number in range(12)]
    up = dict.fromkeys(ids, UP)
    failing = up | dict.fromkeys(ids[:5], DOWN)
    live(engine, [sweep(0, up), sweep(1, failing), sweep(2, failing), sweep(3, failing)])
    with browsing(engine) as client:
        page = client.get("/changes/2026-04-06").text
    assert "<details><summary>5 models, not offered to this account, since 12:15" in page
    assert page.count('href="/models/nvidia/m/04"') == 1
