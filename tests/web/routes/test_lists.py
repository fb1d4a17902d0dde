"""/api/v1/events, sweeps and uptime: the history in pages."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause
from monitor.core.history.views import VIEWS
from tests.support import gateway as g
from tests.web.history import DOWN, ENDED, START, UP, Answer, after, live, sweep
from tests.web.served import browsing

CATALOG: dict[str, Answer] = {"a/up": UP, "b/down": DOWN, "c/ends": UP}
VIEW_OF = {"events": "change_history", "sweeps": "sweep_history", "uptime": "uptime_daily"}
DAY = 96  # sweeps


@pytest.fixture
def history(engine: Engine) -> Engine:
    """Give three days of two providers, with changes and a sweep that proves nothing."""
    live(
        engine,
        [
            sweep(0, CATALOG),
            sweep(1, {**CATALOG, "b/down": UP, "c/ends": ENDED}),
            sweep(2, {"a/up": UP, "b/down": UP}, cause=Cause.PROVIDER_OUTAGE),
            sweep(DAY, {"a/up": UP, "b/down": UP}),
            sweep(2 * DAY, {"a/up": UP, "b/down": DOWN}),
            sweep(1, {"z": UP}, provider="other"),
        ],
    )
    return engine


def rows(client: httpx.Client, name: str, query: str = "") -> list[dict[str, object]]:
    """Return the rows of a list, however many pages they take."""
    found: list[dict[str, object]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = client.get(f"/api/v1/{name}?{query}{f'&cursor={cursor}' if cursor else ''}")
        assert answer.status_code == 200, answer.text
        found += answer.json()[name]
        cursor = answer.json()["next"]
    return found


@pytest.mark.parametrize("name", VIEW_OF)
def test_a_row_has_the_columns_of_its_view(history: Engine, name: str) -> None:
    with browsing(history, after(300)) as client:
        (first, *_) = rows(client, name, "all=true")
    assert [*first] == [column.name for column in VIEWS[VIEW_OF[name]].columns]


@pytest.mark.parametrize("name", VIEW_OF)
@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_together_are_the_whole_list_whatever_their_size(
    history: Engine, name: str, limit: int
) -> None:
    with browsing(history, after(300)) as client:
        whole = client.get(f"/api/v1/{name}?all=true&limit=1000").json()
        assert whole["next"] is None
        assert rows(client, name, f"all=true&limit={limit}") == whole[name]
        if name == "events":
            oldest = rows(client, name, f"all=true&order=oldest&limit={limit}")
            assert oldest == whole[name][::-1]


def test_events_are_chosen_by_kind_model_provider_and_time(history: Engine) -> None:
    def chosen(query: str) -> list[tuple[object, object]]:
        return [(row["model"], row["kind"]) for row in rows(client, "events", query)]

    with browsing(history, after(300)) as client:
        assert chosen("kind=retired") == [("c/ends", "retired")]
        assert chosen("model=b/down&kind=became_available") == [("b/down", "became_available")]
        assert chosen("provider=other") == [("z", "appeared")]
        assert chosen("kind=provider_down&kind=provider_up") == [
            (None, "provider_up"),
            (None, "provider_down"),
        ]
        assert chosen("since=2026-04-07&until=2026-04-08T00:00:00Z") == [(None, "provider_up")]
        assert len(chosen("until=2026-04-06T12:01:00")) == len(CATALOG)  # without a zone it is UTC


def test_sweeps_are_chosen_by_verdict_cause_provider_and_time(history: Engine) -> None:
    def chosen(query: str) -> list[object]:
        return [row["started_at"] for row in rows(client, "sweeps", query)]

    with browsing(history, after(300)) as client:
        assert len(chosen("all=true")) == 6
        assert (
            chosen("verdict=inconclusive") == chosen("cause=provider_outage") == ["2026-04-06T12:30:00.000Z"]
        )
        assert chosen("cause=quota") == []
        assert chosen("since=2026-04-08") == ["2026-04-08T12:00:00.000Z"]
        assert chosen("until=2026-04-06T12:15:00Z") == ["2026-04-06T12:00:00.000Z"]
        assert chosen("provider=other") == ["2026-04-06T12:15:00.000Z"]


def test_days_are_chosen_by_model_provider_and_day(history: Engine) -> None:
    with browsing(history, after(300)) as client:
        days = rows(client, "uptime", "model=b/down")
        assert [(row["day"], row["checks"], row["uptime_percent"]) for row in days] == [
            ("2026-04-06", 2, 50.0),
            ("2026-04-07", 1, 100.0),
            ("2026-04-08", 1, 0.0),
        ]
        assert rows(client, "uptime", "model=b/down&since=2026-04-07&until=2026-04-08") == days[1:2]
        assert [row["model"] for row in rows(client, "uptime", "provider=other")] == ["z"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("events?cursor=nonsense", "cursor: is not one that this list gave; begin again without it"),
        ("sweeps?cursor=WzFd", "cursor: is not one that this list gave; begin again without it"),
        ("events?since=2026-04-07&until=2026-04-06", "until: must be later than since"),
        ("uptime?since=2026-04-07&until=2026-04-07", "until: must be later than since"),
        ("events?limit=0", "limit: input should be greater than or equal to 1"),
        ("events?models=a", "models: there is no such parameter"),
        ("sweeps?provider=nvidai", "provider: there is no 'nvidai'; known: nvidia, other"),
    ],
)
def test_a_wrong_parameter_is_named(history: Engine, query: str, words: str) -> None:
    with browsing(history, after(300)) as client:
        answer = client.get(f"/api/v1/{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (answer.json()["detail"], answer.json()["status"]) == (words, 422)


@g.ON_SQLITE
@pytest.mark.parametrize("name", VIEW_OF)
def test_who_has_a_page_already_gets_304_until_a_sweep_comes(history: Engine, name: str) -> None:
    address = f"/api/v1/{name}?all=true"
    with browsing(history, after(300)) as client:
        tag = client.get(address).headers["etag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
        live(history, [sweep(2 * DAY + 1, {"a/up": UP, "new/one": UP})])
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


@g.ON_SQLITE
def test_a_list_of_an_empty_history_is_empty(engine: Engine) -> None:
    with browsing(engine, START + timedelta(minutes=1)) as client:
        for name in VIEW_OF:
            assert client.get(f"/api/v1/{name}").json() == {name: [], "next": None}
