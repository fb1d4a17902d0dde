"""`monitor uptime`: the figures of the last days as people and programs read them."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.core.history.reliability import Uptime
from monitor.core.history.rows import percent
from monitor.report.terminal.uptime import provider_lines, uptime_table
from monitor.report.words.times import iso_millis
from tests.store import histories, views
from tests.support.command import config_file, monitor
from tests.support.gateway import ON_SQLITE

HOUR = timedelta(hours=1)
MOODS = {"u": histories.UP, "d": histories.DOWN, "s": histories.SLOW, "X": histories.DOWN}
LIFE = "uudddusX"  # of `a/m`: an outage of three hours, an unclear answer, a sweep without a verdict


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:  # noqa: ARG001 - makes the tables
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def live(engine: Engine, letters: str, *, ago: timedelta, provider: str = "nvidia") -> list[datetime]:
    """Let `a/m` live through letters, a sweep an hour; `b/calm` always answers.

    The last sweep was so long ago. Returns when the sweeps were.
    """
    last = utc_now() - ago
    moments = [last - place * HOUR for place in reversed(range(len(letters)))]
    for moment, letter in zip(moments, letters, strict=True):
        sweep = histories.sweep(moment, {"a/m": MOODS[letter], "b/calm": histories.UP}, provider=provider)
        if letter == "X":
            sweep = replace(sweep, verdict=Verdict.INCONCLUSIVE, cause=Cause.QUOTA)
        histories.live(engine, sweep)
    return moments


def shown(config: Path, *arguments: str) -> list[str]:
    """Return the lines that the command prints, with single spaces between words."""
    done = monitor(config, "uptime", *arguments)
    assert done.returncode == 0, done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def document(config: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(monitor(config, "uptime", *arguments, "--json").stdout)
    assert list(found) == ["models", "providers", "outages"]
    return found


def test_json_carries_every_figure_in_seconds_and_percent(engine: Engine, config: Path) -> None:
    moments = live(engine, LIFE, ago=30 * 60 * timedelta(seconds=1))
    found = document(config)
    model, calm = found["models"]
    assert model.pop("mtbf_s") == pytest.approx(4.5 * 3600, abs=60)  # two hours, and from the sixth to now
    assert model == {
        "provider": "nvidia",
        "model": "a/m",
        "uptime_percent": 50.0,
        "coverage_percent": 75.0,
        "checks": 7,
        "outages": 1,
        "downtime_s": 10_800.0,
        "mttr_s": 10_800.0,
        "latency_p50_ms": 100,
        "latency_p95_ms": 100,
    }
    assert (calm["model"], calm["uptime_percent"], calm["mtbf_s"]) == ("b/calm", 100.0, None)
    (provider,) = found["providers"]
    assert "model" not in provider
    assert (provider["checks"], provider["outages"]) == (14, 1)
    assert provider["uptime_percent"] == pytest.approx(100 * 10 / 13)
    assert found["outages"] == [
        {
            "provider": "nvidia",
            "model": "a/m",
            "began_at": iso_millis(moments[2]),
            "ended_at": iso_millis(moments[5]),
            "duration_s": 10_800.0,
            "reason": "not_found",
            "duration_so_far_s": 10_800.0,
        }
    ]


@ON_SQLITE
def test_the_table_has_a_line_for_each_model_and_one_for_each_provider(engine: Engine, config: Path) -> None:
    live(engine, LIFE, ago=HOUR)
    heading, model, calm, _, whole, provider = shown(config)
    assert heading == "provider model uptime coverage checks outages down MTTR MTBF p50 ms p95 ms"
    assert model.startswith("nvidia a/m 50.00 % 75.00 % 7 1 3 h 3 h 5 h")
    assert model.endswith(" 100 100")
    assert calm == "nvidia b/calm 100.00 % 87.50 % 7 0 - - - 107 107"
    assert whole == "all models together, last 30 days"
    assert provider.startswith(
        "nvidia: uptime 76.92 %, coverage 81.25 %, 14 checks, 1 outage, down for 3 h, MTTR 3 h, MTBF "
    )


@ON_SQLITE
def test_a_model_alone_has_its_outages_beside_it(engine: Engine, config: Path) -> None:
    live(engine, "udduudd", ago=HOUR)
    lines = shown(config, "--model", "a/m", "--days", "2")
    assert [line.split()[1] for line in lines[:2]] == ["model", "a/m"]
    assert lines[2:5] == [
        "",
        "outages of the last 2 days, newest first",
        "began (UTC) ended (UTC) lasted why",
    ]
    now, before = lines[5:]
    assert " still down 2 h " in now
    assert " 2 h not found at the provider" in before
    found = document(config, "--model", "a/m")
    assert [each["model"] for each in found["models"]] == ["a/m"]
    assert found["providers"] == []
    assert [each["duration_s"] for each in found["outages"]] == [None, 7200.0]
    so_far, whole = (each["duration_so_far_s"] for each in found["outages"])
    assert (so_far >= 7200.0, whole) == (True, 7200.0)
    assert len(shown(config, "--model", "b/calm")) == 2


@ON_SQLITE
def test_what_lies_before_the_window_counts_no_more(engine: Engine, config: Path) -> None:
    live(engine, "uuu", ago=30 * HOUR)
    assert shown(config, "--days", "1") == ["nothing was observed in the last day"]
    assert shown(config, "--days", "1", "--model", "a/m") == ["a/m was not observed in the last day"]
    assert document(config, "--days", "1") == {"models": [], "providers": [], "outages": []}
    assert [each["checks"] for each in document(config, "--days", "36500")["models"]] == [3, 3]


@ON_SQLITE
def test_an_empty_history_is_said_to_be_empty(engine: Engine, config: Path) -> None:  # noqa: ARG001 - empty
    assert shown(config) == ["nothing was observed in the last 30 days"]


@ON_SQLITE
def test_a_model_must_be_known_and_of_one_provider(engine: Engine, config: Path) -> None:
    live(engine, "uu", ago=HOUR)
    live(engine, "ud", ago=HOUR, provider="other")
    unknown = monitor(config, "uptime", "--model", "no/such")
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert 'no model "no/such" in the history' in unknown.stderr
    assert [each["provider"] for each in document(config, "--model", "a/m")["models"]] == ["nvidia"]
    several = monitor(config, "uptime", "--model", "a/m", "--all")
    assert (several.returncode, several.stdout) == (2, "")
    assert "choose one with --provider" in several.stderr
    assert document(config, "--model", "a/m", "--provider", "other")["models"][0]["uptime_percent"] == 50.0
    assert document(config, "--model", "other/a/m")["models"][0]["uptime_percent"] == 50.0
    assert [each["provider"] for each in document(config)["providers"]] == ["nvidia"]
    assert [each["provider"] for each in document(config, "--all")["providers"]] == ["nvidia", "other"]
    assert monitor(config, "uptime", "--provider", "nobody").returncode == 2
    assert monitor(config, "uptime", "--days", "0").returncode == 2


# ---- A range of time ----


@ON_SQLITE
def test_a_calendar_month_is_what_its_days_are_together(engine: Engine, config: Path) -> None:
    """The figures of the window are the sums of `uptime_daily`, and those of `uptime_monthly`."""
    histories.live_all(engine, histories.history(5, 60))
    sums = defaultdict[str, Counter[str]](Counter)
    for day in views.told(engine, "uptime_daily"):
        sums[day["model"]].update({name: day[name] for name in ("checks", "answered", "unavailable")})
    models = document(config, "--since", "2026-04-01", "--until", "2026-05-01")["models"]
    assert {row["model"]: (row["checks"], row["uptime_percent"]) for row in models if row["checks"]} == {
        model: (sum_["checks"], percent(sum_["answered"], sum_["answered"] + sum_["unavailable"]))
        for model, sum_ in sums.items()
    }
    months = {row["model"]: row for row in views.told(engine, "uptime_monthly")}
    for row in models:
        if row["checks"]:
            month = months[row["model"]]
            assert (row["checks"], row["uptime_percent"]) == (
                month["checks"],
                pytest.approx(month["uptime_percent"]),
            )


@ON_SQLITE
def test_a_window_begins_with_since_and_ends_before_until(engine: Engine, config: Path) -> None:
    moments = [datetime(2026, 4, day, tzinfo=UTC) for day in (1, 15, 30)] + [datetime(2026, 5, 1, tzinfo=UTC)]
    for moment in moments:
        histories.live(engine, histories.sweep(moment, {"a/m": histories.UP}))
    april = document(config, "--since", "2026-04-01", "--until", "2026-05-01")
    assert april["models"][0]["checks"] == 3
    assert document(config, "--since", "2026-05-01")["models"][0]["checks"] == 1
    assert document(config, "--until", "2026-04-16", "--days", "10")["models"][0]["checks"] == 1
    words = shown(config, "--since", "2026-04-01", "--until", "2026-05-01")
    assert "all models together, time from 2026-04-01 00:00:00 to 2026-05-01 00:00:00 UTC" in words
    assert monitor(config, "uptime", "--since", "7d", "--days", "7").returncode == 2
    assert monitor(config, "uptime", "--since", "2026-05-01", "--until", "2026-04-01").returncode == 2
    assert monitor(config, "uptime", "--since", "soon").returncode == 2


@ON_SQLITE
def test_several_models_have_their_outages_apart(engine: Engine, config: Path) -> None:
    live(engine, "udduudd", ago=HOUR)
    lines = shown(config, "--model", "a/m", "--model", "b/calm", "--since", "2d")
    assert [line.split()[1] for line in lines[:3]] == ["model", "a/m", "b/calm"]
    assert [line.partition(" time")[0] for line in lines if "outages of" in line] == ["outages of a/m,"]


# ---- What is shown of a figure ----


def line(**figures: Any) -> Uptime:  # noqa: ANN401 - of any field
    usual: dict[str, Any] = dict.fromkeys(Uptime.__dataclass_fields__)
    return Uptime(
        **usual | {"provider": "p", "model": "m", "checks": 0, "outages": 0, "downtime_s": 0.0} | figures
    )


def cells(row: Uptime) -> list[str]:
    return [column.cells[0] for column in uptime_table([row]).columns]


@pytest.mark.parametrize(
    ("percent", "words"),
    [(100.0, "100.00"), (99.999, "99.99"), (99.996, "99.99"), (0.0, "0.00"), (12.345, "12.34")],
)
def test_nothing_but_all_is_a_hundred_percent(percent: float, words: str) -> None:
    assert cells(line(uptime_percent=percent))[2] == f"{words} %"


def test_no_data_is_a_dash_and_words_for_a_provider() -> None:
    assert cells(line()) == ["p", "m", "-", "-", "0", "0", "-", "-", "-", "-", "-"]
    (words,) = provider_lines([line(model=None)], None)
    assert words == "p: uptime no data, coverage no data, 0 checks, 0 outages"
