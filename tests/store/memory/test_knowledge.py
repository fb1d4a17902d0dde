"""What the prober learned: kept from sweep to sweep, cheap to keep, and never in the way of a sweep."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from monitor.clock import to_datetime
from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge
from monitor.core.request.forms import RequestChange, RequestForm, Route
from monitor.store import schema as t
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.rebuild import rebuild
from monitor.store.memory.knowledge import knowledge_text, load_knowledge, read_knowledge, save_knowledge
from monitor.store.query import providers
from monitor.store.write.import_export import read_sweeps
from tests.store import histories

AT = datetime(2026, 4, 6, 12, 0, 1, 234_000, tzinfo=UTC)
LEARNED = {
    "meta/llama": Knowledge(
        form=RequestForm(Route.CHAT, (RequestChange.MAX_COMPLETION_TOKENS, RequestChange.STREAM))
    ),
    "a/embedder": Knowledge(form=RequestForm(Route.EMBEDDINGS), listed_status=200),
    "z/nowhere": Knowledge(searched_at=AT, searches=3, looks=7, listed_status=404),
    "b/cooling": Knowledge(wrong=(Route.CHAT, Route.COMPLETIONS), wrong_since=AT),
}


def documents(engine: Engine) -> dict[str, str]:
    """Return the stored documents by model."""
    with reading(engine) as connection:
        query = select(t.model.c.name, t.knowledge.c.document).join_from(t.model, t.knowledge)
        return {name: document for name, document in connection.execute(query)}  # noqa: C416  # rows to pairs


def put(engine: Engine, model: str, document: str) -> None:
    """Write over a model's document."""
    number = select(t.model.c.id).where(t.model.c.name == model).scalar_subquery()
    with writing(engine) as connection:
        connection.execute(
            t.knowledge.update().where(t.knowledge.c.model_id == number).values(document=document)
        )


@contextmanager
def writes(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that write, and how many rows each wrote."""
    made: list[str] = []

    def note(_c: Any, cursor: Any, statement: str, *_: Any) -> None:  # noqa: ANN401  # as SQLAlchemy calls it
        if found := re.match(r"(INSERT INTO|UPDATE|DELETE FROM) (\w+)", statement):
            made.append(f"{found[1]} {found[2]}: {cursor.rowcount}")

    event.listen(engine, "after_cursor_execute", note)
    yield made
    event.remove(engine, "after_cursor_execute", note)


def test_what_was_learned_is_read_back_the_same(engine: Engine) -> None:
    save_knowledge(engine, "nvidia", LEARNED)
    assert load_knowledge(engine, "nvidia") == LEARNED


def test_of_a_provider_that_nobody_knows_nothing_is_known(engine: Engine) -> None:
    assert load_knowledge(engine, "unheard of") == {}
    assert load_knowledge(engine, "a\0b") == {}
    assert providers(engine) == []


def test_each_provider_has_knowledge_of_its_own(engine: Engine) -> None:
    save_knowledge(engine, "nvidia", LEARNED)
    other = {"meta/llama": Knowledge(looks=1)}
    save_knowledge(engine, "other", other)
    assert (load_knowledge(engine, "nvidia"), load_knowledge(engine, "other")) == (LEARNED, other)


def test_a_model_of_which_nothing_is_known_has_no_row(engine: Engine) -> None:
    save_knowledge(engine, "nvidia", {"a": NOTHING_KNOWN})
    assert (documents(engine), providers(engine)) == ({}, [])
    save_knowledge(engine, "nvidia", LEARNED)
    save_knowledge(engine, "nvidia", {"z/nowhere": NOTHING_KNOWN, "new": NOTHING_KNOWN})
    assert set(documents(engine)) == {"meta/llama", "a/embedder", "b/cooling"}


def test_models_that_are_not_named_keep_what_is_known_of_them(engine: Engine) -> None:
    save_knowledge(engine, "nvidia", LEARNED)
    more = {"meta/llama": Knowledge(looks=1), "new/one": Knowledge(searches=2)}
    save_knowledge(engine, "nvidia", more)
    assert load_knowledge(engine, "nvidia") == LEARNED | more


def test_saving_what_is_there_writes_nothing(engine: Engine) -> None:
    save_knowledge(engine, "nvidia", LEARNED)
    with writes(engine) as made:
        save_knowledge(engine, "nvidia", LEARNED)
        save_knowledge(engine, "nvidia", load_knowledge(engine, "nvidia"))
        save_knowledge(engine, "nvidia", {})
    assert made == []


def test_saving_writes_only_what_changed(engine: Engine) -> None:
    save_knowledge(engine, "nvidia", LEARNED)
    changed = LEARNED | {"a/embedder": Knowledge(looks=9), "z/nowhere": NOTHING_KNOWN}
    with writes(engine) as made:
        save_knowledge(engine, "nvidia", changed)
    assert made == ["INSERT INTO knowledge: 1", "DELETE FROM knowledge: 1"]
    assert load_knowledge(engine, "nvidia") == {
        name: known for name, known in changed.items() if known != NOTHING_KNOWN
    }


DAMAGED = (
    "",
    "{",
    "[]",
    "null",
    '{"form":{"route":"telepathy"}}',
    '{"form":{"route":"chat","changes":["sing"]}}',
    '{"searched_at":"yesterday"}',
    '{"searched_at":"2026-04-06T12:00:00"}',
    '{"searches":"many"}',
)


@pytest.mark.parametrize("document", DAMAGED)
def test_a_document_that_cannot_be_read_is_nothing_known(document: str) -> None:
    assert read_knowledge(document) == NOTHING_KNOWN


def test_a_document_that_cannot_be_read_hides_no_other_and_is_replaced(engine: Engine) -> None:
    save_knowledge(engine, "nvidia", LEARNED)
    put(engine, "z/nowhere", '{"form":{"route":"telepathy"}}')
    rest = {name: known for name, known in LEARNED.items() if name != "z/nowhere"}
    assert load_knowledge(engine, "nvidia") == rest
    save_knowledge(engine, "nvidia", {"z/nowhere": Knowledge(looks=1)})
    assert load_knowledge(engine, "nvidia") == rest | {"z/nowhere": Knowledge(looks=1)}
    put(engine, "z/nowhere", "{")
    save_knowledge(engine, "nvidia", {"z/nowhere": NOTHING_KNOWN})
    assert "z/nowhere" not in documents(engine)


def test_a_document_holds_only_what_is_not_at_its_default() -> None:
    assert knowledge_text(NOTHING_KNOWN) == "{}"
    assert knowledge_text(LEARNED["a/embedder"]) == '{"form":{"route":"embeddings"},"listed_status":200}'


changes = st.lists(st.sampled_from(RequestChange), unique=True, max_size=4).map(tuple)
forms = st.builds(RequestForm, st.sampled_from(Route), changes)
counts = st.integers(0, 2**31 - 1)


@given(
    st.builds(
        Knowledge,
        form=st.none() | forms,
        searched_at=st.none() | st.integers(0, 4_000_000_000_000).map(to_datetime),
        searches=counts,
        looks=counts,
        listed_status=st.none() | st.integers(100, 599),
    )
)
def test_all_knowledge_is_written_and_read_back_the_same(known: Knowledge) -> None:
    assert read_knowledge(knowledge_text(known)) == known
    assert knowledge_text(read_knowledge(knowledge_text(known))) == knowledge_text(known)


@given(st.text())
def test_no_text_breaks_the_reading(document: str) -> None:
    read_knowledge(document)


def test_knowledge_is_neither_exported_nor_rebuilt(engine: Engine) -> None:
    sweep = histories.sweep(histories.START, {"meta/llama": histories.UP})
    histories.live(engine, sweep)
    before = list(read_sweeps(engine))
    save_knowledge(engine, "nvidia", LEARNED)
    assert list(read_sweeps(engine)) == before
    rebuild(engine, "nvidia")
    histories.live(engine, replace(sweep, started_at=histories.START + timedelta(hours=1), slot=None))
    assert load_knowledge(engine, "nvidia") == LEARNED
