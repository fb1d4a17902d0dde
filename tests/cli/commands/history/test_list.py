"""`monitor list`: which ids, under which names, in which order."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from tests.store import histories
from tests.support.command import config_file, monitor, run
from tests.support.gateway import ON_SQLITE

pytestmark = ON_SQLITE
MINUTE = timedelta(minutes=1)
UP, DOWN, ENDED = histories.UP, histories.DOWN, histories.ENDED


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:
    """Give the configuration of `nvidia` and `beta`, with a history that has `former`, too."""
    now = utc_now()
    moods = (
        {"a": UP, "m/same": UP, "test/x": UP, "d": UP},
        {"a": UP, "m/same": DOWN, "test/x": UP, "d": DOWN},
    )
    for place, answers in enumerate([moods[0], moods[1], moods[1]]):
        at = now - (45 - 10 * place) * MINUTE
        histories.live(engine, histories.sweep(at, {**answers, "e": ENDED}))
        histories.live(engine, histories.sweep(at, {"m/same": UP, "b": UP}, provider="beta"))
        histories.live(engine, histories.sweep(at, {"m/same": UP, "old": UP}, provider="former"))
    file = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url, exclude=["test/*"])
    more = '[[providers]]\nname = "beta"\nbase_url = "http://127.0.0.1:1/v1"\n'
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    return file


def listed(config: Path, *arguments: str, code: int = 0) -> list[str]:
    done = monitor(config, "list", *arguments)
    assert done.returncode == code, done.stderr
    return done.stdout.splitlines()


def test_only_what_is_watched_is_listed_and_an_id_of_two_providers_carries_them(config: Path) -> None:
    """Rule 34: neither a provider that left the configuration nor a model that it excludes is callable."""
    assert listed(config) == ["b", "beta/m/same", "a"]
    assert listed(config, "--provider", "beta") == ["b", "m/same"]
    assert listed(config, "--all") == ["b", "beta/m/same", "former/m/same", "old", "a", "test/x"]


def test_a_provider_that_is_not_watched_is_listed_when_named_and_its_age_is_said(config: Path) -> None:
    """Rule 35: what is not watched is stale."""
    assert listed(config, "--provider", "former", code=3) == ["m/same", "old"]
    assert listed(config, "--provider", "former", "--all") == ["m/same", "old"]
    assert listed(config, "--provider", "former", "--all", "--max-age", "1m", code=3) == ["m/same", "old"]


def test_a_repeated_option_means_any_of_its_values(config: Path) -> None:
    assert listed(config, "--provider", "beta", "--provider", "nvidia") == listed(config)
    assert listed(config, "--status", "unavailable", "--status", "retired") == ["d", "e", "nvidia/m/same"]
    assert listed(config, "--kind", "chat", "--kind", "image") == listed(config)
    assert listed(config, "--kind", "image", "--kind", "audio") == []
    assert listed(config, "--model", "a", "--model", "beta/m/same") == ["beta/m/same", "a"]
    assert listed(config, "--model", "a", "--model", "nope", code=3) == []
    assert listed(config, "--model", "old", code=3) == ["old"]


def test_only_the_age_of_what_is_asked_for_counts(config: Path, engine: Engine) -> None:
    """Rule 35."""
    at = utc_now() - timedelta(minutes=5)
    histories.live(engine, histories.sweep(at, {"m/same": UP, "b": UP}, provider="beta"))
    assert listed(config, "--max-age", "10m", code=3) == ["b", "beta/m/same", "a"]
    assert listed(config, "--max-age", "10m", "--model", "b") == ["b"]


def test_the_order_is_by_provider_and_id_or_by_uptime_or_by_latency(config: Path) -> None:
    every = ("--status", "all")
    assert listed(config, *every, "--sort", "name") == listed(config, *every)
    assert listed(config, *every, "--sort", "uptime") == ["b", "beta/m/same", "a", "d", "nvidia/m/same", "e"]
    assert listed(config, "--sort", "latency") == ["beta/m/same", "a", "b"]
    assert listed(config, "--sort", "latency", "--limit", "2") == ["beta/m/same", "a"]
    assert listed(config, "--limit", "1", "--min-uptime", "99") == ["b"]
    assert monitor(config, "list", "--limit", "0").returncode == 2


def test_json_says_which_models_are_watched(config: Path) -> None:
    rows = json.loads(monitor(config, "list", "--all", "--json").stdout)
    assert {(row["provider"], row["model"]) for row in rows if not row["watched"]} == {
        ("former", "m/same"),
        ("former", "old"),
        ("nvidia", "test/x"),
    }


def test_a_history_of_which_nothing_is_watched_is_not_shown_as_empty(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    histories.live(engine, histories.sweep(utc_now() - 5 * MINUTE, {"a": UP}, provider="former"))
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    for command in ("list", "status"):
        done = monitor(config, command)
        assert "watches none of the 1 model in the history; --all adds them" in done.stderr, command
    # as after a demo: no configuration says that its provider is not watched
    bare = run("list", directory=tmp_path / "history", environ={"MONITOR_DATABASE_URL": database_url})
    assert (bare.returncode, bare.stdout) == (0, "a\n")
