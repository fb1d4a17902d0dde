"""What is copied into `base_url` beyond the base is refused with the address to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import PRESETS
from monitor.config.presets.base_url import checked_base_url
from monitor.probe.requests import _PATHS

REQUESTS = ("/models", *_PATHS.values())
OWN = [preset.base_url for preset in PRESETS.values() if preset.base_url]
BASES = (
    "http://127.0.0.1:8000",
    "http://127.0.0.1:8000/v1",
    "https://gateway.example/team-2/openai/v1",
    "https://gateway.example/v1/0123456789abcdef0123456789abcdef/my-gateway-2/openai",
    "https://api.cloudflare.example/client/v4/accounts/0123456789abcdef0123456789abcdef/ai/v1",
    "https://inference.example/models/meta-llama/Llama-3.1-8B/v1",
    "https://vertex.example/v1/projects/p-1/locations/us-central1/endpoints/openapi",
    "https://name.openai.azure.com/openai/v1",
    "https://router.huggingface.co/together/v1",
    "https://api.anthropic.com/v1",
    "http://127.0.0.1:5000/gateway/mlflow/v1",
    "http://127.0.0.1:3000/api",
)


def refusal(url: str) -> str:
    with pytest.raises(ValueError, match=r"write|leave") as error:
        checked_base_url(url)
    return str(error.value)


@pytest.mark.parametrize("base", [*BASES, *OWN])
def test_a_base_is_taken_as_it_is_but_for_a_slash_at_its_end(base: str) -> None:
    assert checked_base_url(base) == checked_base_url(f"{base}/") == base


@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize("base", OWN)
def test_every_path_that_a_sweep_adds_is_refused_at_the_end_of_every_base(base: str, path: str) -> None:
    words = refusal(f"{base}{path}")
    assert f'"{path}"' in words
    assert f'write "{base}"' in words


@given(
    st.sampled_from(BASES[:3]),
    st.sampled_from(["", "/v1"]),
    st.sampled_from(["", *REQUESTS, "/models/meta/llama-3.1-8b-instruct", "/models/gpt-4o"]),
    st.sampled_from(["", "/", "//"]),
    st.sampled_from(["", "?", "?api-version=1", "#", "#models", "?a=1#b"]),
)
def test_whatever_was_copied_the_address_to_write_is_one_that_is_accepted(
    base: str, version: str, path: str, slash: str, rest: str
) -> None:
    url = base + version + path + slash + rest
    try:
        address = checked_base_url(url)
    except ValueError as error:
        address = str(error).partition('write "')[2].partition('"')[0]
        assert checked_base_url(address) == address
    assert base.startswith(address) or address == base + version


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (
            "https://integrate.api.nvidia.com/v1/meta/llama-3.1-8b-instruct",
            "https://integrate.api.nvidia.com/v1",
        ),
        ("http://127.0.0.1:8000/v1/Qwen/Qwen2.5-7B-Instruct", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1/gpt-oss:20b", "http://127.0.0.1:8000/v1"),
        ("https://openrouter.ai/models", "https://openrouter.ai/api/v1"),
        ("https://generativelanguage.googleapis.com/v1beta", PRESETS["gemini"].base_url),
        ("http://127.0.0.1:11434/api/generate", "http://127.0.0.1:11434/v1"),
        (
            "https://name.openai.azure.com/openai/deployments/gpt-4o",
            "https://name.openai.azure.com/openai/v1",
        ),
    ],
)
def test_the_remedy_is_the_address_of_the_api(url: str, address: str) -> None:
    assert f'write "{address}"' in refusal(url)


@pytest.mark.parametrize("place", ["?key={}", "#{}", "/{}/chat/completions", "/models/{}"])
def test_no_refusal_quotes_what_may_be_a_key(place: str) -> None:
    key = "sk-proj-0123456789abcdefSECRET"
    assert "SECRET" not in refusal("https://api.example/v1" + place.format(key))
