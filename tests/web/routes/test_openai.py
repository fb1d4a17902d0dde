"""/v1/models, asked by the client that programs really use."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from openai import (
    DefaultHttpxClient,
    InternalServerError,
    NotFoundError,
    OpenAI,
    UnprocessableEntityError,
)
from openai.types import Model
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Kind
from monitor.web.app import create_app
from tests.web.history import BUSY, DOWN, ENDED, INTERVAL, START, UNCLEAR, UP, after, live, sweep
from tests.web.served import served

CATALOG = {"a/up": UP, "b/busy": BUSY, "c/down": DOWN, "d/ended": ENDED, "e/unclear": UNCLEAR, "f/embeds": UP}
KINDS = {"f/embeds": Kind.EMBEDDINGS}


@contextmanager
def asking(engine: Engine, now: datetime, *providers: str) -> Iterator[OpenAI]:
    app = create_app(engine, watched=dict.fromkeys(providers or ("nvidia",), INTERVAL), now=lambda: now)
    with served(app) as url, DefaultHttpxClient(trust_env=False) as http:
        yield OpenAI(base_url=f"{url}v1", api_key="none needed", max_retries=0, http_client=http)


def ids(client: OpenAI, **query: object) -> list[str]:
    return [model.id for model in client.models.list(extra_query=query)]


def test_the_openai_client_lists_exactly_what_answers(engine: Engine) -> None:
    live(
        engine,
        [sweep(0, CATALOG, kinds=KINDS), sweep(1, CATALOG | {"c/down": UP, "a/up": DOWN}, kinds=KINDS)],
    )
    with asking(engine, after(2)) as client:
        assert ids(client) == ["a/up", "b/busy", "c/down", "f/embeds"]


def test_a_listed_model_carries_since_when_and_where_it_answers(engine: Engine) -> None:
    live(engine, [sweep(0, {"a/up": UP})])
    with asking(engine, after(1)) as client:
        (model,) = client.models.list().data
    assert model == Model.model_construct(
        id="a/up",
        object="model",
        created=int(START.timestamp()) + 1,
        owned_by="nvidia",
        providers=["nvidia"],
    )


def test_kind_and_provider_narrow_the_list(engine: Engine) -> None:
    live(engine, [sweep(0, CATALOG, kinds=KINDS), sweep(0, {"z": UP}, provider="other")])
    with asking(engine, after(1), "nvidia", "other") as client:
        assert ids(client, kind="embeddings") == ["f/embeds"]
        assert ids(client, kind=["embeddings", "chat"], provider="nvidia") == ["a/up", "b/busy", "f/embeds"]
        assert ids(client, provider="other") == ["z"]
        assert ids(client, kind="rerank") == []


def test_an_id_of_two_providers_stands_once_with_both(engine: Engine) -> None:
    live(engine, [sweep(0, {"same": UP}), sweep(1, {"same": UP}, provider="other")])
    with asking(engine, after(2), "nvidia", "other") as client:
        (model,) = client.models.list().data
    assert (model.owned_by, model.model_extra) == ("nvidia", {"providers": ["nvidia", "other"]})


def test_a_provider_that_is_not_watched_is_listed_only_when_named(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(0, {"old": UP}, provider="former")])
    with asking(engine, after(1)) as client:
        assert ids(client) == ["a"]
        assert ids(client, provider="former") == ["old"]
        assert client.models.list(extra_query={"provider": "former"}).model_extra == {
            "stale": True,
            "stale_providers": ["former"],
        }


def test_parameters_of_other_clients_are_ignored(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    with asking(engine, after(1)) as client:
        assert ids(client, limit=1000, after="x") == ["a"]


@pytest.mark.parametrize(
    ("minutes", "is_stale"),
    [(45, False), (45.001, True), (60 * 24 * 400, True)],
    ids=["3 intervals", "later", "years"],
)
def test_knowledge_older_than_three_intervals_is_stale_rule_35(
    engine: Engine, minutes: float, is_stale: bool
) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": UP}, cause=Cause.CREDENTIAL)])
    with asking(engine, START + timedelta(minutes=minutes)) as client:
        page = client.models.list()
        assert [model.id for model in page] == ["a"]
        assert page.model_extra == {"stale": is_stale, "stale_providers": ["nvidia"] if is_stale else []}


def test_strict_turns_stale_knowledge_into_an_error(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    with asking(engine, after(1, minutes=60)) as client:
        with pytest.raises(InternalServerError) as refusal:
            client.models.list(extra_query={"strict": "1"})
        assert refusal.value.status_code == 503
        assert ids(client, strict="0") == ["a"]


def test_strict_lists_what_is_fresh(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    with asking(engine, after(1)) as client:
        assert ids(client, strict=1) == ["a"]


def test_without_any_sweep_the_list_is_empty_and_stale(engine: Engine) -> None:
    with asking(engine, START) as client:
        page = client.models.list()
        assert (page.data, page.model_extra) == ([], {"stale": True, "stale_providers": ["nvidia"]})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"kind": "chatt"}, "kind: there is no 'chatt'; known: audio, chat, "),
        ({"provider": "nvidea"}, "provider: there is no 'nvidea'; known: nvidia"),
        ({"strict": "perhaps"}, "strict: input should be a valid boolean"),
    ],
)
def test_an_unknown_value_is_refused_with_the_known_ones(
    engine: Engine, query: dict[str, str], message: str
) -> None:
    with asking(engine, START) as client, pytest.raises(UnprocessableEntityError) as refusal:
        client.models.list(extra_query=query)
    assert message in str(refusal.value)


SLASHED = (
    "plain",
    "a/b",
    "org/model/variant:free",
    "with space",
    "a?b#c",
    "100%",
    "ü/模型",
    "a/../b",
    "/lead",
    "a//b",
)


def test_every_listed_model_is_retrieved_by_its_id(engine: Engine) -> None:
    live(engine, [sweep(0, dict.fromkeys(SLASHED, UP))])
    with asking(engine, after(1)) as client:
        listed = client.models.list().data
        assert {model.id for model in listed} == {*SLASHED}
        for model in listed:
            assert client.models.retrieve(model.id) == model


@pytest.mark.parametrize("name", ["c/down", "no/such-model"])
def test_what_does_not_answer_is_not_retrieved(engine: Engine, name: str) -> None:
    live(engine, [sweep(0, CATALOG)])
    with asking(engine, after(1)) as client, pytest.raises(NotFoundError, match=name):
        client.models.retrieve(name)


def test_min_uptime_leaves_out_what_answered_less_often(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP, "b": DOWN}), sweep(1, {"a": UP, "b": UP})])
    with asking(engine, after(2)) as client:
        assert ids(client, min_uptime=50) == ["a", "b"]
        assert ids(client, min_uptime=50.1) == ["a"]
