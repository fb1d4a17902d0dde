"""What a shell offers after Tab."""

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from sqlalchemy import Engine

from monitor.cli.group import cli
from tests.store import histories
from tests.support.command import config_file
from tests.support.gateway import ON_SQLITE


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:
    answers = dict.fromkeys(("meta/llama", "meta/other", "same", "test/x", "od\u202ed"), histories.UP)
    histories.live(engine, histories.sweep(histories.START, answers))
    histories.live(engine, histories.sweep(histories.START, {"same": histories.UP}, provider="former"))
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url, exclude=["test/*"])


def offered(config: Path, words: str, typed: str = "") -> list[str]:
    complete = ShellComplete(cli, {}, "monitor", "_MONITOR_COMPLETE")
    arguments = ["--config", str(config), *words.split()]
    return [item.value for item in complete.get_completions(arguments, typed)]


@ON_SQLITE
@pytest.mark.parametrize(
    "command", ["check", "check a", "status", "list --model", "uptime --model a --model"]
)
def test_models_are_offered_as_list_prints_them(config: Path, command: str) -> None:
    assert offered(config, command) == ["meta/llama", "meta/other", "same"]
    assert offered(config, command, "meta/o") == ["meta/other"]
    assert offered(config, command, "nothing") == []


@ON_SQLITE
def test_all_and_provider_are_heeded(config: Path) -> None:
    assert offered(config, "check --all", "test") == ["test/x"]
    assert "former/same" in offered(config, "check --all")
    assert offered(config, "check --provider former") == ["same"]


@ON_SQLITE
@pytest.mark.parametrize("command", ["list", "export", "summary", "db rebuild", "sweep"])
def test_providers_are_those_of_the_configuration_and_of_the_history(config: Path, command: str) -> None:
    assert offered(config, f"{command} --provider") == ["former", "nvidia"]
    assert offered(config, f"{command} --provider", "n") == ["nvidia"]
    for argument in ("accept", "provider rename", "provider remove"):
        assert offered(config, argument) == ["former", "nvidia"]


@ON_SQLITE
def test_kinds_and_statuses_are_offered(config: Path) -> None:
    assert "embeddings" in offered(config, "list --kind", "emb")
    assert offered(config, "events --kind", "quota") == ["quota_exhausted", "quota_restored"]
    assert offered(config, "list --status", "un") == ["unavailable"]


def test_without_a_database_or_a_configuration_nothing_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    away = config_file(tmp_path, "http://127.0.0.1:1/v1", f"sqlite:///{tmp_path}/none/monitor.db")
    assert offered(away, "check") == []
    assert offered(away, "list --provider") == ["nvidia"]
    broken = tmp_path / "broken.toml"
    broken.write_text("[", encoding="utf-8")
    for file in (broken, tmp_path / "none.toml"):
        assert offered(file, "check") == offered(file, "list --provider") == []
    unreachable = away.read_text(encoding="utf-8").replace(
        json.dumps(f"sqlite:///{tmp_path}/none/monitor.db"), '"postgresql://monitor@127.0.0.1:1/monitor"'
    )
    away.write_text(unreachable, encoding="utf-8")
    assert offered(away, "check") == []
    assert offered(away, "list --provider") == ["nvidia"]
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "none").exists()
