"""Create the tables of the history: facts, and what is derived from them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "provider",
    "model",
    "catalog",
    "policy",
    "untracked",
    "sweep",
    "finding",
    "observation",
    "gap",
    "event",
    "model_state",
    "provider_state",
    "daily",
    "missed_slot",
)
ABOUT_RETIREMENT = sa.text("from_status = 'retired' OR to_status = 'retired'")


def upgrade() -> None:
    """Create all tables, referenced ones first."""
    _create_names()
    _create_policies()
    _create_sweep()
    _create_observation()
    _create_event()
    _create_states()
    _create_days()


def downgrade() -> None:
    """Drop all tables and what they hold."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _name(column: str = "name") -> sa.Column[str]:
    by_code_point = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(column, by_code_point, nullable=False)


def _need(column: str, kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column(column, kind or sa.Integer(), nullable=False)


def _count(column: str) -> sa.Column[int]:
    return sa.Column(column, sa.Integer(), nullable=False, server_default=sa.text("0"))


def _flag(column: str) -> sa.Column[bool]:
    return sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.text("false"))


def _pk(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _fk(table: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([f"{target}_id"], [f"{target}.id"], name=f"fk_{table}_{target}_id")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _create_names() -> None:
    op.create_table(
        "provider",
        _need("id"),
        _name(),
        _count("folds"),
        _pk("provider", "id"),
        _unique("provider", "name"),
    )
    op.create_table(
        "model",
        _need("id"),
        _need("provider_id"),
        _name(),
        _pk("model", "id"),
        _fk("model", "provider"),
        _unique("model", "provider_id", "name"),
    )
    op.create_table(
        "catalog",
        _need("id"),
        _need("provider_id"),
        _need("digest", sa.LargeBinary(16)),
        _need("members", sa.Text()),
        _pk("catalog", "id"),
        _fk("catalog", "provider"),
        _unique("catalog", "provider_id", "digest"),
    )


def _create_policies() -> None:
    op.create_table(
        "policy",
        _need("id"),
        _need("digest", sa.LargeBinary(16)),
        _need("document", sa.Text()),
        _pk("policy", "id"),
        _unique("policy", "digest"),
    )
    op.create_table(
        "untracked",
        _need("policy_id"),
        _need("model_id"),
        _pk("untracked", "policy_id", "model_id"),
        _fk("untracked", "policy"),
        _fk("untracked", "model"),
        sqlite_with_rowid=False,
    )


def _create_sweep() -> None:
    op.create_table(
        "sweep",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        _need("provider_id"),
        _name("vantage"),
        sa.Column("slot", sa.BigInteger()),
        _need("started_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("observed_until", sa.BigInteger()),
        *(sa.Column(name, sa.Text()) for name in ("verdict", "cause", "reported_verdict", "reported_cause")),
        _flag("accepted"),
        _flag("imported"),
        sa.Column("detail", sa.Text()),
        _need("policy_id"),
        sa.Column("catalog_id", sa.Integer()),
        *map(_count, ("folds_before", "duplicates", "rejected", "requests", "listed", "probed")),
        *map(_count, ("available", "rate_limited", "unavailable", "unknown")),
        _pk("sweep", "id"),
        *(_fk("sweep", target) for target in ("provider", "policy", "catalog")),
        _unique("sweep", "provider_id", "vantage", "slot"),
        _unique("sweep", "provider_id", "vantage", "started_at"),
    )
    for columns in (["started_at"], ["observed_until"], ["verdict", "started_at"]):
        op.create_index(f"ix_sweep_provider_id_{'_'.join(columns)}", "sweep", ["provider_id", *columns])


def _create_observation() -> None:
    op.create_table(
        "finding",
        _need("id"),
        _need("digest", sa.LargeBinary(16)),
        *(_need(name, sa.Text()) for name in ("outcome", "reason", "kind")),
        sa.Column("http_status", sa.Integer()),
        _need("attempts"),
        sa.Column("retires_at", sa.BigInteger()),
        sa.Column("detail", sa.Text()),
        _pk("finding", "id"),
        _unique("finding", "digest"),
    )
    op.create_table(
        "observation",
        *map(_need, ("model_id", "sweep_id", "finding_id")),
        sa.Column("latency_ms", sa.Integer()),
        _need("at_ms"),
        _pk("observation", "model_id", "sweep_id"),
        *(_fk("observation", target) for target in ("model", "sweep", "finding")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _suit_observation_to_postgres()
    op.create_table(
        "gap",
        *map(_need, ("model_id", "sweep_id")),
        _pk("gap", "model_id", "sweep_id"),
        *(_fk("gap", target) for target in ("model", "sweep")),
        sqlite_with_rowid=False,
    )


def _suit_observation_to_postgres() -> None:
    """One model's history comes from the index alone, a sweep's rows by a BRIN of a few pages.

    The vacuum settings keep the visibility map fresh, without which index-only scans read the heap.
    """
    op.execute(
        "ALTER TABLE observation DROP CONSTRAINT pk_observation, ADD CONSTRAINT pk_observation"
        " PRIMARY KEY (model_id, sweep_id) INCLUDE (finding_id, latency_ms, at_ms)"
    )
    op.execute(
        "ALTER TABLE observation SET"
        " (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000)"
    )
    op.execute(
        "CREATE INDEX ix_observation_sweep_id ON observation"
        " USING brin (sweep_id) WITH (pages_per_range = 32)"
    )


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *map(_need, ("provider_id", "sweep_id")),
        _need("swept_at", sa.BigInteger()),
        sa.Column("model_id", sa.Integer()),
        _need("kind", sa.Text()),
        _need("began_at", sa.BigInteger()),
        _need("confirmed_at", sa.BigInteger()),
        *(sa.Column(name, sa.Text()) for name in ("from_status", "to_status", "reason", "detail")),
        _pk("event", "id"),
        *(_fk("event", target) for target in ("provider", "sweep", "model")),
    )
    for columns in (["swept_at", "id"], ["model_id", "swept_at", "id"], ["provider_id", "swept_at", "id"]):
        op.create_index(f"ix_event_{'_'.join(columns)}", "event", columns)
    op.create_index(
        "ix_event_retirement",
        "event",
        ["provider_id", "model_id"],
        sqlite_where=ABOUT_RETIREMENT,
        postgresql_where=ABOUT_RETIREMENT,
    )


def _create_states() -> None:
    op.create_table(
        "model_state",
        _need("model_id"),
        _need("status", sa.Text()),
        sa.Column("reason", sa.Text()),
        _need("since", sa.BigInteger()),
        _need("listed", sa.Boolean()),
        _need("flapping", sa.Boolean()),
        _need("kind", sa.Text()),
        sa.Column("last_checked_at", sa.BigInteger()),
        sa.Column("last_available_at", sa.BigInteger()),
        sa.Column("http_status", sa.Integer()),
        sa.Column("latency_ms", sa.Integer()),
        sa.Column("retires_at", sa.BigInteger()),
        _need("memory", sa.Text()),
        _pk("model_state", "model_id"),
        _fk("model_state", "model"),
    )
    op.create_table(
        "provider_state",
        _need("provider_id"),
        _need("memory", sa.Text()),
        _pk("provider_state", "provider_id"),
        _fk("provider_state", "provider"),
    )


def _create_days() -> None:
    op.create_table(
        "daily",
        *map(_need, ("model_id", "day", "checks", "answered", "unavailable", "unknown")),
        sa.Column("latency_p50_ms", sa.Integer()),
        sa.Column("latency_p95_ms", sa.Integer()),
        _pk("daily", "model_id", "day"),
        _fk("daily", "model"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "missed_slot",
        _need("provider_id"),
        _name("vantage"),
        _need("slot", sa.BigInteger()),
        _pk("missed_slot", "provider_id", "vantage", "slot"),
        _fk("missed_slot", "provider"),
        sqlite_with_rowid=False,
    )
