"""`monitor accept`: says what the guard holds back, and lets the next sweep believe it (rules.md 11)."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Verdict
from monitor.core.lifecycle.guard import TROUBLE
from monitor.report.words.held_back import FAILURES
from monitor.store.memory.acceptance import is_accepted
from monitor.store.query import providers
from tests.store import histories
from tests.support.command import config_file, monitor

MODELS = tuple(f"m/{place}" for place in range(8))
NEXT = "nvidia: the next sweep will be accepted"


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Path:
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


@pytest.fixture
def lite(sqlite_url: str, tmp_path: Path) -> Path:
    """Configure a SQLite file that does not exist yet."""
    return config_file(tmp_path, "http://127.0.0.1:1/v1", sqlite_url)


def at(place: int, answers: dict[str, histories.Answer], *, provider: str = "nvidia") -> Sweep:
    """Return the sweep made so many quarters of an hour after the first."""
    return histories.sweep(histories.START + timedelta(minutes=15 * place), answers, provider=provider)


def test_a_provider_of_which_nothing_is_held_back_is_accepted_too(config: Path, engine: Engine) -> None:
    histories.live(engine, at(0, dict.fromkeys(MODELS, histories.UP)))
    accepted = monitor(config, "accept", "nvidia", key=None)
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stdout.splitlines() == ["nvidia: nothing is held back now", NEXT]
    assert is_accepted(engine, "nvidia")
    again = monitor(config, "accept", "nvidia")
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, f"{NEXT} (already requested)")


def test_what_is_held_back_is_said_before_it_is_believed(config: Path, engine: Engine) -> None:
    histories.live(engine, at(0, dict.fromkeys(MODELS, histories.UP)))
    histories.live(engine, at(1, dict.fromkeys(MODELS[:2], histories.UP)))
    half_down = {name: histories.DOWN if name in MODELS[2:] else histories.UP for name in MODELS}
    histories.live(engine, at(2, half_down))
    accepted = monitor(config, "accept", "nvidia")
    assert accepted.stdout.splitlines() == [
        "nvidia: the latest sweeps do not count: the catalog lost most of its models",
        "nvidia: the latest sweeps do not count: the provider is in trouble",
        f"nvidia: 6 models {FAILURES[TROUBLE]}, for 1 sweep since 2026-04-06 12:30:00 UTC",
        NEXT,
    ]
    histories.live(engine, replace(at(3, half_down), accepted=is_accepted(engine, "nvidia")))
    assert monitor(config, "accept", "nvidia").stdout.splitlines() == [
        "nvidia: nothing is held back now",
        NEXT,
    ]


def test_a_shrunken_catalog_is_told_in_numbers(config: Path, engine: Engine) -> None:
    histories.live(engine, at(0, dict.fromkeys(MODELS, histories.UP)))
    histories.live(engine, at(1, dict.fromkeys(MODELS[:2], histories.UP)))
    words = monitor(config, "accept", "nvidia").stdout
    assert "nvidia: 6 of the 8 models last believed to be listed are missing\n" in words


def test_a_provider_that_is_not_configured_but_has_a_history_can_be_accepted(
    config: Path, engine: Engine
) -> None:
    histories.live(engine, at(0, {"a": histories.UP}, provider="former"))
    assert monitor(config, "accept", "former").returncode == 0
    assert is_accepted(engine, "former")


def test_a_provider_that_nobody_knows_is_refused_and_the_known_ones_named(
    config: Path, engine: Engine
) -> None:
    histories.live(engine, at(0, {"a": histories.UP}, provider="former"))
    refused = monitor(config, "accept", "nvidea")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        'monitor: no provider "nvidea" in the configuration or the history; there is: former, nvidia; '
        'did you mean "nvidia"?\n'
    )
    assert providers(engine) == ["former"]


def test_a_wrong_name_makes_no_database(lite: Path) -> None:
    refused = monitor(lite, "accept", "nobody")
    assert refused.returncode == 2
    assert "there is: nvidia" in refused.stderr
    assert not (lite.parent / "history").exists()
    assert monitor(lite, "accept").returncode == 2


def test_a_configured_provider_can_be_accepted_before_its_first_sweep(lite: Path) -> None:
    assert monitor(lite, "accept", "nvidia").stdout.splitlines() == ["nvidia: nothing is held back now", NEXT]
    assert monitor(lite, "db", "check").returncode == 0


def test_an_accepted_sweep_is_exported_as_one(config: Path, engine: Engine) -> None:
    histories.live(engine, replace(at(0, {"a": histories.UP}), accepted=True))
    record = json.loads(monitor(config, "export", "-").stdout)
    assert record["accepted"] is True
    assert (record["verdict"], record["cause"]) == (Verdict.CONCLUSIVE, None)
