"""`monitor check` by the history: several models in one start, and one exit code for all of them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from tests.store import histories
from tests.support.command import config_file, monitor
from tests.support.gateway import ON_SQLITE

pytestmark = ON_SQLITE
UP, DOWN, SLOW = histories.UP, histories.DOWN, histories.SLOW
LLAMA = "meta/llama-3.1-8b-instruct"


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:
    now = utc_now()
    for place, flaky in enumerate([DOWN, UP, UP]):
        at = now - timedelta(minutes=30 - 10 * place)
        answers = {LLAMA: UP, "flaky": flaky, "down": DOWN, "new": SLOW, "test/x": UP}
        histories.live(engine, histories.sweep(at, answers))
        histories.live(engine, histories.sweep(at, {"old": UP, LLAMA: UP}, provider="former"))
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url, exclude=["test/*"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (f"{LLAMA} flaky", 0),
        (f"{LLAMA} down", 1),
        (f"{LLAMA} down --any", 0),
        (f"{LLAMA} new", 3),
        (f"{LLAMA} no/such", 3),
        (f"{LLAMA} new down", 1),  # a no outweighs an unknown
        ("new down --any", 3),  # it may be the one
        (f"new {LLAMA} --any", 0),
        ("down down --any", 1),
        (f"nvidia/{LLAMA} --model flaky", 0),
        (f"{LLAMA} --kind chat", 0),
        (f"{LLAMA} --kind rerank", 1),
        (f"{LLAMA} --kind rerank --kind chat", 0),
        (f"{LLAMA} flaky --min-uptime 99", 1),
        (f"{LLAMA} flaky --min-uptime 99 --any", 0),
        ("flaky --min-uptime 60 --days 2", 0),
        ("new --min-uptime 60", 3),
        ("--kind chat --any", 0),
        ("--kind chat", 1),
        ("--kind rerank --any", 3),
        ("--provider nvidia --any", 0),
        (f"{LLAMA} --max-age 1m", 3),
        ("old", 3),
        ("test/x", 3),
        ("old test/x --all", 0),
        (f"former/{LLAMA} --all", 0),
        ("", 2),
        (f"{LLAMA} --all", 2),  # two providers have it
        (f"{LLAMA} --provider nobody", 2),
    ],
)
def test_the_exit_code_answers_for_all_models_together(config: Path, arguments: str, code: int) -> None:
    done = monitor(config, "check", *arguments.split())
    assert done.returncode == code, done.stderr
    as_json = monitor(config, "check", *arguments.split(), "--json")
    assert as_json.returncode == code
    if code != 2:
        assert bool(json.loads(as_json.stdout)) == (arguments != "--kind rerank --any")


def test_every_model_has_its_line_and_what_is_not_known_its_reason(config: Path) -> None:
    done = monitor(config, "check", LLAMA, "flaky", "new", "--min-uptime", "99")
    assert done.stdout.splitlines() == [
        f"{LLAMA}: available (answers)",
        "flaky: available (answers), but uptime 66.66 %",
        "new: new (no answer in time)",
    ]
    assert "note: new: no clear answer yet" in done.stderr
    assert monitor(config, "check", "old").stdout == "old: not watched, last available (answers)\n"


@pytest.mark.parametrize("typed", ["META/Llama-3.1-8B-instruct", "meta/lama-3.1-8b-instruct", "llama-3.1-8b"])
@pytest.mark.parametrize("command", ["check", "status", "uptime --model", "events --model", "list --model"])
def test_a_mistyped_id_is_answered_with_the_nearest(config: Path, command: str, typed: str) -> None:
    done = monitor(config, *command.split(), typed)
    assert (done.returncode, done.stdout) == (3, "")
    assert f'no model "{typed}" in the history; did you mean "{LLAMA}"? `monitor list' in done.stderr


def test_where_no_model_is_meant_the_answer_says_so(config: Path) -> None:
    done = monitor(config, "check", "--kind", "rerank", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (3, [])
    assert "no model to check: none that is not retired is of this kind and provider;" in done.stderr


def test_json_answers_where_nothing_is_known_too(config: Path) -> None:
    done = monitor(config, "check", "meta/llama-3.1-8b", "--json")
    assert done.returncode == 3
    unknown = json.loads(done.stdout)
    assert (unknown["model"], unknown["status"], unknown["answer"]) == ("meta/llama-3.1-8b", None, "unknown")
    assert unknown["nearest"] == [LLAMA]
    assert unknown["why"] in done.stderr
    both = json.loads(monitor(config, "check", LLAMA, "no/such", "--json").stdout)
    assert [(each["model"], each["answer"]) for each in both] == [(LLAMA, "yes"), ("no/such", "unknown")]
    assert both[0].keys() == both[1].keys()
    (excluded,) = [json.loads(monitor(config, "check", "test/x", "--json").stdout)]
    assert (excluded["answer"], excluded["watched"]) == ("unknown", False)
