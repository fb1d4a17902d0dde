"""Create the tables for streamed signals, for what the prober learned, and for acceptances that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("streamed", "knowledge", "acceptance")


def upgrade() -> None:
    """Create the tables; no row that is there is touched."""
    _create_streamed()
    _create_keyed("knowledge", "model", sa.Column("document", sa.Text(), nullable=False))
    _create_keyed("acceptance", "provider", sa.Column("accepted_at", sa.BigInteger(), nullable=False))


def downgrade() -> None:
    """Drop the tables and what they hold; the observations stay, without what streaming told of them."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _create_streamed() -> None:
    key = ["model_id", "sweep_id"]
    op.create_table(
        "streamed",
        *(sa.Column(name, sa.Integer(), nullable=False) for name in key),
        sa.Column("first_token_ms", sa.Integer()),
        sa.Column("tokens_per_s", sa.Double()),
        sa.PrimaryKeyConstraint(*key, name="pk_streamed"),
        sa.ForeignKeyConstraint(
            key,
            [f"observation.{name}" for name in key],
            name="fk_streamed_model_id_sweep_id",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _suit_streamed_to_postgres()


def _suit_streamed_to_postgres() -> None:
    """Find a sweep's rows by a BRIN of a few pages, as those of `observation`; vacuum keeps it up to date."""
    op.execute(
        "ALTER TABLE streamed SET"
        " (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000)"
    )
    op.execute(
        "CREATE INDEX ix_streamed_sweep_id ON streamed USING brin (sweep_id) WITH (pages_per_range = 32)"
    )


def _create_keyed(name: str, owner: str, what: sa.Column[int] | sa.Column[str]) -> None:
    """Create a table with at most one row for each model or provider."""
    op.create_table(
        name,
        sa.Column(f"{owner}_id", sa.Integer(), nullable=False),
        what,
        sa.PrimaryKeyConstraint(f"{owner}_id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint([f"{owner}_id"], [f"{owner}.id"], name=f"fk_{name}_{owner}_id"),
    )
