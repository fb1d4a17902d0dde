"""Create the outbox of messages, and the memory of what people were not told."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENTS = ("claimed_until", "delivered_at", "given_up_at")
IS_PENDING = sa.text("delivered_at IS NULL AND given_up_at IS NULL")


def upgrade() -> None:
    """Create the tables; no row that is there is touched."""
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("channel", "topic", "subject", "document")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created_at", "due_at")),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("claimed_by", sa.Text()),
        *(sa.Column(name, sa.BigInteger()) for name in MOMENTS),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("channel", "topic", "subject", name="uq_delivery_channel_topic_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_channel_delivered_at", "delivery", ["channel", "delivered_at"])
    op.create_index(
        "ix_delivery_pending",
        "delivery",
        ["channel", "due_at"],
        sqlite_where=IS_PENDING,
        postgresql_where=IS_PENDING,
    )
    op.create_table(
        "telling",
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name="pk_telling"),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name="fk_telling_provider_id"),
    )


def downgrade() -> None:
    """Drop the tables and what they hold; the history stays."""
    op.drop_table("telling")
    op.drop_table("delivery")
