"""The migrations: one line of them, up and down, safe to run from many processes, in step with the schema."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, RowMapping, inspect, text
from sqlalchemy.schema import CreateIndex

from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import NOT_RECORDED, Outcome
from monitor.errors import SchemaOutdated
from monitor.store.admin.migrate import (
    HEAD,
    VERSION_TABLE,
    SchemaState,
    Upgraded,
    migrate_to,
    migrations_directory,
    prepare,
    require_current,
    schema_state,
    upgrade,
)
from monitor.store.connection.engine import open_engine, reading, writing
from monitor.store.schema import metadata
from monitor.store.write.import_export import read_sweeps
from tests.store import histories, views
from tests.store.views import COLUMNS
from tests.support.gateway import ON_POSTGRES
from tests.support.process import WAIT_S

REVISIONS = [f"{number:04}" for number in range(1, 14)]


def config() -> Config:
    """Return alembic's configuration for monitor's migrations."""
    made = Config()
    made.set_main_option("script_location", str(migrations_directory()))
    return made


def things(engine: Engine) -> set[str]:
    """Return the names of all tables and views."""
    with reading(engine) as connection:
        inspector = inspect(connection)
        return {*inspector.get_table_names(), *inspector.get_view_names()}


def test_the_migrations_are_one_line_that_ends_where_the_program_says() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert scripts.get_heads() == [HEAD]
    assert [each.revision for each in scripts.walk_revisions()] == list(reversed(REVISIONS))
    assert all(each.doc for each in scripts.walk_revisions())


def test_an_empty_database_goes_up_down_and_up_again(database_url: str) -> None:
    engine = open_engine(database_url)
    prepare(engine)
    everything = {VERSION_TABLE, *metadata.tables, *COLUMNS}
    assert things(engine) == everything
    with writing(engine) as connection:
        migrate_to(connection, "base")
    assert things(engine) == {VERSION_TABLE}
    assert schema_state(engine) is SchemaState.EMPTY
    for revision in REVISIONS:
        with writing(engine) as connection:
            migrate_to(connection, revision)
    assert things(engine) == everything
    for revision in [*reversed(REVISIONS[:-1]), "base"]:
        with writing(engine) as connection:
            migrate_to(connection, revision)
    assert upgrade(engine) == Upgraded(None, HEAD)
    assert upgrade(engine) == Upgraded(HEAD, HEAD)
    engine.dispose()


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # the test after this one looks at those
def test_the_migrations_make_the_tables_that_the_program_works_with(engine: Engine) -> None:
    checked = config()
    with writing(engine) as connection:
        checked.attributes["connection"] = connection
        command.check(checked)


def test_the_migrations_make_the_indexes_of_expressions_that_the_program_works_with(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        for table in metadata.tables.values():
            for each in table.indexes:
                each.dialect_options["postgresql"].update(each.info.get("postgresql", {}))
    expected = {
        str(each.name): str(CreateIndex(each).compile(dialect=engine.dialect))
        for table in metadata.tables.values()
        for each in table.indexes
        if not each.info.get("compared", True) and each.info["only_on"] == engine.dialect.name
    }
    assert list(expected) == ["ix_period_began"]
    with writing(engine) as connection:
        for name, statement in expected.items():
            made = definition(connection, name)
            connection.execute(text(f"DROP INDEX {name}"))
            connection.execute(text(statement))
            assert made == definition(connection, name)


def definition(connection: Connection, index: str) -> str:
    """Return how the database gives an index back, on one line."""
    lite, server = ("sql FROM sqlite_schema WHERE name", "indexdef FROM pg_indexes WHERE indexname")
    source = lite if connection.dialect.name == "sqlite" else server
    found = connection.scalar(text(f"SELECT {source} = :name"), {"name": index})  # as above
    return " ".join(str(found).split())


BEFORE_STREAMING = "0002"
NEW_SINCE = {"streamed", "knowledge", "acceptance", "stream_history", "delivery", "telling"}
NEW_SINCE |= {"period", "horizon", "status_history", "alias", "monthly", "uptime_monthly", "origin"}
NEW_SINCE |= {"checkpoint"}
NEW_COLUMNS = {"voided", "latency_sketch", "served_as", "alias", "duration_so_far_s", "publisher"}
NEW_COLUMNS |= {"token", "clock_step_ms", "clock_step_s", "missed_slot.cause"}
NEW_COLUMNS |= {"change_history.retires_at", "sweep_history.detail"}  # of views whose tables had them before
COUNTED_UP = {"folds"}  # with each derivation
_EPOCH = date(1970, 1, 1)


def every_row(engine: Engine) -> dict[str, list[str]]:
    """Return the rows of every table and view but what came with streaming and later, as text."""
    names = things(engine) - {VERSION_TABLE} - NEW_SINCE
    with reading(engine) as connection:
        rows = {
            name: connection.execute(text(f"SELECT * FROM {name}")).mappings().all()  # noqa: S608  # our names
            for name in names
        }
    return {name: sorted(_older_part(name, row) for row in found) for name, found in rows.items()}


def _older_part(source: str, row: RowMapping) -> str:
    newer = NEW_COLUMNS | COUNTED_UP
    older = {name for name in row if name not in newer and f"{source}.{name}" not in newer}
    return repr([(name, _plain(name, value)) for name, value in row.items() if name in older])


def _plain(name: str, value: object) -> object:
    """Return a day, once a number since 1970, as the date that it is now."""
    return str(_EPOCH + timedelta(days=value)) if name == "day" and isinstance(value, int) else str(value)


def _unnamed(sweep: Sweep) -> Sweep:
    """Return the sweep as an earlier version keeps it, which does not look who answered."""
    seen = sweep.observations
    kept = (NOT_RECORDED if each.outcome is Outcome.AVAILABLE else None for each in seen)
    observations = (replace(each, served_as=name) for each, name in zip(seen, kept, strict=True))
    return replace(sweep, observations=tuple(observations))


def test_what_came_with_later_versions_comes_and_goes_and_every_other_row_stays(database_url: str) -> None:
    engine = open_engine(database_url)
    prepare(engine)
    histories.live_all(engine, [(_unnamed(sweep), policy) for sweep, policy in histories.history(41, 30)])
    signals = len(views.rows(engine, "stream_history"))
    before = every_row(engine)
    with writing(engine) as connection:
        migrate_to(connection, BEFORE_STREAMING)
    assert not things(engine) & NEW_SINCE
    assert every_row(engine) == before
    (anew,) = upgrade(engine).redecided
    assert (anew.sweeps, anew.events, anew.days, anew.verdicts) == (30, 0, 0, 0)
    assert every_row(engine) == before
    assert (signals > 0, views.rows(engine, "stream_history")) == (True, [])
    assert all(each.first_token_ms is None for sweep in read_sweeps(engine) for each in sweep.observations)
    histories.live_all(engine, histories.history(42, 5, provider="other"))
    assert views.rows(engine, "stream_history") != []
    engine.dispose()


def test_rule_37_what_was_said_of_other_names_is_lost_on_the_way_down_and_never_confused(
    database_url: str,
) -> None:
    engine = open_engine(database_url)
    prepare(engine)
    up = histories.sweep(histories.START, {"a": histories.UP, "b": histories.UP})
    histories.live(
        engine, replace(up, observations=tuple(replace(each, served_as="x") for each in up.observations))
    )
    with writing(engine) as connection:
        migrate_to(connection, "0008")
    upgrade(engine)
    later = histories.sweep(histories.START + timedelta(hours=1), {"a": histories.UP, "b": histories.UP})
    named, plain = later.observations
    histories.live(engine, replace(later, observations=(replace(named, served_as="x"), plain)))
    names = [(row["model"], row["served_as"]) for row in views.told(engine, "observation_history")]
    assert sorted(names, key=repr) == [("a", "x"), ("a", None), ("b", None), ("b", None)]
    engine.dispose()


@ON_POSTGRES
def test_rights_on_views_stay_where_columns_are_added(database_url: str) -> None:
    engine = open_engine(database_url)
    with writing(engine) as connection:
        migrate_to(connection, "0008")
        connection.execute(text("GRANT SELECT ON model_status, observation_history TO pg_monitor"))
    upgrade(engine)
    with reading(engine) as connection:
        asked = text("SELECT has_table_privilege('pg_monitor', :view, 'SELECT')")
        for view in ("model_status", "observation_history"):
            assert connection.scalar(asked, {"view": view}), view
    engine.dispose()


def fail_after_migrating(engine: Engine) -> None:
    """Run every migration and fail at the end of the transaction."""
    with writing(engine) as connection:
        migrate_to(connection, HEAD)
        raise ZeroDivisionError


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str) -> None:
    engine = open_engine(database_url)
    prepare(engine)
    with writing(engine) as connection:
        migrate_to(connection, "base")
    with pytest.raises(ZeroDivisionError):
        fail_after_migrating(engine)
    assert things(engine) == {VERSION_TABLE}
    engine.dispose()


def test_three_processes_that_upgrade_at_once_all_succeed(database_url: str) -> None:
    code = (
        "import sys; from monitor.store.connection.engine import open_engine;"
        "from monitor.store.admin.migrate import upgrade;"
        "print(upgrade(open_engine(sys.argv[1])).after)"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, database_url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    ended = [process.communicate(timeout=WAIT_S) for process in running]
    assert [(process.returncode, *each) for process, each in zip(running, ended, strict=True)] == [
        (0, f"{HEAD}\n", "")
    ] * 3


def test_an_outdated_database_with_data_is_refused_and_the_command_named(database_url: str) -> None:
    engine = open_engine(database_url)
    prepare(engine)
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO provider (name) VALUES ('nvidia')"))
        migrate_to(connection, "0001")
    assert schema_state(engine) is SchemaState.OUTDATED
    for act in (prepare, require_current):
        with pytest.raises(SchemaOutdated, match="run `monitor db upgrade`"):
            act(engine)
    assert upgrade(engine) == Upgraded("0001", HEAD)
    require_current(engine)
    engine.dispose()


def test_an_outdated_database_without_data_is_upgraded_by_a_writer(database_url: str) -> None:
    engine = open_engine(database_url)
    prepare(engine)
    with writing(engine) as connection:
        migrate_to(connection, "0001")
    with pytest.raises(SchemaOutdated):
        require_current(engine)
    prepare(engine)
    assert schema_state(engine) is SchemaState.CURRENT
    engine.dispose()


def test_a_newer_monitors_database_is_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608  # our name
    assert schema_state(engine) is SchemaState.NEWER
    for act in (prepare, require_current, upgrade):
        with pytest.raises(SchemaOutdated, match="written by a newer monitor: use that version"):
            act(engine)
