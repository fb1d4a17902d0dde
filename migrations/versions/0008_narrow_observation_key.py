"""Let the key of observations include on Postgres what fits into 24 bytes: finding and moment, no latency.

Postgres splits a full leaf page behind the row that comes in only where an entry has at most four integers,
all of one length (`_bt_afternewitemoff`); else in its middle. Models' rows come in by turns, so that with the
latency every page stayed half empty.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_POINTS_AT_IT = "fk_streamed_model_id_sweep_id"


def upgrade() -> None:
    """Build the key anew; no row changes."""
    _include("finding_id, at_ms")


def downgrade() -> None:
    """Build the wider key anew."""
    _include("finding_id, latency_ms, at_ms")


def _include(columns: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.drop_constraint(_POINTS_AT_IT, "streamed")
    op.execute(
        "ALTER TABLE observation DROP CONSTRAINT pk_observation, ADD CONSTRAINT pk_observation"
        f" PRIMARY KEY (model_id, sweep_id) INCLUDE ({columns})"
    )
    key = ["model_id", "sweep_id"]
    op.create_foreign_key(_POINTS_AT_IT, "streamed", "observation", key, key, ondelete="CASCADE")
