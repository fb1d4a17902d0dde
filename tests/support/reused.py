"""One Postgres database for test after test: emptied in between, where making one costs 100 times as much."""

from contextlib import suppress
from typing import LiteralString

import psycopg

from monitor.store.schema import metadata
from tests.support.postgres import PostgresServer, conninfo

# Whoever is still connected would go on writing; those of DROP DATABASE ... WITH (FORCE) end so, too.
_PART: LiteralString = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# No statement changes a row of the catalog in place: a changed row, or a new one, has a later xmin.
_SHAPE: LiteralString = """
    WITH catalog(name, at) AS (
        SELECT 'attribute', xmin FROM pg_attribute
        UNION ALL SELECT 'class', xmin FROM pg_class
        UNION ALL SELECT 'constraint', xmin FROM pg_constraint
        UNION ALL SELECT 'description', xmin FROM pg_description
        UNION ALL SELECT 'function', xmin FROM pg_proc
        UNION ALL SELECT 'right', xmin FROM pg_default_acl
        UNION ALL SELECT 'rule', xmin FROM pg_rewrite
        UNION ALL SELECT 'schema', xmin FROM pg_namespace WHERE nspname NOT LIKE 'pg_%temp_%'
        UNION ALL SELECT 'trigger', xmin FROM pg_trigger
        UNION ALL SELECT 'version', xmin FROM schema_version
    )
    SELECT name, count(*)::text, max(at::text::bigint)::text FROM catalog GROUP BY name
    UNION ALL SELECT 'database', datacl::text, datconnlimit::text
        FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT 'setting', setconfig::text, setrole::text
        FROM pg_db_role_setting JOIN pg_database ON oid = setdatabase WHERE datname = current_database()
    ORDER BY 1, 2, 3
"""
_RESTART: LiteralString = """
    SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences
    WHERE last_value IS NOT NULL
"""
Shape = list[tuple[object, ...]]


class ReusedDatabase:
    """Lends a database that has monitor's schema and no rows; made anew where more than rows was changed."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._lent: tuple[str, Shape] | None = None

    def lend(self) -> str:
        """Return its address."""
        if self._lent is None:
            url = self._server.create_database(template=self._server.template)
            with psycopg.connect(conninfo(url), autocommit=True) as connection:
                self._lent = url, _shape(connection)
        return self._lent[0]

    def take_back(self) -> None:
        """Part whoever is connected from it and empty it, or drop it."""
        assert self._lent
        url, shape = self._lent
        with suppress(psycopg.Error), psycopg.connect(conninfo(url), autocommit=True) as connection:
            connection.execute(_PART)
            if _shape(connection) == shape:
                _empty(connection)
                return
        self.drop()

    def drop(self) -> None:
        """Drop it; the next to ask for one gets another."""
        if self._lent:
            self._server.drop_database(self._lent[0])
        self._lent = None


def _shape(connection: psycopg.Connection) -> Shape:
    """Return what differs once the schema, its comments, rights or settings were changed."""
    return connection.execute(_SHAPE).fetchall()


def _empty(connection: psycopg.Connection) -> None:
    deletes = "; ".join(str(table.delete()) for table in reversed(metadata.sorted_tables))
    connection.execute(deletes.encode())
    connection.execute(_RESTART)
