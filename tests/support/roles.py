"""Roles of a Postgres server for the tests: each has a name of its own, and goes when its test ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from monitor.store.admin.rights import quoted
from monitor.store.connection.engine import writing
from tests.support.postgres import PostgresServer


@contextmanager
def role(server: PostgresServer, name: str = "reader") -> Iterator[str]:
    """Give a role; enter this before the database that it gets rights in."""
    given = f"{name} {uuid4().hex[:8]}"
    server.run(f"CREATE ROLE {quoted(given)}")
    yield given
    server.run(f"DROP ROLE {quoted(given)}")


def may(engine: Engine, role: str, statement: str) -> bool:
    """Tell whether a role may run a statement."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET ROLE {quoted(role)}".replace("%", "%%"))
        try:
            connection.execute(text(statement))
        except ProgrammingError as error:
            if "permission denied" not in str(error):
                raise
            return False
        return True


def reads(engine: Engine, role: str, what: str) -> bool:
    """Tell whether a role may read a view or a table, or columns of it: `day FROM uptime_daily`."""
    words = what if " FROM " in what else f"* FROM {what}"
    return may(engine, role, f"SELECT {words}")


def run(engine: Engine, *statements: str) -> None:
    """Run statements as the owner, names as they are."""
    with writing(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
