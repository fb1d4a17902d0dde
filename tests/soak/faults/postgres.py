"""Faults of a Postgres server."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from random import Random

import psycopg
from sqlalchemy import make_url

from tests.soak.faults.around import again_and_again
from tests.soak.paired.stage import AWAY, Stage
from tests.support.own_postgres import OwnPostgres

_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname IS NOT NULL
"""


def _server(stage: Stage) -> OwnPostgres:
    assert stage.postgres
    return stage.postgres


@contextmanager
def stopped(stage: Stage, _chance: Random) -> Iterator[None]:
    """Stop the server, and start it again."""
    stage.expected.add(AWAY)
    _server(stage).stop()
    yield
    _server(stage).start()


@contextmanager
def silent(stage: Stage, _chance: Random) -> Iterator[None]:
    """Stop every process of the server where it is."""
    stage.expected.add(AWAY)
    _server(stage).freeze()
    yield
    _server(stage).thaw()


@contextmanager
def cut_off(stage: Stage, _chance: Random) -> Iterator[None]:
    """End every session, again and again."""
    stage.expected.add(AWAY)

    def cut() -> None:
        with suppress(psycopg.Error), psycopg.connect(_server(stage).url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)

    with again_and_again(cut, 1.5):
        yield


@contextmanager
def locked_tables(stage: Stage, _chance: Random) -> Iterator[None]:
    """Hold the tables of sweeps in another session, as a careless migration does."""
    stage.expected.add(AWAY)
    with closing(psycopg.connect(_server(stage).url)) as connection:
        connection.execute("LOCK TABLE sweep, observation, event IN ACCESS EXCLUSIVE MODE")
        yield
        with suppress(psycopg.Error):
            connection.rollback()


@contextmanager
def read_only(stage: Stage, _chance: Random) -> Iterator[None]:
    """Let sessions only read, as on a server whose disk is nearly full."""
    name = make_url(_server(stage).url).database
    stage.expected.add(AWAY)
    with psycopg.connect(_server(stage).url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        connection.execute(_END_OTHERS)
    yield
    with psycopg.connect(_server(stage).url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
        connection.execute(_END_OTHERS)
