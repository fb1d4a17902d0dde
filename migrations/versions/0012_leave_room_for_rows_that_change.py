"""Leave room on Postgres beside the rows that every sweep changes.

A row that has room on its page stays there: its indexes are not touched, so that a sweep dirties and logs the
pages of the rows alone. One transaction changes them all, so a page needs nearly as much room as rows.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROOM = {"model_state": 45, "monthly": 50, "daily": 60}  # percent that new rows may fill
# Small, and what a sweep changes lies scattered in them; the days of which new ones are made are left alone.
GATHERED = {"model_state": "model_id", "monthly": "month, model_id"}


def upgrade() -> None:
    """Set it for pages that are filled from now on, and fill those of small tables again; no row changes."""
    if op.get_bind().dialect.name == "postgresql":
        for table, percent in ROOM.items():
            op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")
        for table, order in GATHERED.items():
            op.execute(f"CREATE TABLE gathered AS TABLE {table}")
            op.execute(f"TRUNCATE {table}")
            op.execute(f"INSERT INTO {table} SELECT * FROM gathered ORDER BY {order}")  # noqa: S608 - our names
            op.execute("DROP TABLE gathered")


def downgrade() -> None:
    """Fill pages to their end again."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ROOM:
            op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
