"""Create status periods, latency sketches and the prune horizon; let the views reach their keys.

The sketches of days that are there are filled by `monitor db upgrade` itself, which counts those days anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# {name:time} is UTC to the second, as in 0002; {n:day} the date of a day since 1970; {flag:holds} is as the
# partial index says it; {name:bare} keeps SQLite from an index: it has no statistics, and would look for a
# model's events among all of its provider's.
FORMS = {
    "sqlite": {
        "time": "datetime(({}) / 1000, 'unixepoch')",
        "day": "date(({}) * 86400, 'unixepoch')",
        "holds": "{} = 1",
        "bare": "+{}",
    },
    "postgresql": {
        "time": "to_timestamp(({}) / 1000)",
        "day": "(DATE '1970-01-01' + CAST({} AS integer))",
        "holds": "{}",
        "bare": "{}",
    },
}
# CROSS JOIN ties SQLite to that order: from the models, a day or a period is one range of their keys.
MODEL_STATUS = """
SELECT p.name AS provider, m.name AS model, t.kind, t.listed, t.status, t.flapping, t.reason,
    {t.since:time} AS since, {t.last_checked_at:time} AS last_checked_at,
    {t.last_available_at:time} AS last_available_at, t.http_status, t.latency_ms,
    {t.retires_at:time} AS retires_at,
    (SELECT CAST(sum(d.answered) AS DOUBLE PRECISION) * 100
            / CAST(nullif(sum(d.answered) + sum(d.unavailable), 0) AS DOUBLE PRECISION)
        FROM daily d
        WHERE d.model_id = m.id
            AND d.day > (SELECT <max(s.started_at) / 86400000 - 30> FROM sweep s
                WHERE s.provider_id = m.provider_id AND s.verdict = 'conclusive')
            AND d.day <= (SELECT <max(s.started_at) / 86400000> FROM sweep s
                WHERE s.provider_id = m.provider_id AND s.verdict = 'conclusive')
    ) AS uptime_30d
FROM model_state t
JOIN model m ON m.id = t.model_id
JOIN provider p ON p.id = m.provider_id
"""
# A model's events are found by its provider's and its own name only where the two are tied together.
CHANGES = """
SELECT e.id AS event_id, p.name AS provider, m.name AS model, e.kind, {{e.began_at:time}} AS began_at,
    {{e.confirmed_at:time}} AS confirmed_at, e.from_status, e.to_status, e.reason, e.sweep_id, e.detail
FROM event e
JOIN provider p ON {provider}
LEFT JOIN model m ON {model}
"""
DAYS_AS_DATES = (("(SELECT <", "(SELECT {"), ("> FROM sweep", ":day} FROM sweep"))
DAYS_AS_NUMBERS = (("(SELECT <", "(SELECT "), ("> FROM sweep", " FROM sweep"))


def _with(replaced: tuple[tuple[str, str], ...]) -> str:
    query = MODEL_STATUS
    for old, new in replaced:
        query = query.replace(old, new)
    return query


VIEWS = {
    "model_status": _with(DAYS_AS_DATES),
    "uptime_daily": """
SELECT p.name AS provider, m.name AS model, d.day, d.checks, d.answered, d.unavailable,
    d.unknown, CAST(d.answered AS DOUBLE PRECISION) * 100
        / CAST(nullif(d.answered + d.unavailable, 0) AS DOUBLE PRECISION) AS uptime_percent,
    d.latency_p50_ms, d.latency_p95_ms
FROM provider p
CROSS JOIN model m
CROSS JOIN daily d
WHERE m.provider_id = p.id AND d.model_id = m.id
""",
    "outage_history": """
SELECT p.name AS provider, m.name AS model, {o.began_at:time} AS began_at, {o.ended_at:time} AS ended_at,
    o.ended_at / 1000 - o.began_at / 1000 AS duration_s, o.reason
FROM provider p
CROSS JOIN model m
CROSS JOIN period o
WHERE m.provider_id = p.id AND o.model_id = m.id AND {o.is_outage:holds}
""",
    "status_history": """
SELECT p.name AS provider, m.name AS model, o.status, {o.began_at:time} AS began_at,
    {o.ended_at:time} AS ended_at, o.ended_at / 1000 - o.began_at / 1000 AS duration_s, o.reason
FROM provider p
CROSS JOIN model m
CROSS JOIN period o
WHERE m.provider_id = p.id AND o.model_id = m.id
""",
    "change_history": CHANGES.format(
        provider="p.id = {e.provider_id:bare}", model="m.id = e.model_id AND m.provider_id = p.id"
    ),
}
BEFORE = {
    "model_status": _with(DAYS_AS_NUMBERS),
    "uptime_daily": """
SELECT p.name AS provider, m.name AS model, {d.day:day} AS day, d.checks, d.answered, d.unavailable,
    d.unknown, CAST(d.answered AS DOUBLE PRECISION) * 100
        / CAST(nullif(d.answered + d.unavailable, 0) AS DOUBLE PRECISION) AS uptime_percent,
    d.latency_p50_ms, d.latency_p95_ms
FROM provider p
JOIN model m ON m.provider_id = p.id
JOIN daily d ON d.model_id = m.id
""",
    "outage_history": """
SELECT p.name AS provider, m.name AS model, {b.began_at:time} AS began_at,
    {CASE e.kind WHEN 'retired' THEN e.confirmed_at ELSE e.began_at END:time} AS ended_at,
    CASE e.kind WHEN 'retired' THEN e.confirmed_at ELSE e.began_at END / 1000
        - b.began_at / 1000 AS duration_s,
    b.reason
FROM event b
JOIN model m ON m.id = b.model_id
JOIN provider p ON p.id = m.provider_id
LEFT JOIN event e ON e.id = (SELECT n.id FROM event n
    WHERE n.model_id = b.model_id AND (n.swept_at, n.id) > (b.swept_at, b.id)
        AND n.kind IN ('became_available', 'retired')
    ORDER BY n.swept_at, n.id LIMIT 1)
WHERE b.kind = 'became_unavailable' AND b.from_status = 'available'
""",
    "change_history": CHANGES.format(provider="p.id = e.provider_id", model="m.id = e.model_id"),
}
STATUS_EVENTS = "('appeared', 'reappeared', 'became_available', 'became_unavailable', 'retired')"
PERIODS = f"""
INSERT INTO period (model_id, event_id, status, is_outage, reason, began_at, confirmed_at, ended_at,
    end_confirmed_at)
SELECT model_id, id, to_status, kind = 'became_unavailable' AND from_status = 'available', reason, turn,
    confirmed_at,
    lead(turn) OVER (PARTITION BY model_id ORDER BY swept_at, id),
    lead(confirmed_at) OVER (PARTITION BY model_id ORDER BY swept_at, id)
FROM (SELECT *, CASE kind WHEN 'retired' THEN confirmed_at ELSE began_at END AS turn FROM event) told
WHERE model_id IS NOT NULL AND kind IN {STATUS_EVENTS}
"""  # noqa: S608 - the kinds are named above
# What a view shows is what is indexed: when outages began. SQLite finds them model by model and reads all
# that is told of them there, `is_outage` included, without which the index would not cover the view. The rows
# of Postgres have another order: it gets an index of days, too.
INDEXES = {
    "sqlite": (
        """CREATE INDEX ix_period_began ON period (model_id, datetime((began_at) / 1000, 'unixepoch'),
        began_at, ended_at, is_outage, reason) WHERE is_outage = 1""",
    ),
    "postgresql": (
        "CREATE INDEX ix_period_began ON period (to_timestamp((began_at) / 1000)) WHERE is_outage",
        "CREATE INDEX ix_period_outage ON period (ended_at, began_at) WHERE is_outage",
        "CREATE INDEX ix_daily_day ON daily (day)",
    ),
}
COUNTED = ("checks", "answered", "unavailable", "unknown")


def upgrade() -> None:
    """Create the tables, fill the periods from the events, and write days as dates."""
    _drop_views()
    _create_period()
    op.execute(PERIODS)
    op.create_table(
        "horizon",
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name="pk_horizon"),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name="fk_horizon_provider_id"),
    )
    _change_days(sa.Date(), "{day:day}", "DATE '1970-01-01' + day")
    op.add_column("daily", sa.Column("latency_sketch", sa.LargeBinary()))
    for statement in INDEXES[op.get_bind().dialect.name]:
        op.execute(statement)
    _create_views(VIEWS)


def downgrade() -> None:
    """Drop periods, sketches and horizon: all but the horizon can be had again from the events and facts."""
    op.execute("DROP VIEW status_history")
    _drop_views()
    op.execute("DROP INDEX IF EXISTS ix_daily_day")
    op.drop_column("daily", "latency_sketch")
    _change_days(sa.Integer(), "CAST(strftime('%s', day) / 86400 AS INTEGER)", "day - DATE '1970-01-01'")
    op.drop_table("horizon")
    op.drop_table("period")
    _create_views(BEFORE)


def _create_period() -> None:
    op.create_table(
        "period",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_outage", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("end_confirmed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("model_id", "event_id", name="pk_period"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_period_model_id"),
        sqlite_with_rowid=False,
    )


def _change_days(kind: sa.Date | sa.Integer, sqlite: str, postgres: str) -> None:
    """Give the column `day` another type; a SQLite table is written anew, in the order of its key."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("daily", "day", type_=kind, postgresql_using=postgres)
        return
    op.rename_table("daily", "daily_before")
    op.create_table(
        "daily",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("day", kind, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTED),
        sa.Column("latency_p50_ms", sa.Integer()),
        sa.Column("latency_p95_ms", sa.Integer()),
        sa.PrimaryKeyConstraint("model_id", "day", name="pk_daily"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_daily_model_id"),
        sqlite_with_rowid=False,
    )
    rest = f"{', '.join(COUNTED)}, latency_p50_ms, latency_p95_ms"
    day = _in_words_of("sqlite", sqlite)
    op.execute(
        f"INSERT INTO daily (model_id, day, {rest}) SELECT model_id, {day}, {rest}"  # noqa: S608 - as above
        " FROM daily_before ORDER BY model_id, day"
    )
    op.drop_table("daily_before")


def _drop_views() -> None:
    for name in BEFORE:
        op.execute(f"DROP VIEW {name}")


def _create_views(views: dict[str, str]) -> None:
    dialect = op.get_bind().dialect.name
    for name, query in views.items():
        op.execute(f"CREATE VIEW {name} AS{_in_words_of(dialect, query)}")


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
