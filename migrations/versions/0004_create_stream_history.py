"""Create the view of streamed observations, with the same columns and values on both databases."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# UTC to the second, as in the views of 0002.
TIME = {
    "sqlite": "datetime((s.started_at + o.at_ms) / 1000, 'unixepoch')",
    "postgresql": "to_timestamp((s.started_at + o.at_ms) / 1000)",
}
# CROSS JOIN ties SQLite to that order, as in 0002: from the models, each of a sweep's rows is one look-up.
VIEW = """
CREATE VIEW stream_history AS
SELECT p.name AS provider, m.name AS model, g.sweep_id, {time} AS observed_at, o.latency_ms,
    g.first_token_ms, g.tokens_per_s
FROM provider p
CROSS JOIN model m
CROSS JOIN streamed g
JOIN observation o ON o.model_id = g.model_id AND o.sweep_id = g.sweep_id
JOIN sweep s ON s.id = g.sweep_id
WHERE m.provider_id = p.id AND g.model_id = m.id
"""


def upgrade() -> None:
    """Create the view in the words of this database."""
    op.execute(VIEW.format(time=TIME[op.get_bind().dialect.name]))


def downgrade() -> None:
    """Drop the view; the tables stay."""
    op.execute("DROP VIEW stream_history")
