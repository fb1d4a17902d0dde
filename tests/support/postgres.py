"""A Postgres server for the tests: one that they start by themselves, and databases on it."""

from dataclasses import dataclass
from uuid import uuid4

import psycopg
from sqlalchemy import make_url


@dataclass(frozen=True)
class PostgresServer:
    """A running server: `url` names its maintenance database, `template` one that has monitor's schema."""

    url: str
    template: str

    def create_database(self, *, template: str = "template1") -> str:
        """Create a database of its own for a test and return its address."""
        name = f"test_{uuid4().hex}"
        # Copied as files: with fsync off that takes half the time of copying through the log.
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.address_of(name)

    def drop_database(self, url: str) -> None:
        """Drop a test's database, whoever is still connected."""
        self.run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def address_of(self, name: str) -> str:
        """Return the address of another database on this server."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def run(self, statement: str) -> None:
        """Run one statement outside of any transaction."""
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            connection.execute(statement.encode())


def conninfo(url: str) -> str:
    """Return an address of SQLAlchemy's as psycopg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
