"""Every question of docs/sql.md has one answer: on SQLite, on Postgres, and in DuckDB over exported files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine, insert, text

from monitor.clock import to_millis
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.history.views import VIEWS
from monitor.store import schema as t
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine, reading, writing
from monitor.store.write.import_export import add_sweeps
from tests.store import histories, views
from tests.support.command import run
from tests.support.postgres import PostgresServer

PAGE = (Path(__file__).parents[3] / "docs" / "sql.md").read_text(encoding="utf-8")
QUESTIONS = PAGE.split("\n## Questions\n", 1)[1]
# A question in bold, what is said of it, and its blocks.
ASKED = re.findall(r"^\*\*(.+?)\*\*(?:(?!```).)*?((?:```sql.*?```\s*)+)", QUESTIONS, re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"```sql ?(\w*)\n(.*?)```", re.DOTALL)
Answer = list[tuple[Any, ...]]


def queries(blocks: str) -> dict[str, str]:
    """Return a question's words by where they run; without a name it is everywhere."""
    return dict(BLOCK.findall(blocks))


WORDS = {question: queries(blocks) for question, blocks in ASKED}


# ---- A history in which every question has an answer ----

NAMES = {"plain/0": "meta/llama-3.1-70b-instruct", "plain/1": "Nous/Hermes-70B", "plain/2": "meta/llama-8b"}
FIRST = histories.START
HOURS_APART = 6  # one in `histories.history`


def lives(seed: int, count: int, provider: str) -> Iterator[tuple[Sweep, Policy]]:
    """Give an eventful history of weeks, with models that never answer, flap, are to end and have ended."""
    for place, (sweep, policy) in enumerate(histories.history(seed, count, provider=provider)):
        at = FIRST + HOURS_APART * (sweep.started_at - FIRST)
        moved = replace(
            sweep,
            started_at=at,
            finished_at=at + (sweep.finished_at - sweep.started_at),
            slot=None,
            listed=tuple(NAMES.get(name, name) for name in sweep.listed),
            observations=tuple(
                replace(each, model=NAMES.get(each.model, each.model)) for each in sweep.observations
            ),
        )
        yield (_with(moved, _others(place)) if sweep.cause is None else moved), policy


def _others(place: int) -> list[Observation]:
    flaky = histories.UP if place // 2 % 2 else histories.DOWN
    ending = replace(histories.seen("acme/ending", histories.UP), retires_at=FIRST + timedelta(days=90))
    dying = histories.seen("acme/dying", histories.UP if place < 40 else histories.ENDED)
    return [histories.seen("acme/never", histories.DOWN), histories.seen("acme/flaky", flaky), ending, dying]


def _with(sweep: Sweep, more: Iterable[Observation]) -> Sweep:
    added = tuple(more)
    names = tuple(each.model for each in added)
    return replace(sweep, listed=sweep.listed + names, observations=sweep.observations + added)


def live(engine: Engine) -> None:
    """Live through the history of two providers, one of which missed a sweep."""
    for life in (lives(31, 110, "nvidia"), lives(32, 40, "other")):
        for policy, told_then in groupby(life, key=itemgetter(1)):
            add_sweeps(engine, [sweep for sweep, _ in told_then], partial(_always, policy))
    slot = to_millis(FIRST + timedelta(days=3, hours=1))
    with writing(engine) as connection:
        connection.execute(insert(t.missed_slot), [{"provider_id": 1, "vantage": "default", "slot": slot}])


def _always(policy: Policy, _provider: str) -> Policy:
    return policy


# What says the present moment in the text of a view, by database, and what stands in its place.
NOW = {
    "sqlite": ("CAST(strftime('%s', 'now') AS INTEGER)", "1798761600"),
    "postgresql": ("now()", "to_timestamp(1798761600)"),
}
TEXTS = {
    "sqlite": "SELECT name, sql FROM sqlite_schema WHERE type = 'view'",
    "postgresql": "SELECT viewname, 'CREATE VIEW ' || viewname || ' AS ' || definition FROM pg_views"
    " WHERE schemaname = 'public'",
}


def _stop_the_clock(engine: Engine) -> None:
    """Let what lasts have lasted equally long for whoever asks, and whenever."""
    now, moment = NOW[engine.dialect.name]
    with writing(engine) as connection:
        texts = connection.execute(text(TEXTS[engine.dialect.name])).all()
        lasting = {name: words for name, words in texts if now in words}
        assert len(lasting) == sum("duration_so_far_s" in columns for columns in views.COLUMNS.values())
        for name, words in lasting.items():
            connection.exec_driver_sql(f"DROP VIEW {name}")
            connection.exec_driver_sql(words.replace(now, moment))


@pytest.fixture(scope="module")
def engines(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[dict[str, Engine]]:
    """Give the same history in a database of each kind."""
    address = postgres_server.create_database(template=postgres_server.template)
    lite = f"sqlite:///{tmp_path_factory.mktemp('history')}/monitor.db"
    engines = {"sqlite": open_engine(lite), "postgres": open_engine(address)}
    for engine in engines.values():
        prepare(engine)
        live(engine)
        _stop_the_clock(engine)
    yield engines
    for engine in engines.values():
        engine.dispose()
    postgres_server.drop_database(address)


@pytest.fixture(scope="module")
def files(
    engines: dict[str, Engine], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give DuckDB with a view on each file that `monitor export --format parquet DIRECTORY/` writes."""
    directory = tmp_path_factory.mktemp("views")
    exported = run(
        "export",
        "--format",
        "parquet",
        f"{directory}/",
        directory=directory,
        environ={"MONITOR_DATABASE_URL": f"sqlite:///{engines['sqlite'].url.database}"},
    )
    assert exported.returncode == 0, exported.stderr
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name in VIEWS:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{directory}/{name}.parquet'")  # noqa: S608
    yield connection
    connection.close()


# ---- Their answers, made alike ----


def asked(engines: dict[str, Engine], name: str, words: dict[str, str]) -> Answer:
    """Return a database's answer."""
    query = words.get("") or words[name]
    with reading(engines[name]) as connection:
        return alike(connection.execute(text(query.replace(":", r"\:"))).all())


def alike(rows: Iterable[Sequence[Any]]) -> Answer:
    """Return rows with every value as SQLite gives it, numbers to six digits."""
    return [tuple(map(_plain, row)) for row in rows]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    return round(float(value), 6) if isinstance(value, (int, float, Decimal)) else value


@pytest.mark.parametrize("question", WORDS)
def test_both_databases_give_the_same_answer(engines: dict[str, Engine], question: str) -> None:
    words = WORDS[question]
    answer = asked(engines, "sqlite", words)
    assert answer, f"nothing to tell: {question}"
    assert asked(engines, "postgres", words) == answer


@pytest.mark.parametrize("question", WORDS)
def test_duckdb_gives_the_same_answer_over_exported_files(
    engines: dict[str, Engine], files: duckdb.DuckDBPyConnection, question: str
) -> None:
    words = WORDS[question]
    query = words.get("duckdb") or words.get("") or words["postgres"]
    assert alike(files.execute(query).fetchall()) == asked(engines, "postgres", words)


def test_every_block_belongs_to_a_question_and_stands_for_both_databases() -> None:
    assert sum(map(len, WORDS.values())) == len(BLOCK.findall(PAGE))
    assert all(set(words) - {"duckdb"} in ({""}, {"sqlite", "postgres"}) for words in WORDS.values())
    assert len(WORDS) == len(ASKED) >= 28


@pytest.mark.parametrize("view", list(views.COLUMNS))
def test_every_view_is_documented_with_every_column(view: str) -> None:
    section = PAGE.split(f"### `{view}`", 1)[1].split("\n#", 1)[0]
    documented = [
        name
        for line in section.splitlines()
        for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    ]
    assert sorted(documented) == sorted(views.columns(view))


@pytest.mark.parametrize("view", list(views.COLUMNS))
def test_every_view_is_described_as_it_describes_itself(view: str) -> None:
    title, section = PAGE.split(f"### `{view}`: ", 1)[1].split("\n#", 1)[0].split("\n", 1)
    assert title == VIEWS[view].description
    rows = [line.split("|", 2) for line in section.splitlines() if line.startswith("| `")]
    written = {name: words.strip(" |") for _, names, words in rows for name in re.findall(r"`(\w+)`", names)}
    assert written == {column.name: column.description for column in VIEWS[view].columns}


@pytest.mark.parametrize("view", list(views.COLUMNS))
def test_every_view_has_a_word_on_how_to_ask_it_fast(view: str) -> None:
    section = PAGE.split("\n## How to ask fast\n", 1)[1].split("\n## ", 1)[0]
    assert any(f"`{view}`" in line.split("|")[1] for line in section.splitlines() if line.startswith("|"))
