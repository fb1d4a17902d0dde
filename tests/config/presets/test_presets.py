"""Presets: what naming one gives, what is inferred without, and that nobody else is ever asked."""

import json
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor import config
from monitor.config import PRESETS, Auth, Preset
from monitor.config.presets.resolve import origin_of
from monitor.config.values.duration import duration_text
from monitor.core.domain.ids import is_trackable_id
from monitor.core.request.forms import COSTLY, Route
from monitor.errors import ConfigError

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"
OWN_RERANK = "https://ai.api.nvidia.com/v1/retrieval/nvidia/{name_}/reranking"
NAMES = list(PRESETS)
HOSTED = [name for name, preset in PRESETS.items() if (preset.base_url or "").startswith("https:")]


def provider_of(text: str) -> config.ProviderSettings:
    return config.parse_settings(f'[[providers]]\nname = "a"\n{text}\n', "config.toml").providers[0]


def of_preset(name: str, text: str = "") -> config.ProviderSettings:
    address = "" if PRESETS[name].base_url else 'base_url = "https://api.example/v1"\n'
    return provider_of(f'preset = "{name}"\n{address}{text}')


# ---- What a named preset gives ----


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_alone_configures_a_provider(name: str) -> None:
    provider, preset = of_preset(name), PRESETS[name]
    assert provider.base_url == preset.base_url or name == "generic"
    assert (provider.api_key_env, provider.auth) == (preset.api_key_env, preset.auth)
    assert (provider.requests_per_minute, provider.concurrency) == (
        preset.requests_per_minute,
        preset.concurrency,
    )
    assert (provider.same_model_gap, provider.headers) == (preset.same_model_gap, preset.headers)
    assert provider.traits == preset.traits


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_the_file_wins_over_the_preset(name: str) -> None:
    provider = of_preset(
        name,
        'api_key_env = "MINE"\nauth = "api-key"\nrequests_per_minute = 7\nconcurrency = 3\n'
        'same_model_gap = "1s"\nmetadata = true\nheaders = { X-Mine = "1", Anthropic-Version = "x" }\n',
    )
    assert (provider.api_key_env, provider.auth) == ("MINE", Auth.API_KEY)
    assert (provider.requests_per_minute, provider.concurrency) == (7, 3)
    assert (provider.same_model_gap, provider.traits.metadata) == (timedelta(seconds=1), True)
    assert provider.headers == {"X-Mine": "1", "Anthropic-Version": "x"}


def test_what_a_preset_has_can_be_switched_off() -> None:
    provider = of_preset("nvidia", 'requests_per_minute = 0\nsame_model_gap = "0s"\nmetadata = false')
    assert provider.requests_per_minute is None
    assert (provider.same_model_gap, provider.traits.metadata) == (timedelta(), False)


def test_another_place_of_the_key_takes_that_of_the_preset() -> None:
    assert of_preset("openai", 'api_key_file = "/run/secrets/openai"').api_key_env is None
    assert of_preset("openai", 'auth = "none"').api_key_env is None


def test_nvidia_is_asked_as_its_gateway_wants() -> None:
    traits = of_preset("nvidia").traits
    assert (traits.poll_header, traits.status_path) == ("NVCF-POLL-SECONDS", "/status/{id}")
    assert (traits.wants_input_type, traits.metadata) == (True, True)
    assert traits.paths == {Route.RERANK: OWN_RERANK}


def test_anthropic_is_asked_in_its_own_form() -> None:
    provider = of_preset("anthropic")
    assert (provider.auth, provider.headers) == (Auth.X_API_KEY, {"anthropic-version": "2023-06-01"})
    assert provider.traits.routes == (Route.MESSAGES,)
    assert provider.catalog_url == "https://api.anthropic.com/v1/models?limit=1000"


# ---- Without a named preset ----


@pytest.mark.parametrize("name", HOSTED)
def test_the_address_tells_the_preset_but_neither_key_nor_pace(name: str) -> None:
    preset = PRESETS[name]
    provider = provider_of(f'base_url = "{preset.base_url}"')
    assert (provider.preset, provider.api_key_env) == (None, None)
    assert (provider.requests_per_minute, provider.concurrency) == (None, 4)
    assert (provider.auth, provider.headers) == (preset.auth, preset.headers)
    assert (provider.same_model_gap, provider.traits) == (preset.same_model_gap, preset.traits)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example/v1",
        "http://127.0.0.1:11434/v1",
        "http://127.0.0.1:4000/v1",
        "https://integrate.api.nvidia.com.example/v1",
        "https://example/integrate.api.nvidia.com",
    ],
)
def test_any_other_address_is_generic(url: str) -> None:
    provider = provider_of(f'base_url = "{url}"')
    assert provider.traits == PRESETS["generic"].traits
    assert (provider.auth, provider.same_model_gap) == (Auth.BEARER, timedelta())
    assert (provider.catalog_url, provider.origins) == (f"{url}/models", ())


def test_the_address_is_recognised_however_it_is_written() -> None:
    provider = provider_of('base_url = "HTTPS://Integrate.API.nvidia.com:443/v1/"')
    assert provider.traits == PRESETS["nvidia"].traits
    assert provider.origins == ("https://ai.api.nvidia.com",)


def test_the_default_provider_is_the_nvidia_preset() -> None:
    (provider,) = config.Settings().providers
    assert (provider.preset, provider.requests_per_minute, provider.concurrency) == ("nvidia", 30, 4)
    assert provider.traits == PRESETS["nvidia"].traits


# ---- Costly kinds ----


def test_costly_kinds_are_asked_only_where_they_are_allowed() -> None:
    for name in NAMES:
        assert not COSTLY & set(of_preset(name).traits.routes), name
    usual = PRESETS["openai"].traits.routes
    cases = {'["image"]': (Route.IMAGE,), '["audio", "image", "audio"]': (Route.SPEECH, Route.IMAGE)}
    for kinds, routes in cases.items():
        assert of_preset("openai", f"costly_kinds = {kinds}").traits.routes == (*usual, *routes)


# ---- Nobody else is asked ----


def addresses(provider: config.ProviderSettings) -> list[str]:
    """Every address that the provider's requests may go to, but for paths under its base URL."""
    traits = provider.traits
    paths = [*traits.paths.values(), *([traits.status_path] if traits.status_path else [])]
    return [provider.catalog_url, *(path for path in paths if not path.startswith("/"))]


@pytest.mark.parametrize("name", NAMES)
def test_at_home_the_key_may_go_where_the_preset_asks(name: str) -> None:
    provider = of_preset(name)
    asked = {origin_of(address) for address in addresses(provider)}
    assert asked <= {origin_of(provider.base_url), *provider.origins}
    assert origin_of(provider.base_url) not in provider.origins
    assert provider.origins == (("https://ai.api.nvidia.com",) if name == "nvidia" else ())


ELSEWHERE = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["127.0.0.1", "proxy.test", "v1", "[::1]", "ai.api.nvidia.com", "api.fireworks.ai"]),
    st.sampled_from(["", ":81", ":443"]),
    st.sampled_from(["", "/", "/v1", "/v1/", "/nim/v1", "/inference/v1", "/x/inference/v1", "/v11", "/a/b"]),
).filter(lambda url: url.rstrip("/") != "https://api.fireworks.ai")  # refused: its API is not at its root


@given(st.sampled_from(NAMES), ELSEWHERE)
def test_elsewhere_everything_is_asked_under_the_configured_origin(name: str, url: str) -> None:
    own = PRESETS[name].base_url
    provider = provider_of(f'preset = "{name}"\nbase_url = "{url}"')
    if own is not None and origin_of(own) in {origin_of(url), origin_of(url).removesuffix(":443")}:
        return
    assert provider.origins == ()
    for address in addresses(provider):
        assert origin_of(address) == origin_of(url)
        assert "//" not in urlsplit(address).path


@pytest.mark.parametrize(
    ("url", "rerank"),
    [
        ("http://127.0.0.1:81/v1", "http://127.0.0.1:81/v1/retrieval/nvidia/{name_}/reranking"),
        ("http://proxy/nim/v1", "http://proxy/nim/v1/retrieval/nvidia/{name_}/reranking"),
        ("http://proxy/nim", "http://proxy/nim/retrieval/nvidia/{name_}/reranking"),
        ("http://v1", "http://v1/retrieval/nvidia/{name_}/reranking"),
        ("https://integrate.api.nvidia.com/v1", OWN_RERANK),
        (
            "https://integrate.api.nvidia.com/v2",
            "https://integrate.api.nvidia.com/v2/retrieval/nvidia/{name_}/reranking",
        ),
    ],
)
def test_a_whole_address_becomes_the_same_path_at_the_configured_place(url: str, rerank: str) -> None:
    assert of_preset("nvidia", f'base_url = "{url}"').traits.paths == {Route.RERANK: rerank}


@pytest.mark.parametrize(
    ("url", "catalog"),
    [
        ("https://api.fireworks.ai/inference/v1", "https://api.fireworks.ai/v1/accounts/fireworks/models"),
        ("http://127.0.0.1:81/inference/v1", "http://127.0.0.1:81/v1/accounts/fireworks/models"),
        ("http://proxy/fw", "http://proxy/fw/v1/accounts/fireworks/models"),
    ],
)
def test_a_list_that_is_not_under_the_base_url_moves_along_with_it(url: str, catalog: str) -> None:
    found = of_preset("fireworks", f'base_url = "{url}"').catalog_url
    assert found == f"{catalog}?filter=supports_serverless=true&pageSize=200"


# ---- Showing and documenting ----


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "requests_per_minute = 0",
        'auth = "none"',
        'api_key_file = "/run/secrets/a"',
        'costly_kinds = ["audio"]\nmetadata = true\nsame_model_gap = "90s"\nrequests_per_day = 9',
        'headers = { X-A = "env:B" }\nauth = "query"',
    ],
)
def test_what_is_shown_of_a_preset_loads_to_the_same_settings(name: str, text: str) -> None:
    address = PRESETS[name].base_url or "https://api.example/v1"
    for named in (f'preset = "{name}"\n', ""):
        body = f'[[providers]]\nname = "a"\nbase_url = "{address}"\n{named}{text}\n'
        settings = config.parse_settings(body, "config.toml")
        assert config.parse_settings(config.shown(settings), "shown") == settings


IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(st.lists(IDS, max_size=3), st.booleans())
def test_named_ids_are_read_and_shown_as_they_are(models: list[str], catalog: bool) -> None:
    text = f"models = {tomli_w.dumps({'m': models}).partition(' = ')[2]}catalog = {json.dumps(catalog)}"
    if not models and not catalog:
        with pytest.raises(ConfigError, match="nothing would be watched"):
            of_preset("generic", text)
        return
    provider = of_preset("generic", text)
    assert (provider.models, provider.catalog) == (tuple(models), catalog)
    settings = config.Settings(providers=(provider,))
    assert config.parse_settings(config.shown(settings), "shown") == settings


@given(st.text(max_size=6) | st.text("aü", min_size=509, max_size=514))
def test_an_id_can_be_named_where_it_could_be_listed(model: str) -> None:
    """Rule 33."""
    table = {"name": "a", "base_url": "https://api.example/v1", "models": (model,)}
    try:
        provider = config.ProviderSettings.model_validate(table)
    except ValidationError:
        assert not is_trackable_id(model)
    else:
        assert is_trackable_id(model)
        assert provider.models == (model,)


def test_the_effective_values_are_shown() -> None:
    shown = config.shown(config.parse_settings('[[providers]]\nname = "a"\npreset = "anthropic"', "f"))
    assert 'base_url = "https://api.anthropic.com/v1"' in shown
    assert 'anthropic-version = "2023-06-01"' in shown
    assert "requests_per_minute = 50" in shown
    assert "requests_per_minute = 0" in config.shown(
        config.parse_settings('[[providers]]\nname = "a"\npreset = "vllm"', "f")
    )


def row_of(name: str, preset: Preset) -> str:
    limit = f"{preset.requests_per_minute} a minute" if preset.requests_per_minute else "unlimited"
    gap = f", {duration_text(preset.same_model_gap)} for a model" if preset.same_model_gap else ""
    key = f"`{preset.api_key_env}`" if preset.api_key_env else "none"
    url = f"`{preset.base_url}`" if preset.base_url else "required"
    return f"| `{name}` | {url} | {key} | `{preset.auth}` | {limit}, {preset.concurrency} at once{gap} |"


def test_the_documented_table_is_that_of_the_presets() -> None:
    section = DOCUMENT.read_text("utf-8").split("\n## Presets\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `.*\|$", section, re.MULTILINE)
    assert rows == [row_of(name, preset) for name, preset in PRESETS.items()]
