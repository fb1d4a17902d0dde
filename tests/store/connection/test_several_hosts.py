"""Several servers in one address, as libpq writes them and as SQLAlchemy does."""

import pytest

from monitor.store.connection.engine import open_engine
from monitor.store.connection.errors import database_name


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
