"""`--json` is alike in all commands that read: the same facts have the same keys, and times one form."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.core.history.views import VIEWS
from tests.store import histories
from tests.support.command import config_file, monitor

COMMANDS = (
    ("list", "--status", "all"),
    ("status",),
    ("status", "a/m"),
    ("check", "a/m"),
    ("uptime",),
    ("events",),
    ("summary", "--since", "2d", "--until", "today"),
    ("db", "check"),
    ("db", "rebuild"),
    ("db", "prune", "--dry-run"),
    ("config", "check"),
    ("config", "show"),
    ("sweep",),
)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
# what is said of a model behind its columns, by command
MORE = {
    "list": ("watched",),
    "status": ("watched", "maintenance_until"),
    "status of one": (),
    "check": ("watched", "nearest", "answer", "why"),
}


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:
    """Configure a database in which `a/m` was down once and is down again."""
    begin = utc_now().replace(microsecond=0) - timedelta(hours=26)
    for place, letter in enumerate("uddudd"):
        answer = histories.UP if letter == "u" else histories.DOWN
        sweep = histories.sweep(begin + place * timedelta(minutes=15), {"a/m": answer, "b/m": histories.UP})
        histories.live(engine, sweep)
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def document(config: Path, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(monitor(config, *arguments, "--json").stdout)


def texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(part)
    if isinstance(value, str):
        yield value


def keys(rows: list[dict[str, object]]) -> list[str]:
    assert rows
    assert all(list(row) == list(rows[0]) for row in rows)
    return list(rows[0])


def test_times_are_in_utc_to_the_millisecond_in_every_command(config: Path) -> None:
    for command in COMMANDS:
        moments = [text for text in texts(document(config, *command)) if DAY.match(text)]
        assert all(MOMENT.fullmatch(text) or DAY.fullmatch(text) for text in moments), (command, moments)


def test_a_model_an_event_and_an_outage_have_the_same_keys_wherever_they_are_shown(config: Path) -> None:
    story, uptime = document(config, "status", "a/m"), document(config, "uptime", "--model", "a/m")
    models = {
        "list": document(config, "list", "--status", "all"),
        "status": document(config, "status"),
        "status of one": [story["now"]],
        "check": [document(config, "check", "a/m")],
    }
    columns = tuple(column.name for column in VIEWS["model_status"].columns)
    assert {name: tuple(keys(rows)) for name, rows in models.items()} == {
        name: (*columns, *MORE[name]) for name in models
    }
    assert keys(story["events"]) == keys(document(config, "events"))
    assert keys(story["outages"]) == keys(uptime["outages"])
    assert [row["duration_s"] for row in story["outages"]] == [None, 1800.0]
    assert story["outages"][1] == uptime["outages"][1]
    assert all(row["duration_so_far_s"] >= 1800.0 for row in [*story["outages"], *uptime["outages"]])
