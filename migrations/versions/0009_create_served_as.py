"""Keep which model an answer names, and show it in the views.

The history is decided anew after it by `monitor db upgrade` itself, since the rules have changed with it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# {name:time} and {n:day} are as in 0007.
FORMS = {
    "sqlite": {"time": "datetime(({}) / 1000, 'unixepoch')", "day": "date(({}) * 86400, 'unixepoch')"},
    "postgresql": {"time": "to_timestamp(({}) / 1000)", "day": "(DATE '1970-01-01' + CAST({} AS integer))"},
}
MODEL_STATUS = """
SELECT p.name AS provider, m.name AS model, t.kind, t.listed, t.status, t.flapping, t.reason,
    {t.since:time} AS since, {t.last_checked_at:time} AS last_checked_at,
    {t.last_available_at:time} AS last_available_at, t.http_status, t.latency_ms,
    {t.retires_at:time} AS retires_at,
    (SELECT CAST(sum(d.answered) AS DOUBLE PRECISION) * 100
            / CAST(nullif(sum(d.answered) + sum(d.unavailable), 0) AS DOUBLE PRECISION)
        FROM daily d
        WHERE d.model_id = m.id
            AND d.day > (SELECT {max(s.started_at) / 86400000 - 30:day} FROM sweep s
                WHERE s.provider_id = m.provider_id AND s.verdict = 'conclusive')
            AND d.day <= (SELECT {max(s.started_at) / 86400000:day} FROM sweep s
                WHERE s.provider_id = m.provider_id AND s.verdict = 'conclusive')
    ) AS uptime_30d, t.served_as
FROM model_state t
JOIN model m ON m.id = t.model_id
JOIN provider p ON p.id = m.provider_id
"""
OBSERVATION_HISTORY = """
SELECT p.name AS provider, m.name AS model, o.sweep_id, s.vantage,
    {s.started_at + o.at_ms:time} AS observed_at, f.outcome, f.reason, f.http_status, o.latency_ms,
    f.attempts, coalesce(s.verdict = 'conclusive', false) AS conclusive, f.kind, f.detail, a.name AS served_as
FROM provider p
CROSS JOIN model m
CROSS JOIN observation o
JOIN sweep s ON s.id = o.sweep_id
JOIN finding f ON f.id = o.finding_id
LEFT JOIN alias a ON a.model_id = o.model_id AND a.number = f.alias
WHERE m.provider_id = p.id AND o.model_id = m.id
"""
VIEWS = {"model_status": MODEL_STATUS, "observation_history": OBSERVATION_HISTORY}
WITHOUT = {
    "model_status": (", t.served_as",),
    "observation_history": (
        ", a.name AS served_as",
        "LEFT JOIN alias a ON a.model_id = o.model_id AND a.number = f.alias\n",
    ),
}
# Findings are looked for by what stands in them: those that lost a part of it are never to be found again.
UNLIKE_ANY = {
    "sqlite": "UPDATE finding SET digest = randomblob(16) WHERE alias IS NOT NULL",
    "postgresql": "UPDATE finding SET digest = decode(md5(random()::text || id), 'hex')"
    " WHERE alias IS NOT NULL",
}


def upgrade() -> None:
    """Add table and columns; no answer of the past says which model it came from.

    Postgres replaces views that only gain columns at their ends, so that rights on them stay.
    """
    if op.get_bind().dialect.name == "sqlite":
        _drop_views()
    op.create_table(
        "alias",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "number", name="pk_alias"),
        sa.UniqueConstraint("model_id", "name", name="uq_alias_model_id_name"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_alias_model_id"),
        sqlite_with_rowid=False,
    )
    op.add_column("finding", sa.Column("alias", sa.Integer()))
    op.add_column("model_state", sa.Column("served_as", sa.Text()))
    _create_views(VIEWS)


def downgrade() -> None:
    """Drop them and the events that tell of them, for which an earlier version has no word."""
    _drop_views()
    op.execute("DELETE FROM event WHERE kind = 'served_model_changed'")
    op.execute(UNLIKE_ANY[op.get_bind().dialect.name])
    op.drop_column("model_state", "served_as")
    op.drop_column("finding", "alias")
    op.drop_table("alias")
    _create_views({name: _without(query, WITHOUT[name]) for name, query in VIEWS.items()})


def _without(query: str, parts: tuple[str, ...]) -> str:
    for part in parts:
        query = query.replace(part, "")
    return query


def _drop_views() -> None:
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")


def _create_views(views: dict[str, str]) -> None:
    dialect = op.get_bind().dialect.name
    for name, query in views.items():
        create = "CREATE OR REPLACE VIEW" if dialect == "postgresql" else "CREATE VIEW"
        op.execute(f"{create} {name} AS{_in_words_of(dialect, query)}")


def _in_words_of(dialect: str, query: str) -> str:
    pieces = []
    for piece in query.split("{"):
        inside, closed, rest = piece.partition("}")
        if not closed:
            pieces.append(piece)
            continue
        expression, _, form = inside.rpartition(":")
        pieces.append(FORMS[dialect][form].format(expression) + rest)
    return "".join(pieces)
