"""Several servers in one address, as libpq writes them and as SQLAlchemy does."""

import socket

import pytest
from sqlalchemy import make_url

from monitor.store.connection.engine import open_engine, reading
from monitor.store.connection.errors import database_name
from tests.support.proxy import PostgresProxy


@pytest.mark.parametrize(
    ("url", "hosts", "ports"),
    [
        ("postgresql://u@a:5432,b:5433/db?target_session_attrs=read-write", "a,b", "5432,5433"),
        ("postgresql://u:p@a:5432,b/db", "a,b", "5432,"),
        ("postgresql://u@a,b/db?target_session_attrs=read-write", "a,b", None),
        ("postgresql://u@/db?host=a:5432&host=b:5433", "a,b", "5432,5433"),
        ("postgresql://u@/db?host=a,b&port=5432,5433", "a,b", "5432,5433"),
    ],
)
def test_an_address_names_several_servers(url: str, hosts: str, ports: str | None) -> None:
    engine = open_engine(url)
    _, given = engine.dialect.create_connect_args(engine.url)
    assert (given["host"], given.get("port"), given["dbname"]) == (hosts, ports, "db")
    assert "p@" not in database_name(engine)
    engine.dispose()


def test_a_server_that_says_nothing_is_not_waited_for_each_time(postgres_url: str) -> None:
    """After a failover the old server may be frozen: its kernel takes connections all the same."""
    good = make_url(postgres_url)
    with socket.create_server(("127.0.0.1", 0)) as silent, PostgresProxy(postgres_url) as proxy:
        ports = f"{silent.getsockname()[1]},{make_url(proxy.url).port}"
        query = {"host": "127.0.0.1,127.0.0.1", "port": ports, "connect_timeout": "2"}
        engine = open_engine(good.set(host=None, port=None, query=query))
        for _ in range(2):
            with reading(engine):
                pass
            engine.dispose()  # the next one connects anew
        silent.accept()[0].close()
        silent.settimeout(0)
        with pytest.raises(BlockingIOError):
            silent.accept()
