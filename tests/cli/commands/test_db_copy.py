"""`monitor db copy`: the whole history in another database, every row proved, or nothing at all."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, inspect, select

from monitor.clock import to_millis
from monitor.errors import SchemaOutdated, StoreError, StoreUnavailable, UsageError
from monitor.store.admin import check
from monitor.store.admin import copy as copying
from monitor.store.admin.copy import copy_history
from monitor.store.admin.migrate import SchemaState, prepare, schema_state
from monitor.store.connection.engine import is_sqlite, open_engine, reading, writing
from monitor.store.derived.rebuild import rebuild
from monitor.store.facts.identities import insert_new
from monitor.store.schema import delivery, horizon, knowledge, metadata, missed_slot, model, provider, telling
from tests.store import histories, views
from tests.support.command import config_file, monitor
from tests.support.lives import Lives
from tests.support.postgres import PostgresServer

DAY = date(2024, 10, 4)


@pytest.fixture
def history(engine: Engine, lives: Lives) -> Engine:
    """Give a database with two providers, in which no table is empty that a year would fill."""
    lives.through(engine, (71, 12), (72, 3, "other"))
    with writing(engine) as connection:
        owner = connection.scalars(select(provider.c.id)).first()
        someone = connection.scalars(select(model.c.id)).first()
        start = to_millis(histories.START)
        for table, row in (
            (delivery, {"channel": "ops", "topic": "event", "subject": "é", "document": "{}"}),
            (knowledge, {"model_id": someone, "document": '{"a": "☃"}'}),
            (missed_slot, {"provider_id": owner, "vantage": "Ä", "slot": start - 1}),
            (missed_slot, {"provider_id": owner, "vantage": "a", "slot": start - 1}),
            (telling, {"provider_id": owner, "document": "{}"}),
            (horizon, {"provider_id": owner, "day": DAY, "started_at": start - 5, "state": "{}"}),
        ):
            more = {"created_at": start, "due_at": start} if table is delivery else {}
            connection.execute(insert_new(connection, table), {**row, **more})
    return engine


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Engine]:
    """Give a small SQLite history, for what does not depend on the kind of source."""
    source = open_engine(sqlite_url)
    prepare(source)
    histories.live_all(source, histories.history(73, 2))
    yield source
    source.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database without tables; of a file that does not exist."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/moved/there.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def target(target_url: str) -> Iterator[Engine]:
    engine = open_engine(target_url)
    yield engine
    engine.dispose()


def copied(source: Engine, target: Engine) -> dict[str, int]:
    """Copy a history that nobody watches."""
    return dict(copy_history(source, target, lambda *_: None))


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with reading(engine) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            ]
            for table in metadata.sorted_tables
        }


def test_every_row_of_every_table_arrives(history: Engine, target: Engine) -> None:
    before = everything(history)
    counts = copied(history, target)
    assert everything(target) == before == everything(history)
    assert counts == {name: len(rows) for name, rows in before.items()}
    assert counts["observation"] > 100
    assert check.check(target) == []
    assert views.all_rows(target) == views.all_rows(history)


def test_life_goes_on_in_the_copy(history: Engine, target: Engine) -> None:
    copied(history, target)
    at = histories.START.replace(year=2027)
    fresh = histories.sweep(at, {"brand/new": histories.UP}, provider="third")
    for engine in (history, target):
        histories.live(engine, fresh)
        with writing(engine) as connection:
            connection.execute(delete(horizon))  # a made-up one
            row = {"channel": "a", "topic": "b", "subject": "c", "document": "", "created_at": 1, "due_at": 1}
            connection.execute(insert(delivery), row)
        rebuild(engine, "nvidia")
    assert views.all_rows(target) == views.all_rows(history)
    assert check.check(target) == []


def test_the_copy_has_the_same_constraints_as_any_database(lite: Engine, target: Engine) -> None:
    copied(lite, target)
    fresh = {table.name: len(table.foreign_key_constraints) for table in metadata.sorted_tables}
    there = inspect(target)
    assert {name: len(there.get_foreign_keys(name)) for name in fresh} == fresh


def test_a_database_that_holds_a_history_is_left_alone(lite: Engine, target: Engine) -> None:
    prepare(target)
    histories.live(target, histories.sweep(histories.START, {"dear/one": histories.UP}))
    before = everything(target)
    with pytest.raises(UsageError, match="holds a history already: name an empty or a new one"):
        copied(lite, target)
    assert everything(target) == before


def test_a_database_of_another_version_is_left_alone(lite: Engine, target: Engine) -> None:
    prepare(target)
    with target.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '0003'")
    with pytest.raises(UsageError, match="was made by another version of monitor: name a new one"):
        copied(lite, target)
    assert schema_state(target) is SchemaState.OUTDATED


def test_tables_of_somebody_else_are_left_alone(lite: Engine, target: Engine) -> None:
    if is_sqlite(target):
        Path(str(target.url.database)).parent.mkdir()
        open_engine(str(target.url)).dispose()
        Path(str(target.url.database)).touch()
    with target.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE model (dear TEXT)")
    with pytest.raises(StoreUnavailable, match="holds tables that are not monitor's"):
        copied(lite, target)


def test_the_same_database_is_refused(history: Engine) -> None:
    address = history.url.render_as_string(hide_password=False)
    with pytest.raises(UsageError, match="is the database itself"):
        copied(history, open_engine(address))


def test_a_copy_that_fails_leaves_the_target_empty_and_can_be_made_again(
    history: Engine, target: Engine
) -> None:
    def fail(work: str, _done: int, _total: int) -> None:
        if work == "streamed":
            raise StoreError("the cable")

    with pytest.raises(StoreError, match="the cable"):
        copy_history(history, target, fail)
    assert schema_state(target) is SchemaState.CURRENT
    assert not any(everything(target).values())
    copied(history, target)
    assert everything(target) == everything(history)


# What a database does by itself to the rows it is given.
_BENDING = {
    "sqlite": """
        CREATE TRIGGER bend AFTER INSERT ON observation BEGIN
            UPDATE observation SET at_ms = at_ms + 1
            WHERE model_id = NEW.model_id AND sweep_id = NEW.sweep_id;
        END
    """,
    "postgresql": """
        CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN NEW.at_ms := NEW.at_ms + 1; RETURN NEW; END';
        CREATE TRIGGER bend BEFORE INSERT ON observation FOR EACH ROW EXECUTE FUNCTION bend()
    """,
}


def test_a_row_that_changes_on_the_way_is_noticed_and_nothing_is_kept(lite: Engine, target: Engine) -> None:
    prepare(target)
    with writing(target) as connection:
        connection.exec_driver_sql(_BENDING[target.dialect.name])
    with pytest.raises(StoreError, match="rows of observation did not arrive as they were"):
        copied(lite, target)
    assert not any(everything(target).values())


def test_rows_are_compared_however_they_are_cut(
    lite: Engine, target: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_ROWS_AT_ONCE", 7)
    copied(lite, target)
    assert everything(target) == everything(lite)


def test_what_is_written_meanwhile_is_not_copied(history: Engine, target: Engine) -> None:
    before = len(everything(history)["sweep"])
    done: list[object] = []

    def write(work: str, _done: int, _total: int) -> None:
        if work == "observation" and not done:
            done.append(
                histories.live(
                    history, histories.sweep(histories.START.replace(year=2027), {"late/one": histories.UP})
                )
            )

    counts = copy_history(history, target, write)
    assert done
    assert counts["sweep"] == before
    assert check.check(target) == []


def test_a_source_without_a_history_is_no_source(tmp_path: Path, target: Engine) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        copied(open_engine(f"sqlite:///{tmp_path}/none.db"), target)
    if is_sqlite(target):
        assert schema_state(target) is SchemaState.MISSING


def test_a_source_of_another_version_is_no_source(history: Engine, target: Engine) -> None:
    with history.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '0003'")
    with pytest.raises(SchemaOutdated, match="monitor db upgrade"):
        copied(history, target)


def test_postgres_counts_on_from_the_greatest_ids(lite: Engine, postgres_url: str) -> None:
    target = open_engine(postgres_url)
    copied(lite, target)
    with writing(target) as connection:
        greatest = connection.execute(select(func.max(model.c.id))).scalar_one()
        owner = connection.scalars(select(provider.c.id)).first()
        added = connection.execute(
            insert(model).values(provider_id=owner, name="x/new").returning(model.c.id)
        )
        assert added.scalar_one() == greatest + 1
    target.dispose()


# ---- The command ----


def test_the_command_says_what_arrived_and_no_password(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    source = open_engine(sqlite_url)
    prepare(source)
    histories.live_all(source, histories.history(74, 2))
    source.dispose()
    config = config_file(tmp_path, "http://127.0.0.1:9/v1", sqlite_url)
    address = open_engine(postgres_url).url.set(drivername="postgresql", password="hidden-word")  # noqa: S106  # of nobody
    done = monitor(config, "db", "copy", address.render_as_string(hide_password=False), key=None)
    assert done.returncode == 0, done.stderr
    assert "copied and verified: " in done.stdout
    assert " observations, 2 sweeps, " in done.stdout
    assert "hidden-word" not in done.stdout + done.stderr
    again = monitor(config, "db", "copy", address.render_as_string(hide_password=False), key=None)
    assert (again.returncode, again.stdout) == (2, "")
    assert "holds a history already" in again.stderr
    assert "hidden-word" not in again.stderr


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("mysql://root:hidden-word@db/x", 2, "'mysql' is not supported"),
        ("nonsense", 2, "this is not a database URL; write sqlite:///path"),
        ("postgresql://u:hidden-word@db:port/x", 2, "this is not a database URL"),
        ("u:hidden-word@db", 2, "this is not a database URL"),
        ("postgresql://u:hidden-word@127.0.0.1:9/x", 4, "cannot be reached"),
        ("sqlite:////proc/no/such.db", 4, "cannot be created"),
    ],
)
def test_a_target_that_cannot_be_is_told(
    address: str, code: int, words: str, sqlite_url: str, tmp_path: Path
) -> None:
    source = open_engine(sqlite_url)
    prepare(source)
    source.dispose()
    config = config_file(tmp_path, "http://127.0.0.1:9/v1", sqlite_url)
    refused = monitor(config, "db", "copy", address, key=None)
    assert refused.returncode == code, refused.stderr
    assert words in refused.stderr
    assert "hidden-word" not in refused.stderr
