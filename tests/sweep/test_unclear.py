"""A model that gives no clear answer any more is not said to be available, anywhere (rules.md 4)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Outcome, Reason
from tests.store import histories
from tests.support.command import config_file, monitor
from tests.web.markup import read
from tests.web.served import browsing

JSON = {"Accept": "application/json"}
UNCLEAR: dict[str, tuple[Outcome, Reason]] = {
    "refuses": (Outcome.UNKNOWN, Reason.BAD_REQUEST),
    "wants/more": (Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST),
    "no/endpoint": (Outcome.UNKNOWN, Reason.NO_ENDPOINT),
    "slow": (Outcome.UNKNOWN, Reason.TIMEOUT),
}
GOOD = [f"good/{number}" for number in range(5)]
ALL = dict.fromkeys([*UNCLEAR, *GOOD], histories.UP)
LATER = histories.START + timedelta(hours=4, minutes=1)
WORDS = dict.fromkeys(UNCLEAR, "repeatedly no clear answer") | {"slow": "repeatedly no answer in time"}


@pytest.fixture
def config(engine: Engine, database_url: str, tmp_path: Path) -> Path:
    """Live through one good sweep and four in which four models give no clear answer."""
    for place in range(5):
        at = histories.START + timedelta(hours=place)
        histories.live(engine, histories.sweep(at, {**ALL, **(UNCLEAR if place else {})}))
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def test_commands_follow_the_status(config: Path) -> None:
    fresh = ("--max-age", "36500d")
    assert monitor(config, "list", *fresh).stdout.split() == GOOD
    assert monitor(config, "list", "--status", "unavailable", *fresh).stdout.split() == sorted(UNCLEAR)
    for model, words in WORDS.items():
        checked = monitor(config, "check", model, *fresh)
        assert (checked.returncode, checked.stdout) == (1, f"{model}: unavailable ({words})\n")
        assert words in " ".join(monitor(config, "status", model).stdout.split())
    assert monitor(config, "check", "good/1", *fresh).returncode == 0
    listed = monitor(config, "events", "--kind", "became_unavailable").stdout
    assert " ".join(listed.split()).count("became unavailable: repeatedly no clear answer") == 3


def test_pages_and_the_list_for_clients_follow_it(config: Path, engine: Engine) -> None:
    del config
    with browsing(engine, LATER) as client:
        answering = client.get("/v1/models", headers=JSON).json()["data"]
        believed = client.get("/api/v1/models?status=unavailable", headers=JSON).json()["models"]
        pages = {model: read(client.get(f"/models/nvidia/{model}").text).text for model in WORDS}
        front = read(client.get("/").text).text
    assert [each["id"] for each in answering] == GOOD
    reasons = {each["model"]: each["reason"] for each in believed}
    assert reasons == dict.fromkeys(UNCLEAR, "unclear") | {"slow": "unresponsive"}
    for model, words in WORDS.items():
        assert f": {words}." in pages[model]
    assert front.count("repeatedly no clear answer") >= 3


def test_a_clear_answer_brings_it_back(config: Path, engine: Engine) -> None:
    histories.live(engine, histories.sweep(histories.START + timedelta(hours=5), ALL))
    listed = monitor(config, "list", "--max-age", "36500d").stdout.split()
    assert listed == sorted(ALL)
