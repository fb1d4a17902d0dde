"""What LiteLLM's /model/info tells of kinds: of every deployment's name, and nothing where they differ."""

import json

from hypothesis import given
from hypothesis import strategies as st

from monitor.catalog.litellm import completed, model_info
from monitor.core.planning.inputs import CatalogEntry
from monitor.core.request.forms import Route
from tests.catalog.test_entry import VALUES

EMBEDS, RANKS = CatalogEntry(route=Route.EMBEDDINGS), CatalogEntry(route=Route.RERANK)


def deployment(name: str, **info: object) -> dict[str, object]:
    return {"model_name": name, "litellm_params": {"model": "openai/x"}, "model_info": {"id": "1", **info}}


def test_the_kind_of_a_name_is_what_its_deployments_say() -> None:
    rows = [
        deployment("e", mode="embedding"),
        deployment("twice", mode="rerank"),
        deployment("twice", mode=None),
        deployment("differs", mode="embedding"),
        deployment("differs", mode="chat"),
        deployment("hears", mode="audio_transcription"),
        deployment("untold", mode=None, supported_endpoints=None, deprecation_date="2030-01-01"),
        deployment("o", supported_endpoints=["/v1/responses"]),
    ]
    assert model_info(json.dumps({"data": rows})) == {
        "e": EMBEDS,
        "twice": RANKS,
        "hears": CatalogEntry(is_unaskable=True),
        "o": CatalogEntry(route=Route.RESPONSES),
    }


def test_the_lists_own_word_and_its_ids_stand() -> None:
    flagged = CatalogEntry(is_flagged=True)
    merged = completed({"a": RANKS, "b": flagged}, dict.fromkeys("abcd", EMBEDS), "abc")
    assert merged == {"a": RANKS, "b": CatalogEntry(is_flagged=True, route=Route.EMBEDDINGS), "c": EMBEDS}


ROWS = st.fixed_dictionaries({}, optional={"model_name": st.text(max_size=3), "model_info": VALUES})


@given(st.text() | st.builds(lambda rows: json.dumps({"data": rows}), st.lists(ROWS | VALUES, max_size=4)))
def test_whatever_it_holds_it_tells_kinds_or_nothing(text: str) -> None:
    assert all(entry.says_kind and not entry.retires_at for entry in model_info(text).values())
