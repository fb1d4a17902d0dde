"""Whether a Postgres server lets this role do what a daemon does: write every table, hold a session."""

from typing import Final

from sqlalchemy import Engine, text

from monitor.store.connection.engine import reading
from monitor.store.connection.errors import translated
from monitor.store.connection.keeping.pooler import require_session
from monitor.store.schema import metadata

_UNWRITABLE: Final = text("""
SELECT c.relname
FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND c.relname = ANY(:tables) AND pg_table_is_visible(c.oid)
    AND NOT (has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
        AND has_table_privilege(c.oid, 'DELETE'))
ORDER BY c.relname
""")


def unwritable_tables(engine: Engine) -> list[str]:
    """Return the tables of ours in which this role may not insert, update and delete. Raises StoreError."""
    with reading(engine) as connection:
        return list(connection.scalars(_UNWRITABLE, {"tables": [*metadata.tables]}))


def require_own_session(engine: Engine) -> None:
    """Make sure that a connection has its own session; raises StoreError for a pooler that shares them."""
    with translated(engine), engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        require_session(engine, connection)
