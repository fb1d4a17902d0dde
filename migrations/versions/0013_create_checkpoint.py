"""Create the checkpoints that late sweeps are folded from; sweeps to come fill them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "checkpoint",
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "started_at", name="pk_checkpoint"),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name="fk_checkpoint_provider_id"),
    )


def downgrade() -> None:
    """Drop it: everything in it can be had again."""
    op.drop_table("checkpoint")
