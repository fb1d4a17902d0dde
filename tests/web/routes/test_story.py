"""/api/v1/models/{provider}/{id} and /api/v1/summary."""

from dataclasses import fields

import pytest
from sqlalchemy import Engine

from monitor.core.history.rows import ModelRow
from tests.support import gateway as g
from tests.web.history import DOWN, UP, after, live, sweep
from tests.web.served import browsing

DAY = 96  # sweeps


@pytest.fixture
def history(engine: Engine) -> Engine:
    live(engine, [sweep(0, {"a/b/c": UP}), *(sweep(place, {"a/b/c": DOWN}) for place in (4, 5))])
    return engine


@pytest.mark.parametrize("spelt", ["a/b/c", "a%2Fb%2Fc"])
def test_a_models_story_has_its_row_its_events_and_its_outages(history: Engine, spelt: str) -> None:
    with browsing(history, after(6)) as client:
        story = client.get(f"/api/v1/models/nvidia/{spelt}").json()
    assert [*story["model"]] == [*(field.name for field in fields(ModelRow)), "watched"]
    assert story["model"]["status"] == "unavailable"
    assert [event["kind"] for event in story["events"]] == ["became_unavailable", "appeared"]
    (outage,) = story["outages"]
    assert (outage["began_at"], outage["ended_at"], outage["duration_s"]) == (
        "2026-04-06T13:00:01.000Z",
        None,
        None,
    )
    assert outage["duration_so_far_s"] == 1199.0


@g.ON_SQLITE
def test_an_unknown_model_is_404_and_names_the_nearest(history: Engine) -> None:
    with browsing(history, after(6)) as client:
        answer = client.get("/api/v1/models/nvidia/a/b/d")
    assert answer.status_code == 404
    assert answer.json()["detail"] == 'nothing is known of such a model; did you mean "a/b/c"?'


def test_a_summary_is_that_of_the_command_for_the_days_asked_for(history: Engine) -> None:
    with browsing(history, after(DAY + 1)) as client:
        plain = client.get("/api/v1/summary").json()
        assert (plain["first"], plain["last"], plain["complete"]) == ("2026-04-06", "2026-04-06", True)
        assert client.get("/api/v1/summary?day=2026-04-06").json() == plain
        both = client.get("/api/v1/summary?since=2026-04-06&until=2026-04-07&provider=nvidia").json()
    assert (both["first"], both["last"], both["complete"]) == ("2026-04-06", "2026-04-07", False)
    assert [part["provider"] for part in both["providers"]] == ["nvidia"]


def test_a_summary_without_a_day_is_todays_where_there_is_no_yesterday(history: Engine) -> None:
    with browsing(history, after(6)) as client:
        assert client.get("/api/v1/summary").json()["first"] == "2026-04-06"


@g.ON_SQLITE
@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("day=2026-04-05", 404, "the history has nothing of 2026-04-05"),
        ("day=2027-01-01", 404, "the history has nothing of 2027-01-01"),
        ("day=2026-04-06&since=2026-04-05", 422, "since: cannot stand beside day"),
        (
            "since=2026-04-07&until=2026-04-06",
            422,
            "since: 2026-04-07 is later than the last day, 2026-04-06",
        ),
        ("since=2026-01-01&until=2026-04-06", 422, "since: at most 31 days at once"),
        ("day=yesterday", 422, "day: input should be a valid date or datetime, input is too short"),
    ],
)
def test_other_days_are_refused(history: Engine, query: str, status: int, words: str) -> None:
    with browsing(history, after(6)) as client:
        answer = client.get(f"/api/v1/summary?{query}")
    assert (answer.status_code, answer.json()["detail"]) == (status, words)


@g.ON_SQLITE
def test_an_empty_history_has_no_summary(engine: Engine) -> None:
    with browsing(engine, after(6)) as client:
        assert client.get("/api/v1/summary").status_code == 404
