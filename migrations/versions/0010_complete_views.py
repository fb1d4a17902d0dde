"""Keep months and what catalogs say of models' origins, and add columns at the end of views.

The months of days that are there are added up by `monitor db upgrade` itself.

Postgres replaces views that only gain columns at their ends, so that rights on them stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# {name:time} is UTC to the second, and {n:day} a day since 1970, as in 0002; {flag:holds} and {name:bare} are
# as in 0007; {name:end} reads an end that is text; {name:until_now} are the seconds since a moment: 0 where
# the clock was set back.
FORMS = {
    "sqlite": {
        "time": "datetime(({}) / 1000, 'unixepoch')",
        "day": "date(({}) * 86400, 'unixepoch')",
        "holds": "{} = 1",
        "bare": "+{}",
        "end": "datetime({})",
        "until_now": "max(0, CAST(strftime('%s', 'now') AS INTEGER) - {} / 1000)",
    },
    "postgresql": {
        "time": "to_timestamp(({}) / 1000)",
        "day": "(DATE '1970-01-01' + CAST({} AS integer))",
        "holds": "{}",
        "bare": "{}",
        "end": "CAST({} AS timestamptz)",
        "until_now": "greatest(0, CAST(floor(extract(epoch FROM now())) AS bigint) - {} / 1000)",
    },
}
# CROSS JOIN ties SQLite to that order, as in 0007.
UPTIME_DAILY = """
SELECT p.name AS provider, m.name AS model, d.day, d.checks, d.answered, d.unavailable,
    d.unknown, CAST(d.answered AS DOUBLE PRECISION) * 100
        / CAST(nullif(d.answered + d.unavailable, 0) AS DOUBLE PRECISION) AS uptime_percent,
    d.latency_p50_ms, d.latency_p95_ms, m.publisher
FROM provider p
CROSS JOIN model m
CROSS JOIN daily d
WHERE m.provider_id = p.id AND d.model_id = m.id
"""
UPTIME_MONTHLY = UPTIME_DAILY.replace("d.day", "d.month").replace("daily d", "monthly d")
VIEWS = {
    "model_status": """
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
    ) AS uptime_30d, t.served_as, m.publisher
FROM model_state t
JOIN model m ON m.id = t.model_id
JOIN provider p ON p.id = m.provider_id
""",
    "uptime_daily": UPTIME_DAILY,
    "outage_history": """
SELECT p.name AS provider, m.name AS model, {o.began_at:time} AS began_at, {o.ended_at:time} AS ended_at,
    o.ended_at / 1000 - o.began_at / 1000 AS duration_s, o.reason,
    coalesce(o.ended_at / 1000 - o.began_at / 1000, {o.began_at:until_now}) AS duration_so_far_s
FROM provider p
CROSS JOIN model m
CROSS JOIN period o
WHERE m.provider_id = p.id AND o.model_id = m.id AND {o.is_outage:holds}
""",
    "status_history": """
SELECT p.name AS provider, m.name AS model, o.status, {o.began_at:time} AS began_at,
    {o.ended_at:time} AS ended_at, o.ended_at / 1000 - o.began_at / 1000 AS duration_s, o.reason,
    coalesce(o.ended_at / 1000 - o.began_at / 1000, {o.began_at:until_now}) AS duration_so_far_s
FROM provider p
CROSS JOIN model m
CROSS JOIN period o
WHERE m.provider_id = p.id AND o.model_id = m.id
""",
    "change_history": """
SELECT e.id AS event_id, p.name AS provider, m.name AS model, e.kind, {e.began_at:time} AS began_at,
    {e.confirmed_at:time} AS confirmed_at, e.from_status, e.to_status, e.reason, e.sweep_id, e.detail,
    CASE WHEN e.kind = 'retirement_announced' AND e.detail LIKE '____-__-__T__:__:__Z'
        THEN {e.detail:end} END AS retires_at
FROM event e
JOIN provider p ON p.id = {e.provider_id:bare}
LEFT JOIN model m ON m.id = e.model_id AND m.provider_id = p.id
""",
    "sweep_history": """
SELECT s.id AS sweep_id, p.name AS provider, s.vantage, {s.started_at:time} AS started_at,
    {s.finished_at:time} AS finished_at, s.verdict, s.cause, s.listed, s.duplicates, s.probed, s.available,
    s.rate_limited, s.unavailable, s.unknown, s.requests, {s.slot:time} AS slot, s.rejected,
    coalesce(s.voided, s.detail) AS detail
FROM sweep s
JOIN provider p ON p.id = s.provider_id
""",
}
COUNTED = ("checks", "answered", "unavailable", "unknown")
SO_FAR = """,
    coalesce(o.ended_at / 1000 - o.began_at / 1000, {o.began_at:until_now}) AS duration_so_far_s"""
ADDED = {
    "model_status": ", m.publisher",
    "uptime_daily": ", m.publisher",
    "outage_history": SO_FAR,
    "status_history": SO_FAR,
    "change_history": """,
    CASE WHEN e.kind = 'retirement_announced' AND e.detail LIKE '____-__-__T__:__:__Z'
        THEN {e.detail:end} END AS retires_at""",
    "sweep_history": """,
    coalesce(s.voided, s.detail) AS detail""",
}


def upgrade() -> None:
    """Add tables and columns; no row changes."""
    _create_monthly()
    _create_origin()
    if op.get_bind().dialect.name == "sqlite":
        _drop_views()
    _create_views({**VIEWS, "uptime_monthly": UPTIME_MONTHLY})


def downgrade() -> None:
    """Take them away again: months can be had again from the days."""
    _drop_views()
    op.execute("DROP VIEW uptime_monthly")
    op.drop_table("monthly")
    op.drop_table("origin")
    op.drop_column("model", "publisher")
    _create_views({name: query.replace(ADDED[name], "") for name, query in VIEWS.items()})


def _create_monthly() -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "monthly",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date() if on_postgres else sa.Text(), nullable=False),  # YYYY-MM
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTED),
        sa.Column("latency_p50_ms", sa.Integer()),
        sa.Column("latency_p95_ms", sa.Integer()),
        sa.Column("latency_sketch", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("model_id", "month", name="pk_monthly"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_monthly_model_id"),
        sqlite_with_rowid=False,
    )
    if on_postgres:
        op.create_index("ix_monthly_month", "monthly", ["month"])


def _create_origin() -> None:
    op.create_table(
        "origin",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("sweep_id", sa.Integer(), nullable=False),
        sa.Column("owned_by", sa.Text()),
        sa.Column("created", sa.BigInteger()),
        sa.PrimaryKeyConstraint("model_id", "sweep_id", name="pk_origin"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_origin_model_id"),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweep.id"], name="fk_origin_sweep_id"),
        sqlite_with_rowid=False,
    )
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # by code point on both
    op.add_column("model", sa.Column("publisher", name))
    slash = {"sqlite": "instr(name, '/')", "postgresql": "strpos(name, '/')"}[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE model SET publisher = substr(name, 1, {slash} - 1) WHERE {slash} > 1"  # noqa: S608 - as above
    )


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
