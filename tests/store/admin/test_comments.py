"""Postgres explains the views itself, in the words of docs/sql.md."""

from sqlalchemy import Engine, text

from monitor.core.history.views import VIEWS
from monitor.store.admin.migrate import prepare, upgrade
from monitor.store.connection.engine import open_engine, reading, writing

_COMMENTS = text("""
SELECT c.relname, t.attname, col_description(c.oid, t.attnum), obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0
WHERE c.relkind = 'v' AND c.relnamespace = CAST('public' AS regnamespace)
""")


def comments(engine: Engine) -> dict[tuple[str, str], tuple[str, str]]:
    """Return what stands beside each column: its comment and its view's."""
    with reading(engine) as connection:
        rows = connection.execute(_COMMENTS)
        return {(view, column): (words, title) for view, column, words, title in rows}


def test_every_view_and_column_has_its_description_as_a_comment(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    prepare(engine)
    described = {
        (view.name, column.name): (column.description, view.description)
        for view in VIEWS.values()
        for column in view.columns
    }
    assert comments(engine) == described
    with writing(engine) as connection:
        connection.execute(text("COMMENT ON VIEW model_status IS 'of an older version'"))
        connection.execute(text("COMMENT ON COLUMN uptime_daily.day IS NULL"))
    upgrade(engine)
    assert comments(engine) == described
    engine.dispose()
