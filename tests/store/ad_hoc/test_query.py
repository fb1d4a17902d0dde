"""One SELECT of a user's own: it reads what there is, and can do nothing else, on either database."""

import signal
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from threading import Timer

import pytest
from sqlalchemy import Engine, text

from monitor.core.history.views import VIEWS
from monitor.errors import StoreUnavailable, UsageError
from monitor.store.ad_hoc.query import selected
from monitor.store.connection.engine import is_sqlite, reading
from tests.store import histories

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"

COUNTING = ENDLESS.replace("SELECT i FROM n", "SELECT count(*) FROM n")


def rows_of(engine: Engine, query: str, within_s: float = 60) -> list[tuple[object, ...]]:
    with selected(engine, query, within_s=within_s) as answer:
        return [row for part in answer.parts for row in part]


def refusal(engine: Engine, query: str) -> str:
    with pytest.raises(UsageError) as refused:
        rows_of(engine, query)
    return str(refused.value)


def test_a_select_gives_the_names_of_its_columns_and_its_rows(engine: Engine) -> None:
    histories.live(engine, histories.sweep(histories.START, {"a": histories.UP, "b": histories.DOWN}))
    with selected(
        engine, "SELECT model AS id, outcome FROM observation_history ORDER BY 1", within_s=60
    ) as rows:
        assert rows.names == ("id", "outcome")
        assert [row for part in rows.parts for row in part] == [("a", "available"), ("b", "unavailable")]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_read_with_its_columns(engine: Engine, view: str) -> None:
    histories.live(engine, histories.sweep(histories.START, {"a": histories.UP}))
    with selected(engine, f"SELECT * FROM {view}", within_s=60) as rows:  # noqa: S608
        assert rows.names == tuple(column.name for column in VIEWS[view].columns)
        assert list(rows.parts) is not None


def test_a_percent_sign_is_a_percent_sign_and_the_end_may_have_a_semicolon(engine: Engine) -> None:
    assert rows_of(engine, "SELECT 'a%s' WHERE 'abc' LIKE 'a%';  -- all of them") == [("a%s",)]


def test_rows_come_in_parts_so_that_an_endless_query_takes_no_memory(engine: Engine) -> None:
    with selected(engine, ENDLESS, within_s=60) as rows:
        assert next(rows.parts)[0] == (1,)
        assert next(rows.parts)[0] == (2001,)
    assert rows_of(engine, "SELECT 1") == [(1,)]  # the connection can be used again


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM sweep",
        "delete from sweep returning id",
        "/* nothing */ -- but\n UPDATE sweep SET slot = NULL",
        "INSERT INTO provider (name) VALUES ('x')",
        "DROP VIEW model_status",
        "CREATE TEMP TABLE x AS SELECT 1",
        "COMMIT",
        "SET timezone = 'UTC'",
        "PRAGMA query_only = OFF",
        "ATTACH DATABASE 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "COPY sweep TO STDOUT",
        "EXPLAIN SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM sweep",
        "; DELETE FROM sweep",
    ],
)
def test_whatever_is_not_one_select_is_refused(engine: Engine, query: str) -> None:
    histories.live(engine, histories.sweep(histories.START, {"a": histories.UP}))
    assert "only one SELECT is run" in refusal(engine, query)
    assert rows_of(engine, "SELECT count(*) FROM sweep_history") == [(1,)]


def test_a_select_that_would_write_is_refused(engine: Engine) -> None:
    histories.live(engine, histories.sweep(histories.START, {"a": histories.UP}))
    for query in (
        "WITH gone AS (DELETE FROM sweep RETURNING id) SELECT * FROM gone",
        "SELECT * INTO copied FROM sweep",
        "SELECT * FROM sweep FOR UPDATE",
    ):
        assert refusal(engine, query)
    assert rows_of(engine, "SELECT count(*) FROM sweep_history") == [(1,)]


def test_a_function_that_would_change_the_program_is_refused(engine: Engine) -> None:
    if not is_sqlite(engine):
        assert "read-only" in refusal_words(engine, "SELECT nextval('sweep_sequence_of_test')")
        return
    assert "only one SELECT" in refusal(engine, "SELECT load_extension('nothing')")
    assert "only one SELECT" in refusal(engine, "SELECT * FROM pragma_table_info('sweep')")


def refusal_words(engine: Engine, query: str) -> str:
    """Return what is said of a query on a sequence that is there."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE sweep_sequence_of_test"))
    try:
        rows_of(engine, query)
    except UsageError as error:
        return "read-only" if "only one SELECT" in str(error) else str(error)
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP SEQUENCE sweep_sequence_of_test"))
    return "it ran"


@pytest.mark.parametrize("query", ["", "  \n", ";", "-- nothing", "/* nothing */ ;"])
def test_an_empty_query_is_refused_with_what_to_do(engine: Engine, query: str) -> None:
    assert "the query is empty: write a SELECT" in refusal(engine, query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT modelx FROM model_status", 'no column "modelx" in model_status; there is: provider, model'),
        ("SELECT modelx FROM model_status", 'did you mean "model"?'),
        ("SELECT s.modelx FROM model_status s", 'did you mean "model"?'),
        (
            "SELECT verdikt FROM sweep_history JOIN model_status USING (provider)",
            'no column "verdikt" in sweep_history, model_status; did you mean "verdict"?',
        ),
        ("SELECT unheard_of", 'no column "unheard_of"; `monitor sql` lists the views and their columns'),
        ("SELECT * FROM modelstatus", 'no view "modelstatus"; there is: model_status'),
        ("SELECT * FROM modelstatus", 'did you mean "model_status"?'),
        ("SELECT FROM WHERE", "the query has a fault: "),
        ("SELECT nosuchfunction(1)", "nosuchfunction"),
    ],
)
def test_a_fault_is_named_with_the_nearest_name(engine: Engine, query: str, words: str) -> None:
    assert words in refusal(engine, query)


def test_a_query_that_gives_nothing_in_time_is_ended(engine: Engine) -> None:
    with pytest.raises(StoreUnavailable, match=r"no row within 0\.2 s: narrow it.*--timeout"):
        rows_of(engine, COUNTING, within_s=0.2)
    assert rows_of(engine, "SELECT 1") == [(1,)]


def test_ctrl_c_ends_a_query(engine: Engine) -> None:
    timer = Timer(0.3, partial(signal.raise_signal, signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        _start_and_run(timer, engine)
    timer.join()
    assert rows_of(engine, "SELECT 1") == [(1,)]


def _start_and_run(timer: Timer, engine: Engine) -> None:
    timer.start()
    rows_of(engine, COUNTING)


def test_the_next_reader_is_bound_by_nothing_of_it(engine: Engine) -> None:
    rows_of(engine, "SELECT 1", within_s=30)
    with reading(engine) as connection:
        if is_sqlite(engine):
            assert connection.execute(text("PRAGMA user_version")).scalar() is not None
        else:
            assert connection.execute(text("SHOW statement_timeout")).scalar() == "0"


def test_values_of_postgres_come_as_they_are(engine: Engine) -> None:
    if is_sqlite(engine):
        assert rows_of(engine, "SELECT x'00ff', 0.5, NULL") == [(b"\x00\xff", 0.5, None)]
        return
    query = "SELECT 1.5::numeric, '2026-04-06'::date, '2026-04-06 12:00+00'::timestamptz, true"
    moment = datetime(2026, 4, 6, 12, tzinfo=UTC)
    assert rows_of(engine, query) == [(Decimal("1.5"), date(2026, 4, 6), moment, True)]
