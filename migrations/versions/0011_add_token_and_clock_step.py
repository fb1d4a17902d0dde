"""Give running sweeps a token, sweeps the step of the clock, and missed slots their cause.

Postgres replaces a view that only gains a column at its end, so that rights on it stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# {name:time} is UTC to the second, as in 0002
TIMES = {"sqlite": "datetime(({}) / 1000, 'unixepoch')", "postgresql": "to_timestamp(({}) / 1000)"}
SWEEP_HISTORY = """
SELECT s.id AS sweep_id, p.name AS provider, s.vantage, {s.started_at:time} AS started_at,
    {s.finished_at:time} AS finished_at, s.verdict, s.cause, s.listed, s.duplicates, s.probed, s.available,
    s.rate_limited, s.unavailable, s.unknown, s.requests, {s.slot:time} AS slot, s.rejected,
    coalesce(s.voided, s.detail) AS detail, s.clock_step_ms / 1000 AS clock_step_s
FROM sweep s
JOIN provider p ON p.id = s.provider_id
"""
ADDED = ", s.clock_step_ms / 1000 AS clock_step_s"


def upgrade() -> None:
    """Add the columns; no row changes."""
    op.add_column("sweep", sa.Column("token", sa.Text()))
    op.add_column("sweep", sa.Column("clock_step_ms", sa.BigInteger()))
    op.add_column("missed_slot", sa.Column("cause", sa.Text()))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP VIEW sweep_history")
    _create_view(SWEEP_HISTORY)


def downgrade() -> None:
    """Take them away again; what they held is lost."""
    op.execute("DROP VIEW sweep_history")
    op.drop_column("missed_slot", "cause")
    op.drop_column("sweep", "clock_step_ms")
    op.drop_column("sweep", "token")
    _create_view(SWEEP_HISTORY.replace(ADDED, ""))


def _create_view(query: str) -> None:
    dialect = op.get_bind().dialect.name
    create = "CREATE OR REPLACE VIEW" if dialect == "postgresql" else "CREATE VIEW"
    for column in ("started_at", "finished_at", "slot"):
        query = query.replace(f"{{s.{column}:time}}", TIMES[dialect].format(f"s.{column}"))
    op.execute(f"{create} sweep_history AS{query}")
