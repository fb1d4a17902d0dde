"""Who may read views before an upgrade may read them after it, and nobody more."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from monitor.core.history.views import VIEWS
from monitor.store.admin.migrate import migrate_to, upgrade
from monitor.store.admin.rights import quoted
from monitor.store.connection.engine import open_engine, reading, writing
from tests.support.postgres import PostgresServer
from tests.support.roles import reads, role, run

OLD = (
    "0006",
    "0009",
)  # the migration after the first creates views again, the one after the second replaces them
NEW_AFTER = {"0006": {"status_history", "uptime_monthly"}, "0009": {"uptime_monthly"}}


@pytest.fixture
def reader(postgres_server: PostgresServer) -> Iterator[str]:
    """Give a role with a name that has to be quoted."""
    with role(postgres_server, 'o"dd %s') as name:
        yield name


@pytest.fixture(params=OLD)
def old(reader: str, postgres_url: str, request: pytest.FixtureRequest) -> Iterator[tuple[Engine, str, str]]:
    """Give a database of an older version, that version and the role, which goes after the database."""
    engine = open_engine(postgres_url)
    with writing(engine) as connection:
        migrate_to(connection, request.param)
    yield engine, request.param, reader
    engine.dispose()


def views_of(version: str) -> list[str]:
    """Return the views that a version has."""
    return [view for view in VIEWS if view not in NEW_AFTER[version]]


def test_who_reads_every_view_reads_every_view_afterwards_and_no_table(old: tuple[Engine, str, str]) -> None:
    engine, version, reader = old
    run(engine, *(f"GRANT SELECT ON {view} TO {quoted(reader)}" for view in views_of(version)))
    upgrade(engine)
    assert all(reads(engine, reader, view) for view in VIEWS)
    assert not reads(engine, reader, "monthly")


def test_rights_on_some_views_stay_and_do_not_grow(old: tuple[Engine, str, str]) -> None:
    engine, _, reader = old
    run(
        engine,
        f"GRANT SELECT ON uptime_daily TO {quoted(reader)} WITH GRANT OPTION",
        f"GRANT SELECT (provider, model) ON outage_history TO {quoted(reader)}",
        f"GRANT SELECT (kind) ON change_history TO {quoted(reader)} WITH GRANT OPTION",
        "GRANT SELECT ON model_status TO PUBLIC",
    )
    upgrade(engine)
    assert reads(engine, reader, "publisher FROM uptime_daily")
    assert reads(engine, reader, "provider, model FROM outage_history")
    assert reads(engine, reader, "publisher FROM model_status")
    for more in ("reason FROM outage_history", "detail FROM change_history", "month FROM uptime_monthly"):
        assert not reads(engine, reader, more)
    with reading(engine) as connection:
        asked = (
            "has_table_privilege(:role, 'uptime_daily', 'SELECT WITH GRANT OPTION'),"
            " has_column_privilege(:role, 'change_history', 'kind', 'SELECT WITH GRANT OPTION'),"
            " has_column_privilege(:role, 'outage_history', 'model', 'SELECT WITH GRANT OPTION')"
        )
        assert connection.execute(text(f"SELECT {asked}"), {"role": reader}).one() == (True, True, False)


def test_default_privileges_give_nobody_a_view_that_was_closed(old: tuple[Engine, str, str]) -> None:
    engine, _, reader = old
    name = quoted(reader)
    run(engine, f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {name}")
    upgrade(engine)
    assert not reads(engine, reader, "outage_history")
    run(engine, f"DROP OWNED BY {name}")
