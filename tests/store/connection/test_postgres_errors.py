"""What Postgres or its driver says becomes the right cause and remedy, in one sentence."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import make_url

from monitor.errors import StoreUnavailable
from monitor.store.connection.engine import open_engine, reading
from monitor.store.connection.errors import POSTGRES_TROUBLE, REFUSED_CONNECTIONS, translated
from tests.support.postgres import PostgresServer
from tests.support.tls import AUTHORITY, CERTIFICATES, context_of
from tests.support.tls_front import TlsFront

# as servers of releases 15 and 16 and libpq 18 say it
SAID = {
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute": (
        "has no connection left"
    ),
    "FATAL:  sorry, too many clients already": "has no connection left",
    'FATAL:  too many connections for role "mon"': "has no connection left",
    'FATAL:  too many connections for database "monitor"': "has no connection left",
    'FATAL:  role "mon" is not permitted to log in': "lets this user not log in",
    'FATAL:  permission denied for database "monitor"\nDETAIL:  User does not have CONNECT privilege.': (
        "GRANT CONNECT"
    ),
    'FATAL:  database "monitor" is not currently accepting connections': "takes no connections",
    'FATAL:  database "monitor" does not exist': "create it with `createdb`",
    'FATAL:  role "mon" does not exist': "check user name and password",
    'FATAL:  password authentication failed for user "mon"': "check user name and password",
    "fe_sendauth: no password supplied": "check user name and password",
    'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "mon", database "monitor", no encryption': (
        "without TLS"
    ),
    'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "mon", database "d", SSL encryption\n'
    'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "mon", database "d", no encryption': (
        "check user name and password"
    ),
    "FATAL:  the database system is starting up": "is shutting down or starting up",
    "FATAL:  the database system is in recovery mode": "is shutting down or starting up",
    "FATAL:  the database system is not yet accepting connections": "is shutting down or starting up",
    "session is read-only": "connect to the primary",
    "Connection refused": "check that the server runs",
    "no answer for 10 seconds": "check that the server runs",
    "server does not support SSL, but SSL was required": "speaks no TLS",
    "FATAL:  connection requires a valid client certificate": "sslcert and sslkey",
    'root certificate file "/root/.postgresql/root.crt" does not exist': "sslrootcert",
    "FATAL:  no pg_authid here": "refuses the connection: see what it says",
}


@pytest.mark.parametrize(("said", "meaning"), SAID.items(), ids=range(len(SAID)))
def test_a_connection_that_is_refused_has_the_right_cause(said: str, meaning: str) -> None:
    engine = open_engine("postgresql://mon@h/monitor")
    with pytest.raises(StoreUnavailable) as caught, translated(engine):
        raise psycopg.OperationalError(f'connection to server at "h", port 5432 failed: {said}')
    assert meaning in str(caught.value)
    assert said.splitlines()[0] in str(caught.value)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (errors.IdleInTransactionSessionTimeout, "idle_in_transaction_session_timeout"),
        (errors.IdleSessionTimeout, "idle_session_timeout"),
        (errors.AdminShutdown, "an administrator did it"),
        (errors.IoError, "cannot use its files"),
        (errors.UndefinedFile, "cannot use its files"),
        (errors.DataCorrupted, "reports damage"),
        (errors.SerializationFailure, "by another process at the same moment"),
        (errors.DeadlockDetected, "by another process at the same moment"),
        (errors.InsufficientPrivilege, "grant it the rights"),
        (errors.DiskFull, "disk of the server is full"),
        (errors.TooManyConnections, "no connection"),
        (errors.ProtocolViolation, "pool_mode=session"),
    ],
)
def test_a_statement_that_fails_for_now_leaves_the_sweep_to_the_spool(
    error: type[psycopg.Error], meaning: str
) -> None:
    engine = open_engine("postgresql://mon@h/monitor")
    with pytest.raises(StoreUnavailable, match=meaning), translated(engine):
        raise error("as the server says it")


def test_every_trouble_of_postgres_says_what_to_do() -> None:
    for _, meaning in (*POSTGRES_TROUBLE, *REFUSED_CONNECTIONS):
        assert ":" in meaning or ";" in meaning


@pytest.fixture
def restricted(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """Give a server with a role `limited`, which may do what a test lets it."""
    postgres_server.run("CREATE ROLE limited LOGIN")
    yield postgres_server
    postgres_server.run("DROP OWNED BY limited")
    postgres_server.run("DROP ROLE limited")


def look_as_limited(url: str) -> None:
    engine = open_engine(make_url(url).set(username="limited"))
    try:
        with reading(engine):
            pass
    finally:
        engine.dispose()


def test_what_a_real_server_refuses_is_told(restricted: PostgresServer, postgres_url: str) -> None:
    name = make_url(postgres_url).database
    for statement, back, meaning in (
        ("ALTER ROLE limited NOLOGIN", "ALTER ROLE limited LOGIN", "ALTER ROLE"),
        (
            "ALTER ROLE limited CONNECTION LIMIT 0",
            "ALTER ROLE limited CONNECTION LIMIT -1",
            "connection left",
        ),
        (
            f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC',
            f'GRANT CONNECT ON DATABASE "{name}" TO PUBLIC',
            "GRANT CONNECT",
        ),
        (
            f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
            f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true',
            "ALLOW_CONNECTIONS",
        ),
    ):
        restricted.run(statement)
        with pytest.raises(StoreUnavailable, match=meaning):
            look_as_limited(postgres_url)
        restricted.run(back)
        look_as_limited(postgres_url)


@pytest.mark.parametrize(
    ("certificate", "meaning"),
    [
        ("valid", ""),
        ("expired", "has expired: renew it"),
        ("not_yet", "not valid yet: check the clocks"),
        ("other_host", "certificate of another host"),
        (None, "speaks no TLS"),
    ],
)
def test_a_certificate_that_is_wrong_is_told(
    certificate: str | None, meaning: str, postgres_url: str
) -> None:
    with TlsFront(postgres_url, context_of(certificate) if certificate else None) as front:
        assert_verified(front, AUTHORITY, meaning)


def test_a_certificate_of_an_unknown_authority_is_told(postgres_url: str, tmp_path: Path) -> None:
    with TlsFront(postgres_url, context_of("valid")) as front:
        assert_verified(front, CERTIFICATES / "other_host.pem", "is not from an authority in the file")
        assert_verified(front, tmp_path / "none.pem", "the file of sslrootcert cannot be read")


def assert_verified(front: TlsFront, authority: Path, meaning: str) -> None:
    """Connect as sslmode=verify-full does; an empty meaning says that it works."""
    query = {"sslmode": "verify-full", "sslrootcert": str(authority)}
    engine = open_engine(make_url(front.url).set(host="localhost").update_query_dict(query))
    failure = pytest.raises(StoreUnavailable, match=meaning) if meaning else nullcontext()
    with failure, reading(engine):
        pass
    engine.dispose()
