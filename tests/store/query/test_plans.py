"""Questions to the views reach their keys: what a WHERE narrows is looked up, no large table read whole."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from random import Random
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Engine, Table, event, insert, text

from monitor.clock import DAY_MS, to_datetime, to_day, to_millis
from monitor.store import query
from monitor.store import schema as t
from monitor.store.admin.migrate import prepare
from monitor.store.connection.codecs import event_id, wanted_sweep_id
from monitor.store.connection.engine import open_engine, reading, writing
from tests.store import histories
from tests.store.figures import model_counts
from tests.support.postgres import PostgresServer

LARGE = "daily|event|monthly|observation|period|streamed"
ONE = "provider = 'q' AND model = 'm7'"
AFTER = "sweep_id >= 200000000"
MOMENT = "'2026-05-20 12:00:00'"


class Case(NamedTuple):
    """A condition on a view, how SQLite is to find its rows, and the index by which Postgres is to."""

    view: str
    where: str
    lite: str
    server: str


CASES = (
    Case("model_status", ONE, "t USING INTEGER PRIMARY KEY (rowid=?)", "uq_model_provider_id_name"),
    Case("uptime_daily", ONE, "d USING PRIMARY KEY (model_id=?)", "pk_daily"),
    Case(
        "uptime_daily",
        f"{ONE} AND day >= '2026-05-20'",
        "d USING PRIMARY KEY (model_id=? AND day>?)",
        "pk_daily",
    ),
    Case("uptime_daily", "day >= '2026-05-20'", "d USING PRIMARY KEY (model_id=? AND day>?)", "ix_daily_day"),
    Case("uptime_monthly", ONE, "d USING PRIMARY KEY (model_id=?)", "pk_monthly"),
    Case(
        "uptime_monthly",
        f"{ONE} AND month > '2026-04-30'",
        "d USING PRIMARY KEY (model_id=? AND month>?)",
        "pk_monthly",
    ),
    Case(
        "uptime_monthly",
        "month > '2026-04-30'",
        "d USING PRIMARY KEY (model_id=? AND month>?)",
        "ix_monthly_month",
    ),
    Case("outage_history", ONE, "o USING COVERING INDEX ix_period_began (model_id=?)", "pk_period"),
    Case(
        "outage_history",
        f"began_at >= {MOMENT}",
        "o USING COVERING INDEX ix_period_began (model_id=? AND <expr>>?)",
        "ix_period_began",
    ),
    Case(
        "outage_history",
        f"{ONE} AND began_at >= {MOMENT}",
        "o USING COVERING INDEX ix_period_began (model_id=? AND <expr>>?)",
        "ix_period_began|pk_period",
    ),
    Case("status_history", ONE, "o USING PRIMARY KEY (model_id=?)", "pk_period"),
    Case(
        "status_history",
        f"{ONE} AND began_at <= {MOMENT} AND (ended_at > {MOMENT} OR ended_at IS NULL)",
        "o USING PRIMARY KEY (model_id=?)",
        "pk_period",
    ),
    Case(
        "change_history",
        ONE,
        "e USING INDEX ix_event_model_id_swept_at_id (model_id=?)",
        "ix_event_model_id_swept_at_id",
    ),
    Case(
        "change_history",
        "event_id >= 209715200000000",
        "e USING INDEX sqlite_autoindex_event_1 (id>?)",
        "pk_event",
    ),
    Case("observation_history", ONE, "o USING PRIMARY KEY (model_id=?)", "pk_observation"),
    Case(
        "observation_history",
        f"{ONE} AND {AFTER}",
        "o USING PRIMARY KEY (model_id=? AND sweep_id>?)",
        "pk_observation",
    ),
    Case(
        "observation_history",
        "sweep_id = 200000001",
        "o USING PRIMARY KEY (model_id=? AND sweep_id=?)",
        "pk_observation|ix_observation_sweep_id",
    ),
    Case("stream_history", ONE, "g USING PRIMARY KEY (model_id=?)", "pk_streamed"),
    Case(
        "stream_history",
        f"{ONE} AND {AFTER}",
        "g USING PRIMARY KEY (model_id=? AND sweep_id>?)",
        "pk_streamed|ix_streamed_sweep_id",
    ),
    Case("sweep_history", AFTER, "s USING INTEGER PRIMARY KEY (rowid>?)", "pk_sweep"),
    Case("sweep_history", "provider = 'q'", "s USING INDEX ix_sweep_", "ix_sweep_|uq_sweep_"),
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[Engine]:
    """Give a database with a few thousand rows in each large table; Postgres has statistics of them."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path_factory.mktemp('plans')}/monitor.db"
    else:
        address = postgres_server.create_database(template=postgres_server.template)
    engine = open_engine(address)
    prepare(engine)
    with writing(engine) as connection:
        fill(connection)
        if request.param == "postgres":
            connection.execute(text("ANALYZE"))
    yield engine
    engine.dispose()
    if request.param == "postgres":
        postgres_server.drop_database(address)


# ---- Rows straight into the tables ----

MODELS, DAYS, TURNS = 40, 60, 40
_START = to_millis(histories.START)
_FINDING = {"digest": b"1", "outcome": "available", "reason": "ok", "kind": "chat", "attempts": 1}


def fill(connection: Connection) -> None:
    """Write the models of two providers, a sweep of each on every day, and what follows."""
    chance = Random(7)  # noqa: S311  # chance, not a secret
    own = {number: 1 + number % 2 for number in range(MODELS)}
    _add(connection, t.provider, ({"id": 1, "name": "p"}, {"id": 2, "name": "q"}))
    _add(connection, t.policy, ({"id": 1, "digest": b"1", "document": "{}"},))
    _add(connection, t.finding, ({"id": 1, **_FINDING},))
    _add(connection, t.model, ({"id": n, "provider_id": own[n], "name": f"m{n}"} for n in own))
    _add(connection, t.sweep, (_sweep(day, provider) for day in range(DAYS) for provider in (1, 2)))
    for number, provider in own.items():
        _add(connection, t.daily, (_day(number, day) for day in range(DAYS)))
        _add(connection, t.monthly, (_month(number, month) for month in range(66)))
        seen = [{"model_id": number, "sweep_id": _sweep_id(day, provider)} for day in range(DAYS)]
        _add(connection, t.observation, ({**each, "finding_id": 1, "at_ms": 250} for each in seen))
        _add(connection, t.streamed, ({**each, "first_token_ms": 100} for each in seen))
        days = sorted(chance.sample(range(DAYS), TURNS))
        _add(connection, t.event, (_turn(number, provider, day, place) for place, day in enumerate(days)))
        ends = [_moment(day) for day in days[1:]]
        _add(
            connection,
            t.period,
            (_period(number, provider, *each) for each in enumerate(zip(days, [*ends, None], strict=True))),
        )
    _add(connection, t.model_state, (_state(number) for number in own))


def _add(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    connection.execute(insert(table), list(rows))


def _moment(day: int) -> int:
    return _START + day * DAY_MS


def _sweep_id(day: int, provider: int) -> int:
    return wanted_sweep_id(to_datetime(_moment(day))) + provider


def _sweep(day: int, provider: int) -> dict[str, Any]:
    at = _moment(day)
    same = {"vantage": "default", "verdict": "conclusive", "policy_id": 1, "provider_id": provider}
    return {"id": _sweep_id(day, provider), "started_at": at, "observed_until": at + 250, **same}


def _day(model: int, day: int) -> dict[str, Any]:
    counts = {"checks": 1, "answered": 1, "unavailable": 0, "unknown": 0}
    return {"model_id": model, "day": to_day(_START + day * DAY_MS), **counts}


def _month(model: int, month: int) -> dict[str, Any]:
    counts = {"checks": 1, "answered": 1, "unavailable": 0, "unknown": 0}
    return {"model_id": model, "month": date(2021 + month // 12, month % 12 + 1, 1), **counts}


def _turn(model: int, provider: int, day: int, place: int) -> dict[str, Any]:
    sweep_id, at = _sweep_id(day, provider), _moment(day)
    told_of = {"provider_id": provider, "sweep_id": sweep_id, "model_id": model}
    times = {"swept_at": at, "began_at": at, "confirmed_at": at}
    went = ("became_available", "became_unavailable")[place % 2]
    return {"id": event_id(sweep_id, model), **told_of, **times, "kind": went}


def _period(model: int, provider: int, place: int, span: tuple[int, int | None]) -> dict[str, Any]:
    day, end = span
    status = ("available", "unavailable")[place % 2]
    turn = {"model_id": model, "event_id": event_id(_sweep_id(day, provider), model), "status": status}
    at = _moment(day)
    times = {"began_at": at, "confirmed_at": at, "ended_at": end, "end_confirmed_at": end}
    return {**turn, **times, "is_outage": place % 2 == 1}


def _state(model: int) -> dict[str, Any]:
    same = {"status": "available", "since": _START, "listed": True, "flapping": False, "kind": "chat"}
    return {"model_id": model, "memory": "{}", **same}


# ---- The plans ----


def plan(connection: Connection, asked: str, values: tuple[object, ...] = ()) -> list[str]:
    """Return the steps of a plan, without the steps that only say how others are put together."""
    if connection.dialect.name == "sqlite":
        return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)]
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {asked}", values)]


def reads_whole(step: str) -> bool:
    """Tell whether a step goes through a large table from one end to the other."""
    return bool(re.search(rf"^SCAN (d|e|g|o|{LARGE})\b|Seq Scan on ({LARGE})\b", step))


def uses(steps: list[str], index: str) -> bool:
    """Tell whether Postgres narrows what it reads by a condition on the index."""
    joined = "\n".join(steps)
    return bool(re.search(rf"(using|on) ({index})\w*( on .*)?\n\s*Index Cond:", joined))


@pytest.mark.parametrize("case", CASES, ids=lambda each: f"{each.view}: {each.where}")
def test_a_condition_on_a_view_reaches_its_key(filled: Engine, case: Case) -> None:
    with reading(filled) as connection:
        steps = plan(connection, f"SELECT * FROM {case.view} WHERE {case.where}")  # noqa: S608  # from above
    assert not list(filter(reads_whole, steps)), steps
    if filled.dialect.name == "sqlite":
        assert any(case.lite in step for step in steps), steps
    else:
        assert uses(steps, case.server), steps


def test_the_latest_events_are_found_without_sorting_all(filled: Engine) -> None:
    with reading(filled) as connection:
        steps = plan(connection, "SELECT * FROM change_history ORDER BY event_id DESC LIMIT 50")
    assert not [step for step in steps if "Sort" in step or "TEMP B-TREE" in step], steps


def test_days_come_grouped_by_model_without_a_tree_of_their_own(filled: Engine) -> None:
    sums = "SELECT provider, model, sum(answered) FROM uptime_daily WHERE day >= '2026-05-20'"
    with reading(filled) as connection:
        steps = plan(connection, f"{sums} GROUP BY provider, model")
    assert not [step for step in steps if "TEMP B-TREE" in step], steps


READERS: Mapping[str, Callable[[Engine], object]] = {
    "uptime": lambda engine: query.uptime(engine, 30),
    "uptime of a year": lambda engine: query.uptime(engine, 365),
    "current_models": query.current_models,
    "model_story": lambda engine: query.model_story(engine, "q", "m7"),
    "outages since": lambda engine: query.outages(engine, since=histories.START, limit=50),
    "outages of a model": lambda engine: query.outages(engine, provider="q", model="m7"),
    "events since": lambda engine: query.events(engine, since=to_datetime(_moment(DAYS - 1))),
    "events of a model": lambda engine: query.events(engine, provider="q", model="m7", newest_first=True),
}


def statements_of(engine: Engine, read: Callable[[Engine], object]) -> list[tuple[str, tuple[object, ...]]]:
    """Return the statements, with their values, by which something is read."""
    said: list[tuple[str, tuple[object, ...]]] = []

    def listen(_: object, __: object, statement: str, values: tuple[object, ...], *___: object) -> None:
        said.append((statement, values))

    event.listen(engine, "before_cursor_execute", listen)
    try:
        assert read(engine)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return [each for each in said if each[0].startswith("SELECT")]


@pytest.mark.parametrize("name", READERS)
def test_what_the_program_asks_reaches_the_keys(filled: Engine, name: str) -> None:
    said = statements_of(filled, READERS[name])
    with reading(filled) as connection:
        for statement, values in said:
            steps = plan(connection, statement, values)
            covered = [step for step in steps if "COVERING INDEX ix_period_began" in step]
            assert not [step for step in steps if reads_whole(step) and step not in covered], steps


def test_the_coverage_of_one_model_goes_through_its_own_events_alone(filled: Engine) -> None:
    week = (to_datetime(_moment(DAYS - 8)), to_datetime(_moment(DAYS - 1)))
    said = statements_of(filled, lambda engine: model_counts(engine, *week, provider="q", model="m7"))
    asked = [each for each in said if "FROM event" in each[0] and "retire" not in each[0]]
    with reading(filled) as connection:
        found = [step for each in asked for step in plan(connection, *each) if "event" in step]
    assert found
    indexes = ("ix_event_model_id_swept_at_id", "ix_event_retirement")
    assert all(any(index in step for index in indexes) for step in found), found


def test_the_latest_sweeps_of_a_provider_are_found_without_sorting_all(filled: Engine) -> None:
    said = statements_of(filled, lambda engine: query.sweeps(engine, "q", limit=10))
    said += statements_of(filled, lambda engine: query.last_conclusive_at(engine, "q"))
    with reading(filled) as connection:
        for statement, values in said:
            steps = plan(connection, statement, values)
            assert not [step for step in steps if re.match(r" *(->)? *Sort$|.*TEMP B-TREE", step)], steps
