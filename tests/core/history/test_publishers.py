"""Who published a model: what the catalog says where that is more than the id does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.history.publishers import publishers


@pytest.mark.parametrize(
    ("model", "owner", "publisher"),
    [
        ("meta/llama-3.1-8b", "meta", "meta"),  # NVIDIA: the part before the slash again
        ("llama-3.3-70b-versatile", "Meta", "Meta"),  # Groq
        ("moonshotai/kimi-k2", "Moonshot AI", "moonshotai"),
        ("qwen/qwen3-32b", "Alibaba Cloud", "Alibaba Cloud"),
        ("gpt-4o", "system", None),  # OpenAI
        ("gpt-4", "openai", "openai"),
        ("anthropic/claude", "openai", "anthropic"),  # a proxy
        ("llama3.2:latest", "library", None),  # Ollama
        ("Qwen/Qwen2.5-7B", "vllm", "Qwen"),
        ("DeepSeek-R1", "no-reply@sambanova.ai", None),
        ("a/b/c", None, "a"),
        ("plain", None, None),
        ("/x", None, None),
        ("x", "  Acme Labs ", "Acme Labs"),
    ],
)
def test_the_owner_counts_where_it_says_more_than_the_id(
    model: str, owner: str | None, publisher: str | None
) -> None:
    assert publishers({model: owner}) == {model: publisher}


def test_who_owns_ids_of_three_publishers_is_who_serves_them() -> None:
    owners: dict[str, str | None] = {
        "a/x": "host",
        "b/x": "host",
        "c/x": "Host",
        "plain": "host",
        "d/x": "D Inc",
    }
    found = publishers(owners)
    assert found == {"a/x": "a", "b/x": "b", "c/x": "c", "plain": "host", "d/x": "D Inc"}
    del owners["c/x"]
    assert publishers(owners)["a/x"] == "host"


@given(st.dictionaries(st.text("ab/", max_size=4), st.none() | st.text("abC -", max_size=4)))
def test_every_model_has_a_word_of_its_own_or_none(owners: dict[str, str | None]) -> None:
    found = publishers(owners)
    assert found.keys() == owners.keys()
    for model, publisher in found.items():
        words = {(owners[model] or "").strip(), model.partition("/")[0] if "/" in model else ""}
        assert publisher is None or publisher in words - {""}
