"""`monitor import` of result files: the blog post's day as its script would write it, and our own files."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.demo import World
from monitor.demo.stories import blog_day
from tests.support.command import KEY, config_file, monitor
from tests.support.gateway import ON_SQLITE, gateway, rows

NAME = "nvidia_test_results_20260406_120000.txt"
HEADING = f"""# Potentially hosted and reachable models for key {KEY}
# (LLM-style chat endpoints that accept /v1/chat/completions)
# Tested: Mon Apr  6 12:00:00 UTC 2026

"""
# What the script writes of a model of the demo's world, by how that behaves.
WORDS = {
    "ok": "",
    "ok_reasoning": "",
    "too_many_requests": " (HTTP 429 rate-limited)",
    "server_error": " (HTTP 500)",
    "bad_request": " (HTTP 400 or no response)",
    "hang": " (HTTP 000 or no response)",
}


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Path:
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def blog_file() -> str:
    """Return the file that the script, with its lines corrected, writes of the blog's day."""
    day = blog_day()
    lines = [f"{model}{WORDS.get(day.behaviour_of(model) or 'ok', ' (HTTP 404)')}" for model in day.listed]
    return HEADING + "".join(f"{line}\n" for line in lines)


def test_the_blogs_day_becomes_a_sweep_with_its_counts(config: Path, engine: Engine) -> None:
    (config.parent / NAME).write_text(blog_file(), "utf-8")
    imported = monitor(config, "import", NAME)
    assert imported.stdout == "1 sweep imported, 0 already there\n", imported.stderr
    assert imported.stderr == (
        f"{NAME}: results of nvidia of 2026-04-06 12:00:00 UTC: 189 models: 91 available, 10 busy, "
        "68 unavailable, 20 unclear; 2 duplicate lines\n"
    )
    query = (
        "SELECT provider, vantage, verdict, listed, duplicates, available, rate_limited, unavailable, unknown"
        " FROM sweep_history"
    )
    assert rows(engine, query) == [("nvidia", "default", "conclusive", 189, 2, 91, 10, 68, 20)]
    statuses = Counter(status for (status,) in rows(engine, "SELECT status FROM model_status"))
    assert statuses == {"available": 101, "unavailable": 68, "new": 20}
    assert monitor(config, "db", "check").returncode == 0


def test_importing_it_again_changes_nothing(config: Path, engine: Engine) -> None:
    (config.parent / NAME).write_text(blog_file(), "utf-8")
    monitor(config, "import", NAME)
    before = rows(engine, "SELECT * FROM observation_history ORDER BY model")
    assert monitor(config, "import", NAME).stdout == "0 sweeps imported, 1 already there\n"
    assert rows(engine, "SELECT * FROM observation_history ORDER BY model") == before


def test_files_of_several_days_and_records_come_in_together(config: Path, engine: Engine) -> None:
    for hour, words in (("12", ""), ("13", " (HTTP 404)"), ("14", " (HTTP 404)")):
        file = config.parent / f"nvidia_test_results_20260406_{hour}0000.txt"
        file.write_text(f"{HEADING}a/model{words}\nb/model\n", "utf-8")
    record = {
        "provider": "nvidia",
        "started_at": "2026-04-06T15:00:00Z",
        "finished_at": "2026-04-06T15:01:00Z",
        "listed": ["a/model", "b/model"],
        "observations": [{"model": "a/model", "outcome": "available", "reason": "ok"}],
    }
    (config.parent / "later.jsonl").write_text(json.dumps(record), "utf-8")
    files = [f"nvidia_test_results_20260406_{hour}0000.txt" for hour in (14, 12, 13)]
    imported = monitor(config, "import", "later.jsonl", *files)
    assert imported.stdout == "4 sweeps imported, 0 already there\n", imported.stderr
    outages = rows(engine, "SELECT model, duration_s, reason FROM outage_history")
    assert outages == [("a/model", 7200, "not_found")]


@ON_SQLITE
def test_lines_that_name_no_model_are_counted_and_told_by_number(config: Path) -> None:
    lines = ["a/up", *["model_id"] * 21, "b/gone (HTTP 404)", "model_id (HTTP 500)"]
    (config.parent / NAME).write_text(HEADING + "".join(f"{line}\n" for line in lines), "utf-8")
    imported = monitor(config, "import", NAME)
    assert imported.stdout == "1 sweep imported, 0 already there\n"
    numbers = ", ".join(map(str, range(6, 26)))
    assert imported.stderr.splitlines()[1] == (
        f"{NAME}: 22 lines without a model id skipped: {numbers} and 2 more; their models count as not listed"
    )
    assert monitor(config, "list", "--status", "all").stdout.splitlines() == ["a/up", "b/gone"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (NAME, f"{HEADING}model_id\nmodel_id (HTTP 404)\n", "none of its 2 lines names a model"),
        (NAME, HEADING, "holds no result of any model"),
        ("results.txt", f"{HEADING}a/up\n", "<provider>_test_results_<YYYYmmdd_HHMMSS>.txt"),
        ("nvidia_hosted_models_20260406_120000.txt", "a/up\nb/up\n", f"import {NAME} of the same run"),
        ("ids.txt", "a/up\nb/up\n", "holds only the ids that answered"),
        (NAME, f"{HEADING}a/up\udcff\n", "is not UTF-8 text"),
    ],
)
def test_what_is_no_sweep_is_refused_with_the_remedy_and_without_the_key(
    config: Path, name: str, text: str, words: str
) -> None:
    (config.parent / name).write_text(text, "utf-8", "surrogateescape")
    refused = monitor(config, "import", name)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words in refused.stderr
    assert KEY not in refused.stderr
    assert not (config.parent / "history").exists()


@ON_SQLITE
def test_a_time_zone_and_a_provider_can_be_said(config: Path, engine: Engine) -> None:
    heading = HEADING.replace("UTC", "CEST")
    (config.parent / NAME).write_text(f"{heading}a/up\n", "utf-8")
    plain = monitor(config, "import", NAME)
    assert "its time zone CEST was read as UTC: see --timezone" in plain.stderr
    placed = monitor(config, "import", "--timezone", "Europe/Berlin", "--provider", "nim", NAME)
    assert placed.stdout == "1 sweep imported, 0 already there\n"
    assert "CEST" not in placed.stderr
    query = "SELECT provider, started_at FROM sweep_history ORDER BY 1"
    assert rows(engine, query) == [("nim", "2026-04-06 10:00:00"), ("nvidia", "2026-04-06 12:00:00")]


@ON_SQLITE
def test_standard_input_and_gzip_are_read_too(config: Path, engine: Engine) -> None:
    text = f"{HEADING}a/up\n".encode()
    (config.parent / f"{NAME}.gz").write_bytes(gzip.compress(text))
    assert monitor(config, "import", f"{NAME}.gz").returncode == 0

    refused = monitor(config, "import", "-", stdin=text)
    assert refused.returncode == 2
    assert "give the time with --at" in refused.stderr
    timed = monitor(config, "import", "--at", "2026-04-06T13:00Z", "-", stdin=text)
    assert timed.stdout == "1 sweep imported, 0 already there\n"
    times = [at for (at,) in rows(engine, "SELECT started_at FROM sweep_history ORDER BY 1")]
    assert times == ["2026-04-06 12:00:00", "2026-04-06 13:00:00"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--timezone", "Mars/Olympus", NAME), "Mars/Olympus"),
        (("--at", "2026-04-06", NAME, NAME), "applies to one file"),
        (("--at", "2026-04-06", "--timezone", "UTC", NAME), "excludes --timezone"),
        (("--at", "some day", NAME), "not a time"),
        (("--provider", "a/b", NAME), "provider: must not hold a slash"),
        (("--provider", "nvidia", "records.jsonl"), "sweep records name their provider"),
    ],
)
def test_wrong_usage_is_exit_2_with_words(config: Path, arguments: tuple[str, ...], words: str) -> None:
    (config.parent / NAME).write_text(f"{HEADING}a/up\n", "utf-8")
    (config.parent / "records.jsonl").write_text('{"provider": "p"}\n', "utf-8")
    refused = monitor(config, "import", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words in refused.stderr


WORLD = World(
    listed=("a/answers", "b/busy", "c/gone", "d/other-account", "e/unclear", "f/html", "a/answers"),
    behaviours={
        "b/busy": "too_many_requests",
        "c/gone": "end_of_life:2026-05-14T00:00:00Z",
        "d/other-account": "not_for_account",
        "e/unclear": "bad_request",
        "f/html": "html",
    },
)


@ON_SQLITE
def test_our_own_result_file_gives_back_what_the_sweep_saw(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    with gateway(WORLD) as provider:
        config = config_file(tmp_path, provider.base_url, database_url)
        assert monitor(config, "sweep", "--output-dir", "results").returncode == 0
    (file,) = (tmp_path / "results").glob("*_test_results_*")
    again = monitor(config, "import", str(file))
    assert again.stdout == "0 sweeps imported, 1 already there\n", again.stderr
    other = config_file(tmp_path, "http://127.0.0.1:1/v1", f"sqlite:///{tmp_path}/other.db", name="o.toml")
    assert monitor(other, "import", str(file)).stdout == "1 sweep imported, 0 already there\n"
    columns = ("provider", "model", "status", "reason", "http_status", "listed")

    def believed(config: Path) -> list[list[object]]:
        return [
            [row[name] for name in columns] for row in json.loads(monitor(config, "status", "--json").stdout)
        ]

    assert believed(other) == believed(config)
    assert rows(engine, "SELECT duplicates FROM sweep_history") == [(1,)]
    exported = json.loads(monitor(other, "export", "-").stdout)
    assert (exported["duplicates"], exported["verdict"]) == (1, "conclusive")


def test_no_key_of_a_heading_reaches_the_database_or_the_words(config: Path, engine: Engine) -> None:
    (config.parent / NAME).write_text(blog_file(), "utf-8")
    imported = monitor(config, "--log-level", "debug", "import", NAME)
    assert KEY not in imported.stdout + imported.stderr
    for table in ("finding", "event", "sweep", "provider", "model", "policy"):
        assert KEY not in repr(rows(engine, f"SELECT * FROM {table}"))  # noqa: S608 - names from above
