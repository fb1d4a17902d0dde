"""Names order attempts (provider facts 2.5); they never add a route, drop one or decide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import Route
from monitor.core.request.route_hints import in_order

EVERY = tuple(Route)
ROUTES = st.lists(st.sampled_from(Route), unique=True).map(tuple)
NAMES = st.text(max_size=30) | st.sampled_from(["a/rerank-embed", "tts-image", "whisper", "Codex-PRO"])


@pytest.mark.parametrize(
    ("model", "route"),
    [
        ("nvidia/nv-embed-v1", Route.EMBEDDINGS),
        ("nvidia/nv-embedqa-e5-v5", Route.EMBEDDINGS),
        ("baai/bge-m3", Route.EMBEDDINGS),
        ("snowflake/arctic-embed-l", Route.EMBEDDINGS),
        ("nvidia/nvclip", Route.EMBEDDINGS),
        ("text-embedding-3-large", Route.EMBEDDINGS),
        ("nvidia/nv-rerankqa-mistral-4b-v3", Route.RERANK),
        ("nvidia/llama-3.2-nv-rerankqa-1b-v2", Route.RERANK),
        ("bigcode/starcoder2-7b", Route.COMPLETIONS),
        ("nvidia/mistral-nemo-minitron-8b-base", Route.COMPLETIONS),
        ("mistralai/mixtral-8x22b-v0.1", Route.COMPLETIONS),
        ("google/gemma-2b", Route.COMPLETIONS),
        ("omni-moderation-latest", Route.MODERATIONS),
        ("whisper-large-v3", Route.SPEECH),
        ("black-forest-labs/flux-schnell", Route.IMAGE),
        ("o1-pro", Route.RESPONSES),
        ("BAAI/BGE-M3", Route.EMBEDDINGS),
    ],
)
def test_a_name_puts_the_route_it_speaks_of_first(model: str, route: Route) -> None:
    assert in_order(model, EVERY)[0] is route


@pytest.mark.parametrize(
    "model", ["", "meta/llama-3.1-8b-instruct", "openai/gpt-oss-20b", "google/gemma-3-27b-it"]
)
def test_a_name_that_speaks_of_nothing_leaves_the_order(model: str) -> None:
    assert in_order(model, EVERY) == EVERY


def test_the_catalogs_word_comes_before_the_names() -> None:
    assert in_order("a/embed", EVERY, Route.MODERATIONS)[:2] == (Route.MODERATIONS, Route.EMBEDDINGS)


def test_a_route_that_is_not_asked_here_is_not_added() -> None:
    assert in_order("whisper", ProviderTraits().routes, Route.IMAGE) == ProviderTraits().routes


@given(NAMES, ROUTES, st.none() | st.sampled_from(Route))
def test_hints_only_reorder(model: str, routes: tuple[Route, ...], declared: Route | None) -> None:
    ordered = in_order(model, routes, declared)
    assert sorted(ordered) == sorted(routes)
    assert declared not in routes or ordered[0] is declared
    assert in_order(model.lower(), routes, declared) == ordered
