"""The comments on views and columns of a Postgres database: what docs/sql.md says of them."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, text

from monitor.core.history.views import VIEWS
from monitor.store.admin.rights import execute, quoted

_STAND: Final = text("""
SELECT c.relname, t.attname, d.description
FROM pg_description d
JOIN pg_class c ON c.oid = d.objoid AND d.classoid = CAST('pg_class' AS regclass)
LEFT JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum = d.objsubid AND d.objsubid > 0
WHERE c.relname = ANY(:views) AND pg_table_is_visible(c.oid)
""")


def describe_views(connection: Connection) -> None:
    """Bring the comments to what this version says; an upgrade without a change writes none."""
    if connection.dialect.name == "sqlite":  # which has none
        return
    rows = connection.execute(_STAND, {"views": list(VIEWS)})
    stand = {(view, column): words for view, column, words in rows}
    for view, column, words in _descriptions():
        if stand.get((view, column)) != words:
            place = f"VIEW {quoted(view)}" if column is None else f"COLUMN {quoted(view)}.{quoted(column)}"
            literal = words.replace("'", "''")
            execute(connection, f"COMMENT ON {place} IS '{literal}'")


def _descriptions() -> Iterator[tuple[str, str | None, str]]:
    for view in VIEWS.values():
        yield view.name, None, view.description
        for column in view.columns:
            yield view.name, column.name, column.description
