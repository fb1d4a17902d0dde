"""Gives a role of Postgres the right to read the views, and nothing else."""

import shlex
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine, TextClause, text

from monitor.core.domain.names import unknown_words
from monitor.core.history.views import VIEWS
from monitor.errors import StoreError, UsageError
from monitor.store.admin.migrate import require_current
from monitor.store.admin.rights import execute, quoted
from monitor.store.connection.codecs import is_storable
from monitor.store.connection.engine import is_sqlite, reading, writing
from monitor.store.connection.errors import database_name

_SCHEMA: Final = text("""
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('model_status')
""")
_ROLES: Final = text("SELECT rolname FROM pg_roles ORDER BY rolname")
_MAY_GRANT: Final = text("SELECT has_table_privilege(:view, 'SELECT WITH GRANT OPTION')")
_MAY_READ: Final = text("""
SELECT has_schema_privilege(:role, c.relnamespace, 'USAGE') AND has_table_privilege(:role, c.oid, 'SELECT')
FROM pg_class c WHERE c.oid = to_regclass(:view)
""")


def statements(engine: Engine, role: str) -> list[str]:
    """Return the statements that let a role read every view, without running them.

    Raises UsageError for SQLite, which has no roles, and for a role that does not exist.
    """
    _require_postgres(engine, role)
    with reading(engine) as connection:
        return _statements(connection, role)


def grant(engine: Engine, role: str) -> list[str]:
    """Let a role read every view, in one transaction; returns the statements.

    Raises as `statements` does, and StoreError where the user of the address may not grant that.
    """
    _require_postgres(engine, role)
    with writing(engine) as connection:
        made = _statements(connection, role)
        may_grant = _may(connection, _MAY_GRANT)
        for statement in made if may_grant else ():
            execute(connection, statement)
        # Postgres only warns of a right on the schema that could not be given
        if not may_grant or not _may(connection, _MAY_READ, role):
            raise StoreError(
                f"database {database_name(engine)}: this user may not grant that. Let the owner of the views "
                f"run it, or what this prints: monitor db grant --print {shlex.quote(role)}"
            )
    return made


def _require_postgres(engine: Engine, role: str) -> None:
    if is_sqlite(engine):
        raise UsageError(
            'a SQLite file has no roles: who may read the file reads all of it. Set file_mode = "0640" in '
            "[database] and put readers into the file's group"
        )
    if not is_storable(role):
        raise UsageError("ROLE: no role can have that name")
    require_current(engine)


def _statements(connection: Connection, role: str) -> list[str]:
    roles: Sequence[str] = connection.scalars(_ROLES).all()
    if role not in roles:
        named = [name for name in roles if not name.startswith("pg_")]  # those are the server's own
        hint = f"; create it first: CREATE ROLE {quoted(role)} LOGIN"
        raise UsageError(unknown_words("role", role, named, " on this server") + hint)
    schema = quoted(connection.execute(_SCHEMA).scalar_one())
    views = ", ".join(f"{schema}.{quoted(view)}" for view in VIEWS)
    return [
        f"GRANT USAGE ON SCHEMA {schema} TO {quoted(role)};",
        f"GRANT SELECT ON {views} TO {quoted(role)};",
    ]


def _may(connection: Connection, question: TextClause, role: str = "") -> bool:
    """Ask of every view; of the user of the address where no role is named."""
    named = {"role": role} if role else {}
    return all(connection.scalar(question, {**named, "view": view}) for view in VIEWS)
