"""Create the views of the public interface, with the same columns and values on both databases."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# {name:time} is UTC to the second: text on SQLite, timestamptz on Postgres; {name:day} a day since 1970.
TIME = {
    "sqlite": "datetime(({}) / 1000, 'unixepoch')",
    "postgresql": "to_timestamp(({}) / 1000)",
}
DAY = {
    "sqlite": "date(({}) * 86400, 'unixepoch')",
    "postgresql": "(DATE '1970-01-01' + CAST({} AS integer))",
}
# CROSS JOIN ties SQLite to that order: from the models, a sweep's rows are one look-up each, never a scan.
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
            AND d.day > (SELECT max(s.started_at) FROM sweep s
                WHERE s.provider_id = m.provider_id AND s.verdict = 'conclusive') / 86400000 - 30
            AND d.day <= (SELECT max(s.started_at) FROM sweep s
                WHERE s.provider_id = m.provider_id AND s.verdict = 'conclusive') / 86400000
    ) AS uptime_30d
FROM model_state t
JOIN model m ON m.id = t.model_id
JOIN provider p ON p.id = m.provider_id
""",
    "observation_history": """
SELECT p.name AS provider, m.name AS model, o.sweep_id, s.vantage,
    {s.started_at + o.at_ms:time} AS observed_at, f.outcome, f.reason, f.http_status, o.latency_ms,
    f.attempts, coalesce(s.verdict = 'conclusive', false) AS conclusive, f.kind, f.detail
FROM provider p
CROSS JOIN model m
CROSS JOIN observation o
JOIN sweep s ON s.id = o.sweep_id
JOIN finding f ON f.id = o.finding_id
WHERE m.provider_id = p.id AND o.model_id = m.id
""",
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
    "change_history": """
SELECT e.id AS event_id, p.name AS provider, m.name AS model, e.kind, {e.began_at:time} AS began_at,
    {e.confirmed_at:time} AS confirmed_at, e.from_status, e.to_status, e.reason, e.sweep_id, e.detail
FROM event e
JOIN provider p ON p.id = e.provider_id
LEFT JOIN model m ON m.id = e.model_id
""",
    "sweep_history": """
SELECT s.id AS sweep_id, p.name AS provider, s.vantage, {s.started_at:time} AS started_at,
    {s.finished_at:time} AS finished_at, s.verdict, s.cause, s.listed, s.duplicates, s.probed, s.available,
    s.rate_limited, s.unavailable, s.unknown, s.requests, {s.slot:time} AS slot, s.rejected
FROM sweep s
JOIN provider p ON p.id = s.provider_id
""",
    "provider_uptime_daily": """
SELECT p.name AS provider, {c.day:day} AS day, CAST(sum(c.sweeps) AS INTEGER) AS sweeps,
    CAST(sum(c.conclusive) AS INTEGER) AS conclusive, CAST(sum(c.provider_down) AS INTEGER) AS provider_down,
    CAST(sum(c.our_fault) AS INTEGER) AS our_fault, CAST(sum(c.interrupted) AS INTEGER) AS interrupted,
    CAST(sum(c.missed) AS INTEGER) AS missed
FROM (
    SELECT provider_id, started_at / 86400000 AS day, 1 AS sweeps,
        CASE WHEN verdict = 'conclusive' THEN 1 ELSE 0 END AS conclusive,
        CASE WHEN verdict <> 'conclusive'
            AND cause IN ('provider_outage', 'rule_change', 'catalog_unreadable', 'catalog_shrank')
            THEN 1 ELSE 0 END AS provider_down,
        CASE WHEN verdict <> 'conclusive' AND cause IN ('credential', 'quota', 'our_network')
            THEN 1 ELSE 0 END AS our_fault,
        CASE WHEN verdict <> 'conclusive' AND cause = 'interrupted' THEN 1 ELSE 0 END AS interrupted,
        0 AS missed
    FROM sweep WHERE verdict IS NOT NULL
    UNION ALL
    SELECT provider_id, slot / 86400000 AS day, 0, 0, 0, 0, 0, 1 FROM missed_slot
) c
JOIN provider p ON p.id = c.provider_id
GROUP BY p.name, c.day
""",
}


def upgrade() -> None:
    """Create every view in the words of this database."""
    dialect = op.get_bind().dialect.name
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS{_in_words_of(dialect, query)}")


def downgrade() -> None:
    """Drop every view; the tables stay."""
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")


def _in_words_of(dialect: str, query: str) -> str:
    pieces = []
    for piece in query.split("{"):
        inside, closed, rest = piece.partition("}")
        if not closed:
            pieces.append(piece)
            continue
        expression, _, form = inside.rpartition(":")
        pieces.append((TIME if form == "time" else DAY)[dialect].format(expression) + rest)
    return "".join(pieces)
