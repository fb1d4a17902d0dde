"""A real llama.cpp server with models of a few kilobytes: one that chats, one that embeds, a router."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from tests.support import gateway as g
from tests.support.command import KEY
from tests.thirdparty.servers import GATEWAYS, ask, by_model, serving, sweep_with_key
from tests.thirdparty.tiny import write_decoder, write_encoder

CHAT, EMBEDDINGS = ("available", "ok", "chat", 200), ("available", "ok", "embeddings", 200)


def llama_server(place: Path, *options: str | Path) -> AbstractContextManager[str]:
    """Run `llama-server` on one core."""
    listens = ("--host", "127.0.0.1", "--port", "{port}")
    return serving(place, GATEWAYS / "llama-server-vulkan", *listens, "--threads", "1", *options)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the base URL of a chat model behind a key."""
    place = tmp_path_factory.mktemp("llama")
    model = write_decoder(place / "chatty.gguf")
    with llama_server(place, "--model", model, "--alias", "team/chatty", "--api-key", KEY) as address:
        yield f"{address}/v1"


@g.ON_SQLITE
def test_a_chat_model_is_available_under_its_alias(engine: Engine, chat: str) -> None:
    swept = g.sweep(g.target(chat), engine, g.NOON)
    assert by_model(swept) == {"team/chatty": CHAT}
    assert swept.sweep.observations[0].served_as is None


@g.ON_SQLITE
def test_a_wrong_key_says_nothing_of_its_models_though_the_list_needs_none(engine: Engine, chat: str) -> None:
    aim = g.target(chat)
    g.sweep(aim, engine, g.NOON)
    swept = sweep_with_key(aim, "wrong", engine)
    assert (swept.decision.cause, swept.sweep.listed) == (Cause.CREDENTIAL, ("team/chatty",))


@g.ON_SQLITE
def test_a_model_that_only_embeds_is_found_by_search_and_asked_once_from_then_on(
    engine: Engine, tmp_path: Path
) -> None:
    """It refuses chat with a 500 about logits, and its catalog says `completion` of every model."""
    model = write_encoder(tmp_path / "vectors.gguf")
    with llama_server(tmp_path, "--model", model, "--alias", "vectors", "--embeddings") as address:
        assert ask(f"{address}/v1", "vectors").status_code == 500
        first, second = (g.sweep(g.target(f"{address}/v1"), engine, g.hours(hour)) for hour in (0, 1))
    assert [by_model(each) for each in (first, second)] == [{"vectors": EMBEDDINGS}] * 2
    assert second.sweep.observations[0].attempts == 1


@g.ON_SQLITE
def test_a_router_tells_a_model_that_does_not_load_from_those_that_do(engine: Engine, tmp_path: Path) -> None:
    """`unasked` embeds only, but nobody started it for that: every endpoint refuses it."""
    models = tmp_path / "models"
    models.mkdir()
    write_decoder(models / "chatty.gguf")
    write_encoder(models / "unasked.gguf")
    whole = (models / "chatty.gguf").read_bytes()
    (models / "broken.gguf").write_bytes(whole[:2000])
    with llama_server(tmp_path, "--models-dir", models) as address:
        swept = g.sweep(g.target(f"{address}/v1"), engine, g.NOON)
    seen = by_model(swept)
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    assert seen["chatty"] == CHAT
    assert seen["broken"] == ("unavailable", "server_error", "unknown", 500)
    assert seen["unasked"][:2] == ("unknown", "no_endpoint")
