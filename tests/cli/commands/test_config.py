"""`monitor config check` tells what a day of watching costs, and what a provider's endpoint becomes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app.wiring.application import App
from monitor.app.wiring.targets import endpoint_of
from monitor.app.wiring.unmatched_patterns import unmatched_patterns
from monitor.clock import utc_now
from monitor.config import PRESETS, parse_settings
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Outcome
from monitor.http import Auth
from monitor.store.connection.engine import Engine
from monitor.store.write.import_export import add_sweeps
from tests.support.command import config_file, monitor

UNKNOWN = "each model 96 requests a day; the number of models is not known yet"


def app_of(url: str, provider: str = "", schedule: str = 'interval = "15m"') -> App:
    text = f"""
[database]
url = {json.dumps(url)}
[schedule]
{schedule}
[[providers]]
name = "nvidia"
base_url = "http://127.0.0.1:1/v1"
{provider}
"""
    return App(parse_settings(text, "config.toml"), {})


def cost_of(app: App) -> str:
    return app.daily_cost(app.settings.providers[0])


def add_history(engine: Engine, app: App, *listed: str) -> None:
    """Add one past sweep in which every model answered."""
    seen = tuple(Observation(model, Outcome.AVAILABLE, "ok", 0) for model in listed)
    began = utc_now() - timedelta(hours=1)
    sweep = Sweep(provider="nvidia", started_at=began, finished_at=began, listed=listed, observations=seen)
    add_sweeps(engine, [sweep], app.settings.policy_of)


def test_the_models_of_the_last_believed_catalog_are_counted_if_they_are_watched(
    engine: Engine, database_url: str
) -> None:
    app = app_of(database_url, 'exclude = ["c/*"]\nrequests_per_day = 191')
    add_history(engine, app, "a/one", "b/two", "c/three")
    assert cost_of(app).startswith(
        "nvidia: 2 models x 96 sweeps = 192 requests a day (and 96 for the catalog); budget 191: too small"
    )


@pytest.mark.usefixtures("engine")
def test_without_a_history_the_number_of_models_is_left_open(database_url: str) -> None:
    assert cost_of(app_of(database_url)) == f"nvidia: 96 sweeps a day, {UNKNOWN}; no daily request limit"


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ('interval = "7m"', " sweeps a day"),
        ('cron = "*/30 6-7 * * *"', "4 sweeps a day"),
        ('cron = "0 6 * * *"', "1 sweep a day, each model 1 request a day"),
        ('interval = "1s"', "86,400 sweeps a day"),
    ],
)
def test_the_sweeps_of_a_day_are_counted_from_the_schedule(schedule: str, said: str, sqlite_url: str) -> None:
    assert said in cost_of(app_of(sqlite_url, schedule=schedule))


def test_the_check_prints_a_line_for_each_provider_and_creates_no_database(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", "sqlite:///history/monitor.db")
    with config.open("a", encoding="utf-8") as file:
        file.write('[[providers]]\nname = "b"\npreset = "ollama"\nrequests_per_day = 5000\n')
    checked = monitor(config, "config", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines() == [
        f"{config}: ok (nvidia, b)",
        f"nvidia: 96 sweeps a day, {UNKNOWN}; no daily request limit",
        f"b: 96 sweeps a day, {UNKNOWN}; budget 5,000: enough for about 51 models in each sweep",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("content", [b"", b"this is no database at all, but some other file" * 99])
def test_a_database_that_cannot_be_read_is_no_fault_of_the_configuration(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "monitor.db").write_bytes(content)
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", "sqlite:///monitor.db")
    checked = monitor(config, "config", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "the number of models is not known yet" in checked.stdout
    assert (tmp_path / "monitor.db").read_bytes() == content


def test_a_schema_of_another_version_is_no_fault_of_the_configuration(
    engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")
    assert "the number of models is not known yet" in cost_of(app_of(database_url))


# ---- Patterns that match nothing (rules.md 41) ----


def checked_with(tmp_path: Path, url: str, more: str, **provider: list[str]) -> list[str]:
    """Check a configuration beside a catalog of `LISTED`; returns what is noted, without the directory."""
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", url, **dict[str, Any](provider))
    with config.open("a", encoding="utf-8") as file:
        file.write(more)
    checked = monitor(config, "config", "check")
    assert checked.returncode == 0
    assert checked.stdout.startswith(f"{config}: ok (")
    return checked.stderr.replace(f"{tmp_path}/", "").splitlines()


NO_MODEL = "matches no model in the last catalog of nvidia"
NO_PROVIDER = "matches no configured provider"
INCLUDE = "warning: config.toml:17: providers[0].include[1]"
WINDOW = "warning: config.toml:24: maintenance[0].models[1]"
LISTED = ("meta/llama-3.1-8b-instruct", "org/model[beta]", "claude-sonnet-4[1m]", "a*b", "what?")


def test_a_pattern_that_matches_nothing_in_the_last_catalog_is_noted_with_its_place_and_the_nearest_ids(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    add_history(engine, app_of(database_url), *LISTED)
    assert checked_with(
        tmp_path,
        database_url,
        '[[maintenance]]\ncron = "0 22 * * sun"\nduration = "4h"\n'
        'models = [\n  "a*b",\n  "claude-sonnet-4[1m ]",\n]\n',
        include=["*", "meta/llama-3.1-8b-instrukt"],
        exclude=["zzz/*"],
    ) == [
        f'{INCLUDE}: "meta/llama-3.1-8b-instrukt" {NO_MODEL}; nearest: "meta/llama-3.1-8b-instruct"',
        f'warning: config.toml:18: providers[0].exclude[0]: "zzz/*" {NO_MODEL}',
        f'{WINDOW}: "claude-sonnet-4[1m ]" {NO_MODEL}; nearest: "claude-sonnet-4[1m]"',
    ]


def test_ids_named_exactly_and_patterns_that_match_are_not_noted(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    add_history(engine, app_of(database_url), *LISTED)
    window = f"models = {json.dumps([*LISTED, 'meta/*'])}\n"
    more = f'[[maintenance]]\ncron = "0 22 * * sun"\nduration = "4h"\nprovider = "nv*"\n{window}'
    assert checked_with(tmp_path, database_url, more, include=[*LISTED, "meta/*"], exclude=["*[[]1m]"]) == []


def test_ids_that_the_configuration_names_are_matched_before_they_were_ever_swept() -> None:
    text = '[[providers]]\nname = "a"\npreset = "ollama"\nmodels = ["new[1]"]\nexclude = ["new[1]", "old"]'
    faults = unmatched_patterns(parse_settings(text, "config.toml"), {"a": {"x"}})
    assert [fault.path for fault in faults] == [("providers", 0, "exclude", 1)]


def test_favourites_match_by_id_or_with_their_provider_in_any_catalog() -> None:
    text = (
        '[summary]\nfavourites = ["x", "b/y", "*/z", "a/y", "q"]\n'
        '[[providers]]\nname = "a"\npreset = "ollama"\n[[providers]]\nname = "b"\npreset = "ollama"\n'
    )
    settings = parse_settings(text, "config.toml")
    assert settings.summary.favourites == ("x", "b/y", "*/z", "a/y", "q")
    faults = unmatched_patterns(settings, {"a": {"x"}, "b": {"y", "z"}})
    assert [fault.path for fault in faults] == [("summary", "favourites", 3), ("summary", "favourites", 4)]
    assert unmatched_patterns(settings, {"a": {"x"}}) == [], "the catalog of b may have them"


@pytest.mark.usefixtures("engine")
def test_where_no_catalog_was_read_yet_nothing_is_said_of_models(database_url: str, tmp_path: Path) -> None:
    more = '[[maintenance]]\ncron = "0 22 * * sun"\nduration = "4h"\nmodels = ["b"]\n'
    assert checked_with(tmp_path, database_url, more, include=["a"]) == []


def test_a_pattern_of_providers_that_matches_none_configured_is_noted(tmp_path: Path) -> None:
    more = """
[[notify]]
url = "json://127.0.0.1"
providers = ["nvidia", "openai", "nvida"]
[[maintenance]]
cron = "0 22 * * sun"
duration = "4h"
provider = "Nvidia"
"""
    assert checked_with(tmp_path, "sqlite:///monitor.db", more) == [
        f'warning: config.toml:20: notify[0].providers[1]: "openai" {NO_PROVIDER}',
        f'warning: config.toml:20: notify[0].providers[2]: "nvida" {NO_PROVIDER}; nearest: "nvidia"',
        f'warning: config.toml:24: maintenance[0].provider: "Nvidia" {NO_PROVIDER}; nearest: "nvidia"',
    ]


def test_a_windows_pattern_must_match_in_one_of_the_catalogs_it_is_for() -> None:
    text = """
[[providers]]
name = "a"
preset = "ollama"
[[providers]]
name = "b"
preset = "ollama"
[[maintenance]]
cron = "0 22 * * sun"
duration = "4h"
models = ["of-a", "of-b", "of-nobody"]
"""
    settings = parse_settings(text, "config.toml")
    both = {"a": {"of-a"}, "b": {"of-b"}}
    assert [fault.path[-1] for fault in unmatched_patterns(settings, both)] == [2]
    assert unmatched_patterns(settings, {"a": {"of-a"}}) == []


# ---- The endpoint ----


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.base_url])
def test_an_endpoint_has_what_its_preset_says(name: str) -> None:
    preset = PRESETS[name]
    environ = {preset.api_key_env: "key-of-the-test"} if preset.api_key_env else {}
    app = App(parse_settings(f'[[providers]]\nname = "a"\npreset = "{name}"', "config.toml"), environ)
    provider = app.settings.providers[0]
    endpoint = endpoint_of(app, provider)
    assert (endpoint.base_url, endpoint.auth) == (preset.base_url, preset.auth)
    assert (endpoint.headers, endpoint.api_key) == (preset.headers, next(iter(environ.values()), None))
    assert (endpoint.catalog, endpoint.origins) == (provider.catalog_url, provider.origins)


def test_a_provider_elsewhere_is_spoken_to_there_alone() -> None:
    text = '[[providers]]\nname = "a"\npreset = "nvidia"\nbase_url = "http://127.0.0.1:1/v1"\nauth = "query"'
    app = App(parse_settings(text, "config.toml"), {"NVIDIA_API_KEY": "key-of-the-test"})
    endpoint = endpoint_of(app, app.settings.providers[0])
    assert (endpoint.auth, endpoint.origins) == (Auth.QUERY, ())
    assert endpoint.catalog == "http://127.0.0.1:1/v1/models"
