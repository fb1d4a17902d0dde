"""`monitor status MODEL`: what it tells where there is more than the views of every model show."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.store.write.slots import record_missed_slots
from tests.store import histories
from tests.support.command import config_file, monitor


def test_rule_37_the_story_of_a_model_says_as_which_it_answers(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    for place, name in enumerate(("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", "gpt-4o-2024-08-06")):
        sweep = histories.sweep(
            histories.START + place * timedelta(minutes=15), {"gpt-4o": histories.UP, "o": histories.UP}
        )
        aliased = replace(sweep.observations[0], served_as=name)
        histories.live(engine, replace(sweep, observations=(aliased, sweep.observations[1])))
    story = " ".join(monitor(config, "status", "gpt-4o").stdout.split())
    assert "why answers as gpt-4o-2024-08-06 listed" in story
    swap = "is now answered by gpt-4o-2024-08-06 instead of gpt-4o-2024-05-13"
    assert swap in story
    assert "why answers listed" in " ".join(monitor(config, "status", "o").stdout.split())
    told_as = json.loads(monitor(config, "status", "gpt-4o", "--json").stdout)
    assert told_as["now"]["served_as"] == "gpt-4o-2024-08-06"
    listed = monitor(config, "events", "--kind", "served_model_changed").stdout
    assert swap in " ".join(listed.split())
    (event,) = json.loads(monitor(config, "events", "--kind", "served_model_changed", "--json").stdout)
    assert event["detail"] == "gpt-4o-2024-05-13 -> gpt-4o-2024-08-06"
    assert event["began_at"] < event["confirmed_at"]


def test_the_story_of_a_model_that_streams_tells_of_its_latest_streamed_answer(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    sweep = histories.sweep(histories.START, {"a/streams": histories.UP, "b/plain": histories.UP})
    signals = replace(sweep.observations[0], first_token_ms=120, tokens_per_s=45.5)
    histories.live(engine, replace(sweep, observations=(signals, sweep.observations[1])))
    story = monitor(config, "status", "a/streams").stdout
    facts = [" ".join(line.split()) for line in story.splitlines()]
    assert {"last streamed 2026-04-06 12:00:00", "first token 120 ms", "tokens per second 45.50"} <= set(
        facts
    )
    assert json.loads(monitor(config, "status", "a/streams", "--json").stdout)["streamed"] == {
        "provider": "nvidia",
        "model": "a/streams",
        "sweep_id": 197_640_000,
        "observed_at": "2026-04-06T12:00:00.000Z",
        "latency_ms": 100,
        "first_token_ms": 120,
        "tokens_per_s": 45.5,
    }
    assert "first token" not in monitor(config, "status", "b/plain").stdout
    assert json.loads(monitor(config, "status", "b/plain", "--json").stdout)["streamed"] is None


def test_sweeps_that_were_missed_lately_are_noted_with_why(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    histories.live(engine, histories.sweep(histories.START, {"a/one": histories.UP}))
    assert "missed" not in monitor(config, "status").stderr
    slots = [utc_now() - timedelta(hours=hours) for hours in (1, 2, 30)]
    record_missed_slots(engine, "nvidia", "default", slots, cause="the spool is full")
    words = "note: 2 scheduled sweeps of nvidia missed in the last 24 h; the last one: the spool is full\n"
    assert words in monitor(config, "status").stderr


WINDOW = '[[maintenance]]\nfrom = 2026-01-01\nto = 2999-01-01\nprovider = "nvidia"\nmodels = ["b/*"]\n'


def test_a_running_maintenance_window_is_shown_in_text_and_json(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    histories.live(engine, histories.sweep(histories.START, {"a/one": histories.UP, "b/two": histories.UP}))
    assert "maintenance" not in monitor(config, "status").stdout
    with config.open("a", encoding="utf-8") as out:
        out.write(WINDOW)
    words = (
        "maintenance of nvidia (b/*) since 2026-01-01 00:00:00 UTC, until 2999-01-01 00:00:00 UTC: "
        "everything is recorded, nothing is sent"
    )
    assert words in monitor(config, "status").stdout
    assert words in monitor(config, "status", "b/two").stdout
    assert "maintenance" not in monitor(config, "status", "a/one").stdout
    rows = json.loads(monitor(config, "status", "--json").stdout)
    until = "2999-01-01T00:00:00.000Z"
    assert {row["model"]: row["maintenance_until"] for row in rows} == {"a/one": None, "b/two": until}
    assert json.loads(monitor(config, "status", "b/two", "--json").stdout)["maintenance_until"] == until
