"""`monitor events` of a long history: the same output, a bounded number of events at a time."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.cli.commands.history import events
from monitor.cli.terminal.output import print_json, print_json_list
from monitor.store import query
from tests.store import histories
from tests.support.command import config_file, monitor
from tests.support.gateway import ON_SQLITE
from tests.support.lives import Lives

DAY = timedelta(days=1)


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_all_events_come_once_and_in_order_whatever_is_read_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, at_once: int, lives: Lives
) -> None:
    lives.through(engine, (17, 40))
    monkeypatch.setattr(events, "_AT_ONCE", at_once)
    assert list(events._all_events(engine, None, None, [])) == query.events(engine)
    later, last, kinds = (
        histories.START.replace(hour=18),
        histories.START.replace(hour=21),
        {"became_available"},
    )
    some = list(events._all_events(engine, later, last, kinds))
    assert some == query.events(engine, since=later, until=last, kinds=kinds)
    assert {event.kind for event in some} == kinds


@pytest.mark.parametrize("values", [[], [{"a": 1}], [{"a": "é\n"}, [], {"b": [1, {"c": None}]}]])
def test_a_list_printed_one_by_one_is_the_list_printed_at_once(
    values: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    print_json(values)
    at_once = capsys.readouterr().out
    print_json_list(iter(values))
    assert capsys.readouterr().out == at_once


# ---- Which events ----


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:
    for day in (1, 2, 3):
        answers = {
            "a": histories.UP,
            "b": histories.UP if day < 2 else histories.ENDED,
            "test/x": histories.UP,
        }
        histories.live(engine, histories.sweep(histories.START + day * DAY, answers))
        histories.live(
            engine, histories.sweep(histories.START + day * DAY, {"a": histories.UP}, provider="former")
        )
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url, exclude=["test/*"])


@ON_SQLITE
@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        ("", ["a appeared", "b appeared", "b retired"]),
        ("--all", ["a appeared", "b appeared", "test/x appeared", "former/a appeared", "b retired"]),
        ("--kind retired --kind became_unavailable", ["b retired"]),
        ("--provider former", ["former/a appeared"]),
        (
            "--provider former --provider nvidia --kind appeared",
            ["a appeared", "b appeared", "former/a appeared"],
        ),
        ("--model a --model b", ["a appeared", "b appeared", "b retired"]),
        ("--model former/a", ["former/a appeared"]),
        ("--until 2026-04-08", ["a appeared", "b appeared"]),
        ("--since 2026-04-08 --until 2026-04-09", ["b retired"]),
        ("--since yesterday --until today", []),
    ],
)
def test_a_repeated_option_means_any_of_its_values(config: Path, arguments: str, events: list[str]) -> None:
    rows = json.loads(monitor(config, "events", *arguments.split(), "--json").stdout)
    owners = {"nvidia": "", "former": "former/"}
    assert [f"{owners[row['provider']]}{row['model']} {row['kind']}" for row in rows] == events


@ON_SQLITE
@pytest.mark.parametrize("command", [["events"], ["export", "-"]])
@pytest.mark.parametrize("until", ["yesterday", "today"])
def test_a_range_that_ends_before_it_begins_is_refused(config: Path, command: list[str], until: str) -> None:
    done = monitor(config, *command, "--since", "today", "--until", until)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--since today is not before --until {until}" in done.stderr


@ON_SQLITE
def test_following_has_no_end_but_its_own(config: Path) -> None:
    done = monitor(config, "events", "--follow", "--until", "today")
    assert (done.returncode, "--for ends it" in done.stderr) == (2, True)
