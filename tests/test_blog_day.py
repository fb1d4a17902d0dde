"""The blog's day replayed: the counts of 2026-04-06 come out exactly, wherever a user can look for them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.demo.stories import blog_day
from monitor.store.connection.engine import Engine, open_engine
from tests.support import gateway as g
from tests.support.command import KEY, PROVIDER, Done, config_file, monitor

DAY = blog_day()
IDS = tuple(dict.fromkeys(DAY.listed))
COUNTS = {"answered": 101, "unavailable": 68, "unknown": 20}
SECOND_LOOKS = 6 + 20  # the broken ones, and those that hang or refuse without an explanation
HOSTED = re.compile(r"nvidia_hosted_models_\d{8}_\d{6}\.txt")
RESULTS = re.compile(r"nvidia_test_results_\d{8}_\d{6}\.txt")
LINE = re.compile(r"(?P<model>\S+) \((?P<answer>HTTP \d{3}|no response), (?P<outcome>\w+): (?P<reason>\w+)\)")


@dataclass(frozen=True)
class Day:
    """The day after one sweep: the command's words, its files, its database."""

    sweep: Done
    hosted: str
    results: str
    config: Path
    engine: Engine
    place: Path


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Sweep the day once with the command line, on each kind of database."""
    place = tmp_path_factory.mktemp("blog")
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    url = server.create_database() if server else f"sqlite:///{place}/monitor.db"
    with g.gateway(DAY) as there:
        config = config_file(place, there.base_url, url, concurrency=64, slow_timeout="20s", timeout="20s")
        told = monitor(config, "--log-level", "debug", "sweep", "--output-dir", str(place / "results"))
    names = sorted(path.name for path in (place / "results").iterdir())
    assert len(names) == 2, f"{names}\n{told.stderr}"
    hosted, results = ((place / "results" / name).read_text("utf-8") for name in names)
    engine = open_engine(url)
    yield Day(told, hosted, results, config, engine, place)
    engine.dispose()
    if server:
        server.drop_database(url)


def test_the_command_ends_well_and_prints_the_ids_that_answered(day: Day) -> None:
    assert day.sweep.returncode == 0
    printed = day.sweep.stdout.splitlines()
    assert len(printed) == len(set(printed)) == 101
    expected = {id_ for id_ in IDS if DAY.behaviour_of(id_) in {"ok", "ok_reasoning", "too_many_requests"}}
    assert set(printed) == expected


def test_the_files_are_named_as_the_contract_says(day: Day) -> None:
    names = sorted(path.name for path in (day.place / "results").iterdir())
    assert HOSTED.fullmatch(names[0])
    assert RESULTS.fullmatch(names[1])
    assert names[0][-19:] == names[1][-19:]


def test_the_hosted_file_is_the_ids_that_answered_and_nothing_else(day: Day) -> None:
    assert day.hosted == day.sweep.stdout
    assert set(day.hosted.splitlines()) <= set(IDS)


def test_the_results_file_has_every_model_once_with_its_real_id(day: Day) -> None:
    lines = [match for line in day.results.splitlines() if (match := LINE.fullmatch(line))]
    assert [line["model"] for line in lines] == list(IDS)
    outcomes = Counter(line["outcome"] for line in lines)
    assert outcomes["available"] + outcomes["rate_limited"] == 101
    assert (outcomes["unavailable"], outcomes["unknown"]) == (68, 20)
    reasons = Counter((line["answer"], line["reason"]) for line in lines)
    assert reasons["HTTP 404", "not_for_account"] == 62
    assert reasons["HTTP 500", "server_error"] == 6
    assert reasons["no response", "timeout"] + reasons["HTTP 400", "bad_request"] == 20
    assert "2 duplicate rows" in day.results


def test_the_sweep_history_has_the_counts(day: Day) -> None:
    query = (
        "SELECT verdict, cause, listed, duplicates, rejected, probed, available + rate_limited, unavailable,"
        " unknown, requests FROM sweep_history"
    )
    counts = (189, 2, 0, 189, 101, 68, 20, 190 + SECOND_LOOKS)
    assert g.rows(day.engine, query) == [("conclusive", None, *counts)]


def test_the_observation_history_has_the_counts(day: Day) -> None:
    query = "SELECT outcome, reason, http_status, count(*) FROM observation_history GROUP BY 1, 2, 3"
    counts = {
        (outcome, reason, status): count for outcome, reason, status, count in g.rows(day.engine, query)
    }
    assert counts == {
        ("available", "ok", 200): 91,
        ("rate_limited", "too_many_requests", 429): 10,
        ("unavailable", "not_for_account", 404): 62,
        ("unavailable", "server_error", 500): 6,
        ("unknown", "timeout", None): 10,
        ("unknown", "bad_request", 400): 10,
    }


def test_the_model_status_has_the_counts(day: Day) -> None:
    query = "SELECT status, reason, count(*) FROM model_status WHERE listed GROUP BY 1, 2"
    counts = Counter[str]()
    for status, _, count in g.rows(day.engine, query):
        counts[status] += count
    assert counts == {"available": 101, "unavailable": 68, "new": 20}
    gone = "SELECT reason, count(*) FROM model_status WHERE status = 'unavailable' GROUP BY 1"
    assert dict(g.rows(day.engine, gone)) == {"not_for_account": 62, "server_error": 6}


def test_the_uptime_counts_answers_and_leaves_out_what_is_unclear(day: Day) -> None:
    query = "SELECT sum(checks), sum(answered), sum(unavailable), sum(unknown) FROM uptime_daily"
    assert [tuple(map(int, row)) for row in g.rows(day.engine, query)] == [(189, 101, 68, 20)]
    no_data = "SELECT count(*) FROM uptime_daily WHERE uptime_percent IS NULL"
    assert g.rows(day.engine, no_data) == [(20,)]


def test_the_printed_table_has_every_model_and_the_counts(day: Day) -> None:
    status = monitor(day.config, "status", key=None)
    assert status.returncode == 0
    assert "189 models: 101 available, 68 unavailable, 20 new, 0 retired" in status.stdout
    printed = [line.split()[1:4] for line in status.stdout.splitlines() if line.startswith(f"{PROVIDER} ")]
    assert sorted(words[0] for words in printed) == sorted(IDS)
    assert Counter(words[2].rstrip(",") for words in printed) == {
        "available": 101,
        "unavailable": 68,
        "new": 20,
    }
    listed = monitor(day.config, "list", key=None)
    assert (listed.returncode, len(listed.stdout.splitlines())) == (0, 101)


def test_neither_key_nor_account_is_anywhere(day: Day) -> None:
    texts = {"stdout": day.sweep.stdout, "stderr": day.sweep.stderr}
    raw = {str(path): path.read_bytes() for path in day.place.rglob("*") if path.is_file()}
    for secret in (KEY, g.ACCOUNT):
        assert [name for name, text in texts.items() if secret in text] == []
        assert [name for name, content in raw.items() if secret.encode() in content] == []
    for table in ("finding", "event", "sweep", "provider", "policy"):
        kept = repr(g.rows(day.engine, f"SELECT * FROM {table}"))  # noqa: S608 - names from above
        assert KEY not in kept
        assert g.ACCOUNT not in kept
