"""`monitor sql`: rows as a table and in other forms, the list of views, faults and exit codes."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.history.views import VIEWS
from tests.store import histories
from tests.support.command import config_file, monitor
from tests.support.gateway import ON_SQLITE

QUERY = "SELECT model, status, served_as FROM model_status ORDER BY model"


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:
    histories.live(engine, histories.sweep(histories.START, {"a": histories.UP, "b": histories.ENDED}))
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def test_rows_are_a_table_with_null_as_null(config: Path) -> None:
    done = monitor(config, "sql", QUERY)
    assert done.stdout == "model  status     served_as\na      available  NULL\nb      retired    NULL\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_rows_come_in_every_form_and_from_stdin(config: Path) -> None:
    rows = [{"model": "a", "status": "available", "served_as": None}]
    rows += [{"model": "b", "status": "retired", "served_as": None}]
    assert json.loads(monitor(config, "sql", QUERY, "--json").stdout) == rows
    assert json.loads(monitor(config, "sql", "-", "--format", "json", stdin=QUERY.encode()).stdout) == rows
    lines = monitor(config, "sql", QUERY, "--format", "jsonl").stdout.splitlines()
    assert list(map(json.loads, lines)) == rows
    table = list(csv.reader(StringIO(monitor(config, "sql", QUERY, "--format", "csv").stdout)))
    assert table == [["model", "status", "served_as"], ["a", "available", ""], ["b", "retired", ""]]
    markdown = monitor(config, "sql", QUERY, "--format", "markdown").stdout.splitlines()
    assert markdown[2] == "| a | available | NULL |"


def test_times_are_the_same_text_on_both_databases(config: Path) -> None:
    query = "SELECT since, listed FROM model_status WHERE model = 'a'"
    row = json.loads(monitor(config, "sql", query, "--json").stdout)[0]
    assert row["since"] == histories.START.strftime("%Y-%m-%d %H:%M:%S")
    assert row["listed"] == 1  # true on Postgres, 1 on SQLite


@ON_SQLITE
def test_without_a_query_views_and_columns_are_listed_with_what_they_mean(config: Path) -> None:
    listing = monitor(config, "sql").stdout
    for view in VIEWS.values():
        assert f"{view.name} " in listing
        assert view.description in listing
        assert all(column.name in listing and column.description in listing for column in view.columns)
    values = json.loads(monitor(config, "sql", "--json").stdout)
    assert list(values) == list(VIEWS)
    assert list(values["sweep_history"])[:2] == ["sweep_id", "provider"]


def test_the_views_are_listed_before_there_is_a_database(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", f"sqlite:///{tmp_path}/none.db")
    assert monitor(config, "sql").returncode == 0
    assert monitor(config, "sql", "SELECT 1").returncode == 4


@ON_SQLITE
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["SELECT modelx FROM model_status"], 2, 'did you mean "model"?'),
        (["DELETE FROM sweep"], 2, "only one SELECT is run"),
        (["SELECT 1 AS a, 2 AS a", "--json"], 2, 'several columns are called "a"'),
        ([""], 2, "the query is empty"),
        (["SELECT 1", "--timeout", "soon"], 2, "soon"),
        (["SELECT 1", "--timeout", "0s"], 2, "--timeout"),
    ],
)
def test_what_cannot_be_run_says_why(config: Path, arguments: list[str], code: int, words: str) -> None:
    done = monitor(config, "sql", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


@ON_SQLITE
def test_a_query_on_stdin_has_to_be_text(config: Path) -> None:
    assert "no UTF-8 text" in monitor(config, "sql", "-", stdin=b"SELECT '\xff'").stderr
    assert "longer than" in monitor(config, "sql", "-", stdin=b"-" * 1_000_001).stderr


@ON_SQLITE
def test_many_rows_keep_one_heading_and_every_row(config: Path) -> None:
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n"
    lines = monitor(config, "sql", query).stdout.split()
    assert lines == ["i", *map(str, range(1, 5001))]
    assert "NULL" not in lines
    assert json.loads(monitor(config, "sql", query, "--json").stdout)[-1] == {"i": 5000}
