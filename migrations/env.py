"""Runs migrations on the connection that monitor/store/admin/migrate.py hands over, inside its transaction.

Called by a developer's `alembic -x url=...` instead, it opens that database itself.
"""

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem

from monitor.store.admin.migrate import VERSION_TABLE
from monitor.store.connection.engine import open_engine
from monitor.store.schema import metadata

UNCOMPARED = {
    index.name
    for table in metadata.tables.values()
    for index in table.indexes
    if not index.info.get("compared", True)
}


def belongs(thing: SchemaItem, name: str | None, *_: object) -> bool:
    """Leave out of comparisons what another kind of database has, and indexes of expressions.

    No database gives an expression back as it was written.
    """
    home = context.get_context().dialect.name
    return bool(thing.info.get("only_on", home) == home) and name not in UNCOMPARED


def run(connection: Connection) -> None:
    """Run what alembic asks for, leaving the transaction to whoever opened it."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,
        include_object=belongs,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    run(given)
else:
    with open_engine(context.get_x_argument(as_dictionary=True)["url"]).begin() as opened:
        run(opened)
