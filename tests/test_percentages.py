"""Rule 42 wherever a percentage comes out: one answer short of all is not all, one answer is not none."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.app.wiring.application import App
from monitor.clock import utc_now
from monitor.config import load_settings
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Outcome
from monitor.store.connection.engine import Engine, writing
from monitor.store.schema import daily
from monitor.store.write.import_export import add_sweeps
from tests.support.command import config_file, monitor
from tests.support.gateway import rows
from tests.web.served import browsing

CHECKS = 250_000
ANSWERED = {"all": CHECKS, "most": CHECKS - 1, "few": 1, "none": 0}
PERCENT = {"all": 100.0, "most": 99.9996, "few": 0.0004, "none": 0.0}
WORDS = {"all": "100.00 %", "most": "99.99 %", "few": "under 0.01 %", "none": "0.00 %"}


@pytest.fixture
def config(engine: Engine, database_url: str, tmp_path: Path) -> Path:
    """Write a history of a day on which each model was looked at a quarter of a million times."""
    path = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    app = App(load_settings(path, {}), {})
    began = (utc_now() - timedelta(days=3)).replace(hour=12, minute=0, second=0, microsecond=0)
    seen = tuple(Observation(model, Outcome.AVAILABLE, "ok", at_ms=0) for model in ANSWERED)
    sweep = Sweep(
        provider="nvidia", started_at=began, finished_at=began, listed=tuple(ANSWERED), observations=seen
    )
    add_sweeps(engine, [sweep], app.settings.policy_of)
    numbers = dict(rows(engine, "SELECT name, id FROM model"))
    with writing(engine) as connection:
        for name, answered in ANSWERED.items():
            counts = {"checks": CHECKS, "answered": answered, "unavailable": CHECKS - answered}
            connection.execute(daily.update().where(daily.c.model_id == numbers[name]).values(**counts))
    return path


def said(config: Path, *arguments: str) -> str:
    done = monitor(config, *arguments)
    assert done.returncode in {0, 3}, done.stderr
    return done.stdout


def table(text: str) -> dict[str, str]:
    """Return the lines of a printed table by model."""
    return {line.split()[1]: " ".join(line.split()) for line in text.splitlines() if line.count(" ") > 5}


@pytest.mark.usefixtures("config")
def test_views_give_the_numbers_as_they_are(engine: Engine) -> None:
    for query in (
        "SELECT model, uptime_percent FROM uptime_daily",
        "SELECT model, uptime_30d FROM model_status",
    ):
        shares: dict[str, float] = dict(rows(engine, query))
        assert shares == pytest.approx(PERCENT, rel=1e-12)
        assert shares["most"] < 100.0 == shares["all"]
        assert shares["few"] > 0.0 == shares["none"]


def test_commands_and_pages_write_them_alike(config: Path, engine: Engine) -> None:
    status, uptime = table(said(config, "status")), table(said(config, "uptime"))
    with browsing(engine, utc_now(), {"nvidia": timedelta(minutes=15)}) as client:
        for name, words in WORDS.items():
            assert status[name].endswith(f" {words}")
            assert uptime[name].startswith(f"nvidia {name} {words} ")
            assert words in client.get(f"/models/nvidia/{name}").text
        story = " ".join(said(config, "status", "most").split())
        assert f" uptime, 30 days {WORDS['most']} " in story
        page = client.get("/").text
        assert all(f">{words}<" in page for words in WORDS.values())
        assert _shares(client) == pytest.approx(PERCENT, rel=1e-12)


def _shares(client: httpx.Client) -> dict[str, Any]:
    return {row["model"]: row["uptime_30d"] for row in client.get("/api/v1/models").json()["models"]}


@pytest.mark.parametrize(
    ("least", "names"),
    [
        ("100", ["all"]),
        ("99.99", ["all", "most"]),
        ("0.0001", ["all", "few", "most"]),
        ("0", ["all", "few", "most", "none"]),
    ],
)
def test_a_limit_is_compared_with_the_number_itself(config: Path, least: str, names: list[str]) -> None:
    assert said(config, "list", "--min-uptime", least).splitlines() == names


def test_json_is_not_rounded(config: Path) -> None:
    shares = {
        row["model"]: row["uptime_percent"] for row in json.loads(said(config, "uptime", "--json"))["models"]
    }
    assert shares == pytest.approx(PERCENT, rel=1e-12)
    assert shares["most"] < 100.0
    assert shares["few"] > 0.0
