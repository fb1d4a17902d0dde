"""/api/v1/models."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Kind
from monitor.web.app import create_app
from tests.support.process import WAIT_S
from tests.web.history import DOWN, ENDED, HOSTILE, INTERVAL, START, UNCLEAR, UP, after, live, sweep
from tests.web.served import browsing, served

CATALOG = {"a/up": UP, "b/down": DOWN, "c/ended": ENDED, "d/unclear": UNCLEAR, "e/embeds": UP}


def test_every_model_is_told_with_milliseconds_and_nulls(engine: Engine) -> None:
    live(
        engine, [sweep(0, {"a/up": UP, "d/unclear": UNCLEAR}, retires_at={"a/up": START + timedelta(days=9)})]
    )
    with browsing(engine, after(1, minutes=2)) as client:
        body = client.get("/api/v1/models").json()
    assert body == {
        "at": "2026-04-06T12:02:00.000Z",
        "providers": [
            {
                "provider": "nvidia",
                "watched": True,
                "stale": False,
                "last_conclusive_at": "2026-04-06T12:00:00.000Z",
                "max_age_s": 2700.0,
            }
        ],
        "models": [
            {
                "provider": "nvidia",
                "model": "a/up",
                "kind": "chat",
                "listed": True,
                "status": "available",
                "flapping": False,
                "reason": "ok",
                "since": "2026-04-06T12:00:01.000Z",
                "last_checked_at": "2026-04-06T12:00:01.000Z",
                "last_available_at": "2026-04-06T12:00:01.000Z",
                "http_status": 200,
                "latency_ms": 180,
                "retires_at": "2026-04-15T12:00:00.000Z",
                "uptime_30d": 100.0,
                "served_as": None,
                "publisher": "a",
                "watched": True,
            },
            {
                "provider": "nvidia",
                "model": "d/unclear",
                "kind": "chat",
                "listed": True,
                "status": "new",
                "flapping": False,
                "reason": "timeout",
                "since": "2026-04-06T12:00:01.010Z",
                "last_checked_at": "2026-04-06T12:00:01.010Z",
                "last_available_at": None,
                "http_status": None,
                "latency_ms": None,
                "retires_at": None,
                "uptime_30d": None,
                "served_as": None,
                "publisher": "d",
                "watched": True,
            },
        ],
    }


@pytest.mark.parametrize(
    ("query", "models"),
    [
        ("status=available", ["a/up", "e/embeds"]),
        ("status=available&all=true", ["a/up", "e/embeds", "z"]),
        ("model=a/up&model=other/z", ["a/up", "z"]),
        ("model=a/up&kind=embeddings", []),
        ("status=available&status=retired&provider=nvidia", ["a/up", "c/ended", "e/embeds"]),
        ("kind=embeddings", ["e/embeds"]),
        ("provider=other", ["z"]),
        ("provider=other&kind=embeddings", []),
        ("kind=moderation", []),
    ],
)
def test_filters_choose(engine: Engine, query: str, models: list[str]) -> None:
    kinds = {"e/embeds": Kind.EMBEDDINGS}
    live(engine, [sweep(0, CATALOG, kinds=kinds), sweep(0, {"z": UP}, provider="other")])
    with browsing(engine, after(1)) as client:
        body = client.get(f"/api/v1/models?{query}").json()
    assert [model["model"] for model in body["models"]] == models


def test_a_provider_that_left_the_configuration_is_not_watched_rule_34(engine: Engine) -> None:
    live(engine, [sweep(0, {"z": UP}, provider="former")])
    with browsing(engine, after(1), {"nvidia": INTERVAL}) as client:
        assert client.get("/api/v1/models").json()["models"] == []
        body = client.get("/api/v1/models?all=true").json()
        providers = body["providers"]
    assert [(each["model"], each["watched"]) for each in body["models"]] == [("z", False)]
    assert [(each["provider"], each["watched"], each["stale"]) for each in providers] == [
        ("former", False, True),
        ("nvidia", True, True),
    ]


def test_a_named_model_that_is_not_watched_is_stale_wherever_it_is_listed_rule_35(engine: Engine) -> None:
    live(engine, [sweep(0, {"z": UP}, provider="former"), sweep(0, {"a": UP})])
    with browsing(engine, after(1), {"nvidia": INTERVAL}) as client:
        columns = client.get("/api/v1/models?model=z").json()["providers"]
        listed = client.get("/v1/models?model=z").json()
        strict = client.get("/v1/models?model=z&strict=1")
    assert {each["provider"]: each["stale"] for each in columns} == {"former": True, "nvidia": False}
    assert [model["id"] for model in listed["data"]] == ["z"]
    assert (listed["stale"], listed["stale_providers"]) == (True, ["former"])
    assert strict.status_code == 503


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("status=up", "status: input should be 'new', 'available', 'unavailable' or 'retired'"),
        ("stauts=new", "stauts: there is no such parameter"),
        ("kind=<b>", "kind: there is no '<b>'; known: audio, chat, completions, "),
        ("provider=%E2%80%AE", r"provider: there is no '\u{202e}'; known: nvidia"),
        ("provider=" + "x" * 9000, f"provider: there is no '{'x' * 100}'; known: nvidia"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_words(engine: Engine, query: str, message: str) -> None:
    with browsing(engine, START) as client:
        answer = client.get(f"/api/v1/models?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(message)
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("route", ["/api/v1/models", "/v1/models"])
def test_an_id_that_no_model_has_is_answered_with_the_nearest(engine: Engine, route: str) -> None:
    live(engine, [sweep(0, {"meta/llama-3.1-8b-instruct": UP, "z": UP}), sweep(0, {"z": UP}, provider="b")])
    with browsing(engine, after(1), {"nvidia": INTERVAL, "b": INTERVAL}) as client:
        answer = client.get(f"{route}?model=Llama-3.1-8B")
        several = client.get(f"{route}?model=z")
    assert answer.status_code == 404
    words = "there is no model 'Llama-3.1-8B' in the history; did you mean \"meta/llama-3.1-8b-instruct\"?"
    assert answer.json()["error"] == {"message": words, "type": "not_found_error"}
    assert several.status_code == 422
    assert several.json()["error"]["message"] == "model: several providers have 'z'; write b/z or nvidia/z"


def test_models_that_the_patterns_exclude_are_not_watched(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP, "test/b": UP})])
    policies = {"nvidia": Policy(exclude=("test/*",))}
    app = create_app(engine, watched={"nvidia": INTERVAL}, policies=policies, now=lambda: after(1))
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
        answers = [client.get(path).json() for path in ("/api/v1/models", "/api/v1/models?all=true")]
        callable_ = [model["id"] for model in client.get("/v1/models").json()["data"]]
        page, its_page = client.get("/").text, client.get("/models/nvidia/test/b").text
    assert [[model["model"] for model in body["models"]] for body in answers] == [["a"], ["a", "test/b"]]
    assert [model["watched"] for model in answers[1]["models"]] == [True, False]
    assert callable_ == ["a"]
    assert "test/b" not in page
    assert "not watched" in its_page


def test_the_page_of_an_unknown_model_names_the_nearest(engine: Engine) -> None:
    live(engine, [sweep(0, {"meta/llama-3.1-8b-instruct": UP})])
    with browsing(engine, after(1)) as client:
        answer = client.get("/models/nvidia/meta/llama-3.1-8b")
    assert answer.status_code == 404
    assert 'did you mean "meta/llama-3.1-8b-instruct"?' in answer.json()["error"]["message"]


def test_hostile_ids_come_back_unchanged(engine: Engine) -> None:
    live(engine, [sweep(0, dict.fromkeys(HOSTILE, UP))])
    with browsing(engine, after(1)) as client:
        body = client.get("/api/v1/models").json()
        answering = client.get("/v1/models").json()
    assert {model["model"] for model in body["models"]} == set(HOSTILE)
    assert {model["id"] for model in answering["data"]} == set(HOSTILE)


def test_the_description_names_every_route_for_programs(engine: Engine) -> None:
    with browsing(engine, START) as client:
        description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {
        "/healthz",
        "/readyz",
        "/v1/models",
        "/v1/models/{model}",
        *(f"/api/v1/{name}" for name in ("events", "models", "select", "summary", "sweeps", "uptime")),
        "/api/v1/models/{provider}/{model}",
    }
    chosen = description["paths"]["/v1/models"]["get"]["parameters"]
    assert {parameter["name"] for parameter in chosen} == {
        "all",
        "kind",
        "min_uptime",
        "model",
        "provider",
        "strict",
    }
    moment = description["components"]["schemas"]["ModelBody"]["properties"]["since"]
    assert (moment["type"], moment["format"]) == ("string", "date-time")
