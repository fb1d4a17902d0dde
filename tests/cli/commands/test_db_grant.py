"""`monitor db grant`: a role of Postgres may read the views and nothing else, whatever its name is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from monitor.core.history.views import VIEWS
from monitor.store.admin.migrate import prepare
from monitor.store.admin.rights import quoted
from monitor.store.connection.engine import open_engine
from tests.support.command import Done, run
from tests.support.postgres import PostgresServer
from tests.support.roles import may, reads, role
from tests.support.roles import run as run_words


@pytest.fixture(params=["reader", 'o"dd %s', "Grün; DROP", "user"])
def reader(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a role that may do nothing yet."""
    with role(postgres_server, request.param) as name:
        yield name


@pytest.fixture
def address(reader: str, postgres_url: str) -> str:  # noqa: ARG001 - the role goes after the database
    """Give a Postgres database with monitor's schema."""
    engine = open_engine(postgres_url)
    prepare(engine)
    engine.dispose()
    return postgres_url


def grant(directory: Path, address: str, *words: str) -> Done:
    """Run the command."""
    return run("db", "grant", *words, directory=directory, environ={"MONITOR_DATABASE_URL": address})


def test_the_role_reads_the_views_and_no_table(reader: str, address: str, tmp_path: Path) -> None:
    done = grant(tmp_path, address, reader)
    assert (done.returncode, done.stderr) == (0, f"{reader} may read {len(VIEWS)} views, and no tables\n")
    assert all(line.startswith("GRANT ") and line.endswith(";") for line in done.stdout.splitlines())
    engine = open_engine(address)
    assert all(reads(engine, reader, view) for view in VIEWS)
    assert not reads(engine, reader, "observation")
    assert not may(engine, reader, "DELETE FROM provider")
    engine.dispose()
    again = grant(tmp_path, address, reader)
    assert (again.returncode, again.stdout) == (0, done.stdout)


def test_what_is_printed_can_be_run_and_printing_runs_nothing(
    reader: str, address: str, tmp_path: Path
) -> None:
    printed = grant(tmp_path, address, "--print", reader)
    assert (printed.returncode, printed.stderr) == (0, "")
    engine = open_engine(address)
    assert not reads(engine, reader, "model_status")
    run_words(engine, *printed.stdout.splitlines())
    assert all(reads(engine, reader, view) for view in VIEWS)
    engine.dispose()


@pytest.mark.parametrize("words", [(), ("--print",)])
def test_an_unknown_role_is_refused_and_said_how_to_make(
    address: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = grant(tmp_path, address, *words, 'no"body')
    assert (done.returncode, done.stdout) == (2, "")
    assert 'no role "no"body" on this server' in done.stderr
    assert 'CREATE ROLE "no""body" LOGIN' in done.stderr


def test_a_user_who_may_not_grant_is_told_who_can(
    reader: str, address: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    with role(postgres_server, "guest") as guest:
        postgres_server.run(f"ALTER ROLE {quoted(guest)} LOGIN")
        url = make_url(address).set(username="GUEST").render_as_string(hide_password=False)
        url = url.replace("GUEST", guest.replace(" ", "%20"))
        engine = open_engine(address)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"GRANT SELECT ON schema_version, provider TO {quoted(guest)}")
        done = grant(tmp_path, url, reader)
        assert (done.returncode, done.stdout) == (4, ""), done.stderr
        assert "monitor db grant --print" in done.stderr
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {quoted(guest)}")
        engine.dispose()


def test_on_sqlite_the_file_decides_who_reads_it(sqlite_url: str, tmp_path: Path) -> None:
    done = grant(tmp_path, sqlite_url, "analyst")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'file_mode = "0640"' in done.stderr
    assert not (tmp_path / "history").exists()
