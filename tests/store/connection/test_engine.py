"""Opening a database: addresses, files and their permissions, and what is said when it cannot be used."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import pytest
from sqlalchemy import Engine, event, make_url, text

from monitor.errors import ConfigError, SchemaOutdated, StoreError, StoreUnavailable
from monitor.process.file_writer import writer_of
from monitor.store.admin.check import check
from monitor.store.admin.migrate import SchemaState, prepare, require_current, schema_state, upgrade
from monitor.store.connection.engine import one_moment, open_engine, reading, sqlite_path, writing
from monitor.store.connection.errors import POSTGRES_TROUBLE, SQLITE_TROUBLE, database_name
from monitor.store.query import providers
from monitor.store.write.record import close_interrupted
from tests.support.gateway import ON_POSTGRES
from tests.support.postgres import PostgresServer
from tests.support.process import WAIT_S, wait_for


def mode_of(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def insert_provider(engine: Engine, *before: str) -> None:
    """Write one row, after other statements in the same transaction."""
    with writing(engine) as connection:
        for statement in (*before, "INSERT INTO provider (name) VALUES ('p')"):
            connection.execute(text(statement))


@contextmanager
def umask(bits: int) -> Iterator[None]:
    """Have another umask for a while."""
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("given", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_every_way_to_write_a_postgres_address_means_psycopg_3(given: str) -> None:
    assert open_engine(given).url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "given",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "mysql://u:geheim@h/d",
        "data/monitor.db",
        "postgresql://h:geheim/d",
        "sqlite:///a%00b.db",
        "sqlite:///\udcff.db",
        "",
    ],
)
def test_other_addresses_are_refused_without_repeating_them(given: str) -> None:
    with pytest.raises(ConfigError, match=r"(?i)database url") as caught:
        open_engine(given)
    assert "geheim" not in str(caught.value)


def test_a_relative_path_is_taken_from_where_the_engine_was_opened() -> None:
    assert open_engine("sqlite:///data/x.db").url.database == str(Path("data/x.db").absolute())
    assert open_engine("sqlite:////data/x.db").url.database == "/data/x.db"


def test_a_message_names_the_database_without_password_and_options() -> None:
    engine = open_engine("postgresql://me:geheim@db.example:5433/history?password=geheim&sslmode=require")
    assert database_name(engine) == "postgresql://me@db.example:5433/history"
    assert "geheim" not in repr(engine)
    assert engine.url.password == "geheim"  # noqa: S105  # made up


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_a_sqlite_file_and_what_belongs_to_it_have_the_mode_from_the_start(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "deep" / "er" / "monitor.db"
    with umask(0o077 if mode != 0o600 else 0):
        engine = open_engine(f"sqlite:///{path}", file_mode=mode)
        prepare(engine)
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO provider (name) VALUES ('p')"))
            parts = sorted(path.parent.iterdir())
            assert [part.name for part in parts] == ["monitor.db", "monitor.db-shm", "monitor.db-wal"]
            assert {mode_of(part) for part in parts} == {mode}
    engine.dispose()


def test_a_changed_mode_is_given_to_the_file_that_exists(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/monitor.db"
    for mode in (0o600, 0o640):
        engine = open_engine(url, file_mode=mode)
        prepare(engine)
        engine.dispose()
    assert mode_of(tmp_path / "monitor.db") == 0o640


def test_sqlite_is_set_up_for_one_writer_and_many_readers(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    prepare(engine)
    with reading(engine) as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 1, 1, 10_000]
    with reading(engine) as before, writing(engine) as connection:
        assert before.exec_driver_sql("SELECT count(*) FROM provider").scalar_one() == 0
        connection.exec_driver_sql("INSERT INTO provider (name) VALUES ('p')")
        assert before.exec_driver_sql("SELECT count(*) FROM provider").scalar_one() == 0
    engine.dispose()


def test_wal_is_set_again_on_a_restored_copy(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    prepare(engine)
    engine.dispose()
    file = sqlite3.connect(str(engine.url.database))
    assert file.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    file.close()
    prepare(engine)
    engine.dispose()
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    engine.dispose()


def test_reading_sees_one_moment_of_the_database(engine: Engine) -> None:
    with reading(engine) as connection:
        before = connection.execute(text("SELECT count(*) FROM provider")).scalar_one()
        with writing(engine) as other:
            other.execute(text("INSERT INTO provider (name) VALUES ('p')"))
        assert connection.execute(text("SELECT count(*) FROM provider")).scalar_one() == before


def test_all_that_a_thread_reads_of_one_moment_is_one_transaction(engine: Engine) -> None:
    begun: list[object] = []
    event.listen(engine, "begin", begun.append)
    with one_moment(engine):
        assert providers(engine) == []
        with ThreadPoolExecutor(1) as another:  # another thread reads and writes by connections of its own
            another.submit(insert_provider, engine).result()
            assert another.submit(providers, engine).result() == ["p"]
        assert providers(engine) == []
        assert len(begun) == 3
    assert providers(engine) == ["p"]


def test_a_statement_that_fails_in_one_moment_is_told_and_the_next_is_read(engine: Engine) -> None:
    with one_moment(engine), pytest.raises(StoreError, match="there_is_none"), reading(engine) as connection:
        connection.execute(text("SELECT there_is_none()"))
    assert providers(engine) == []


@ON_POSTGRES
def test_a_server_whose_transactions_are_serializable_lets_two_write_in_turn(engine: Engine) -> None:
    """Each waits for the row of the other and goes on; the administrator's default is for others."""
    insert_provider(engine)
    set_default = f'ALTER DATABASE "{engine.url.database}" SET default_transaction_isolation = serializable'
    with writing(engine) as connection:
        connection.execute(text(set_default))
    engine.dispose()
    rename = text("UPDATE provider SET name = name || 'x'")
    with ThreadPoolExecutor(1) as pool, writing(engine) as first:
        first.execute(rename)

        def second() -> None:
            with writing(engine) as other:
                other.execute(rename)

        waiting = pool.submit(second)
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        wait_for(lambda: first.execute(waits).scalar_one())
        first.commit()
        waiting.result(WAIT_S)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT name FROM provider")).scalar_one() == "pxx"


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(StoreError, match="there_is_none"):
        insert_provider(engine, "INSERT INTO provider (name) VALUES ('before')", "SELECT there_is_none()")
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM provider")).scalar_one() == 0


def test_a_read_only_engine_reads_and_cannot_write(engine: Engine, database_url: str) -> None:
    prepare(engine)
    reader = open_engine(database_url, read_only=True)
    require_current(reader)
    assert check(reader) == []
    with pytest.raises(StoreUnavailable, match="read-only"):
        insert_provider(reader)
    reader.dispose()


def test_times_are_utc_whatever_the_servers_zone_is(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    name = make_url(postgres_url).database
    postgres_server.run(f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Kathmandu'")
    engine = open_engine(postgres_url)
    with reading(engine) as connection:
        assert connection.execute(text("SHOW timezone")).scalar_one() == "UTC"
    engine.dispose()


# What cannot be used


def unusable(url: str, message: str) -> None:
    """Expect the same clear words from whatever one wants of a database."""
    engine = open_engine(url)
    for act in (prepare, upgrade, require_current, lambda each: close_interrupted(each, "p", "v")):
        with pytest.raises(StoreError, match=message) as caught:
            act(engine)
        assert database_name(engine) in str(caught.value)
        assert "\n" not in str(caught.value)
    engine.dispose()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    path.write_text("this is a letter, not a database\n" * 40)
    unusable(f"sqlite:///{path}", "is not a SQLite database")
    assert path.read_text().startswith("this is a letter")


def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    unusable(f"sqlite:///{tmp_path}", "cannot be opened")


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (
        f"{tmp_path}/file/below/m.db",
        "/proc/monitor/m.db",
        "/proc/m.db",
        f"{tmp_path}/{'m' * 300}",
    ):
        engine = open_engine(f"sqlite:///{place}")
        with pytest.raises(StoreUnavailable, match=r"cannot be (created|opened)"):
            prepare(engine)


def test_a_damaged_file(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    prepare(engine)
    engine.dispose()
    path = Path(str(engine.url.database))
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:-4096])
    with pytest.raises(StoreUnavailable, match=r"is damaged|is not a SQLite database"):
        assert check(engine) == ["the damage"]
    engine.dispose()


def test_a_file_that_does_not_exist_is_not_created_by_reading(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    assert schema_state(engine) is SchemaState.MISSING
    with pytest.raises(StoreUnavailable, match="does not exist: run `monitor sweep`"):
        require_current(engine)
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        close_interrupted(engine, "p", "v")
    assert not Path(str(engine.url.database)).exists()


def test_a_server_that_is_not_there() -> None:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    unusable(f"postgresql://me:geheim@127.0.0.1:{port}/history", "cannot be reached")


def test_a_database_that_the_server_does_not_have(postgres_server: PostgresServer) -> None:
    unusable(postgres_server.address_of("no_such_database"), "does not exist: create it with `createdb`")


def test_a_user_whom_the_server_does_not_know(postgres_server: PostgresServer) -> None:
    url = make_url(postgres_server.url).set(username="nobody_here", password="geheim")  # noqa: S106  # made up
    unusable(url.render_as_string(hide_password=False), "refuses this user")


def test_a_database_that_holds_something_else(database_url: str) -> None:
    engine = open_engine(database_url)
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).parent.mkdir(parents=True)
        sqlite3.connect(str(engine.url.database)).close()
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE model (anything integer)"))
    for act in (prepare, upgrade, require_current):
        with pytest.raises(StoreUnavailable, match="tables that are not monitor's"):
            act(engine)
    engine.dispose()


def test_tables_that_are_missing_mean_another_schema(database_url: str) -> None:
    engine = open_engine(database_url)
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).parent.mkdir(parents=True)
        sqlite3.connect(str(engine.url.database)).close()
    with pytest.raises(SchemaOutdated, match="monitor db upgrade"):
        close_interrupted(engine, "p", "v")
    engine.dispose()


def test_a_writer_that_another_keeps_out_is_told_so(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    prepare(engine)
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")  # of the pool's one connection
    with pytest.raises(StoreUnavailable, match="is busy: another process"):
        insert_provider(engine)
    other.close()
    engine.dispose()


def test_a_process_that_keeps_the_lock_is_named(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url, busy_after_s=0.0)
    prepare(engine)
    path = sqlite_path(engine)
    assert writer_of(path) is None
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN EXCLUSIVE'); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        assert writer_of(path) == other.pid
        with pytest.raises(StoreUnavailable, match=rf"try again when it is done \(process {other.pid}, "):
            insert_provider(engine)
        other.terminate()
    engine.dispose()


def test_a_full_disk_is_told(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    prepare(engine)
    blob = "INSERT INTO provider (name) VALUES (hex(randomblob(1000000)))"
    with pytest.raises(StoreUnavailable, match="disk is full"):
        insert_provider(engine, "PRAGMA max_page_count = 1", blob)
    engine.dispose()


def test_every_trouble_says_what_to_do() -> None:
    for _, meaning in (*SQLITE_TROUBLE, *POSTGRES_TROUBLE):
        assert ":" in meaning or ";" in meaning
