"""Rights on the views of a Postgres database: an upgrade keeps them.

Default privileges of Postgres would give a reader tables too, so they are not used: who may read every view
before an upgrade may read the new ones after it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from monitor.core.history.views import VIEWS

# Of the views that a name of ours finds: rights on the whole (no column), and on columns alone. The owner's
# own are left out; PUBLIC has no role's name.
_RIGHTS: Final = text("""
SELECT c.relname, g.attname, a.privilege_type, r.rolname, bool_or(a.is_grantable) AS is_grantable
FROM pg_class c
CROSS JOIN LATERAL (
    SELECT NULL AS attname, c.relacl AS acl
    UNION ALL
    SELECT t.attname, t.attacl FROM pg_attribute t WHERE t.attrelid = c.oid AND NOT t.attisdropped
) g
CROSS JOIN LATERAL aclexplode(g.acl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relkind = 'v' AND c.relname = ANY(:views) AND pg_table_is_visible(c.oid)
    AND a.grantee <> c.relowner AND (a.grantee = 0 OR r.oid IS NOT NULL)
GROUP BY c.relname, g.attname, a.privilege_type, r.rolname
""")
_COLUMNS: Final = text("""
SELECT c.relname, t.attname
FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped
WHERE c.relkind = 'v' AND c.relname = ANY(:views) AND pg_table_is_visible(c.oid)
""")


class Right(NamedTuple):
    """What a role may do with a view, or with one column of it; `role` is None for PUBLIC."""

    view: str
    column: str | None
    privilege: str
    role: str | None


Rights = Mapping[Right, bool]
"""Each right, and whether it may be handed on."""


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever it is made of."""
    return '"' + name.replace('"', '""') + '"'


def execute(connection: Connection, statement: str) -> None:
    """Run a statement as it is: SQLAlchemy would read a `%` in a name as a parameter."""
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(statement)


@contextmanager
def kept_rights(connection: Connection) -> Iterator[None]:
    """Give back what the block takes away by creating views again, and no more than there was."""
    if connection.dialect.name == "sqlite":
        yield
        return
    columns, before = _columns(connection), _rights(connection)
    yield
    after, now = _rights(connection), _columns(connection)
    for statement in _changes(before, after, columns, now):
        execute(connection, statement)


def _changes(
    before: Rights, after: Rights, old: Mapping[str, set[str]], new: Mapping[str, set[str]]
) -> Iterator[str]:
    """Give the statements that bring the rights on views back, and those of readers of all to new ones."""
    for right in after.keys() - before.keys():
        if right.view in old:  # what default privileges added to a view that was created again
            yield f"REVOKE {_what(right)} FROM {_who(right)}"
    for right, is_grantable in before.items():
        is_there = right.view in new and (right.column is None or right.column in new[right.view])
        if is_there and (right not in after or (is_grantable and not after[right])):
            yield f"GRANT {_what(right)} TO {_who(right)}" + (" WITH GRANT OPTION" if is_grantable else "")
    for view in sorted(new.keys() - old.keys()):
        for role in _readers_of_all(before, old):
            yield f"GRANT {_what(Right(view, None, 'SELECT', role))} TO {_who(Right(view, None, '', role))}"


def _readers_of_all(rights: Rights, views: Collection[str]) -> Iterable[str | None]:
    roles = {right.role for right in rights}
    return (
        role
        for role in sorted(roles, key=str)
        if all(Right(view, None, "SELECT", role) in rights for view in views)
    )


def _what(right: Right) -> str:
    column = "" if right.column is None else f" ({quoted(right.column)})"
    return f"{right.privilege}{column} ON {quoted(right.view)}"


def _who(right: Right) -> str:
    return "PUBLIC" if right.role is None else quoted(right.role)


def _rights(connection: Connection) -> Rights:
    rows = connection.execute(_RIGHTS, {"views": list(VIEWS)})
    return {Right(*right): is_grantable for *right, is_grantable in rows}


def _columns(connection: Connection) -> Mapping[str, set[str]]:
    columns: dict[str, set[str]] = {}
    for view, column in connection.execute(_COLUMNS, {"views": list(VIEWS)}):
        columns.setdefault(view, set()).add(column)
    return columns
