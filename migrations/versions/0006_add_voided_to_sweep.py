"""Let a sweep say why an operator declared it bad."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no sweep is voided by it."""
    op.add_column("sweep", sa.Column("voided", sa.Text()))


def downgrade() -> None:
    """Drop the column: voided sweeps keep the verdict they had, their reasons are lost."""
    op.drop_column("sweep", "voided")
