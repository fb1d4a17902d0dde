"""Derived: what the fold made of the facts, always rebuildable from them or from the horizon on.

What Postgres alone has stands in `info`, and migrations make it: as arguments, SQLAlchemy would load its
dialects for a SQLite file, too.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from monitor.core.domain.state import ModelState
from monitor.store.schema.naming import Month, metadata, value_columns

event = Table(
    "event",
    metadata,
    # sweep_id * 2**20 + place in the sweep (rules.md 26): a rebuild gives the same ids.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("provider_id", ForeignKey("provider.id"), nullable=False),
    Column("sweep_id", ForeignKey("sweep.id"), nullable=False),
    # The start of its sweep. Sweeps take their turn by it; ids may not, where several start within seconds.
    Column("swept_at", BigInteger, nullable=False),
    Column("model_id", ForeignKey("model.id")),
    Column("kind", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text),
    Column("reason", Text),
    Column("detail", Text),
    Index(None, "swept_at", "id"),  # the change log of all, of a model, of a provider
    Index(None, "model_id", "swept_at", "id"),
    Index(None, "provider_id", "swept_at", "id"),
)
# few of the events: the index is small and finds retirements without reading a life
_ABOUT_RETIREMENT = (event.c.from_status == text("'retired'")) | (event.c.to_status == text("'retired'"))
Index(
    "ix_event_retirement",
    event.c.provider_id,
    event.c.model_id,
    sqlite_where=_ABOUT_RETIREMENT,
    info={"postgresql": {"where": _ABOUT_RETIREMENT}},
)

# How long each status lasted, one after the other without a gap. A retirement begins where it was confirmed,
# so that the period before it is the outage of rules.md 21; any other status begins where its event began.
period = Table(
    "period",
    metadata,
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("event_id", BigInteger, nullable=False),  # the event that opened it
    Column("status", Text, nullable=False),
    Column("is_outage", Boolean, nullable=False),  # it was available before: rules.md 21
    Column("reason", Text),
    Column("began_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),  # NULL while it lasts
    Column("end_confirmed_at", BigInteger),
    PrimaryKeyConstraint("model_id", "event_id"),
    sqlite_with_rowid=False,  # the table is its key: one model's periods lie side by side
)
Index(
    "ix_period_outage",
    period.c.ended_at,
    period.c.began_at,
    info={"only_on": "postgresql", "postgresql": {"where": period.c.is_outage}},
)
# When outages began, as the view `outage_history` shows it. On SQLite it is model by model and has all that
# the view shows and asks, so that the view is read from it alone.
Index(
    "ix_period_began",
    period.c.model_id,
    text("datetime((began_at) / 1000, 'unixepoch')"),
    period.c.began_at,
    period.c.ended_at,
    period.c.is_outage,
    period.c.reason,
    sqlite_where=text("is_outage = 1"),
    info={"only_on": "sqlite", "compared": False},
)
Index(
    "ix_period_began",
    text("to_timestamp((began_at) / 1000)"),
    _table=period,
    info={"only_on": "postgresql", "compared": False, "postgresql": {"where": text("is_outage")}},
)

model_state = Table(
    "model_state",
    metadata,
    Column("model_id", ForeignKey("model.id"), primary_key=True),
    *value_columns(ModelState),
    info={
        "postgresql": {"with": {"fillfactor": 45}}
    },  # each sweep changes every row: with room they stay where they are
)

provider_state = Table(
    "provider_state",
    metadata,
    Column("provider_id", ForeignKey("provider.id"), primary_key=True),
    Column("memory", Text, nullable=False),
)


# What was believed at moments of the last two days, every sweep until then folded (derived/checkpoints.py).
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("provider_id", ForeignKey("provider.id"), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    PrimaryKeyConstraint("provider_id", "started_at"),
)


def _counts() -> Iterator[Column[Any]]:
    """Give the columns of what is counted of a length of time (core/history/daily.py)."""
    for name in ("checks", "answered", "unavailable", "unknown"):
        yield Column(name, Integer, nullable=False)
    yield Column("latency_p50_ms", Integer)
    yield Column("latency_p95_ms", Integer)
    # core/history/latency_histogram.py; NULL where no latency was measured
    yield Column("latency_sketch", LargeBinary)


daily = Table(
    "daily",
    metadata,
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("day", Date, nullable=False),  # a date, so that a condition on the view's day reaches the key
    *_counts(),
    PrimaryKeyConstraint("model_id", "day"),
    sqlite_with_rowid=False,
    info={"postgresql": {"with": {"fillfactor": 60}}},
)
Index("ix_daily_day", daily.c.day, info={"only_on": "postgresql"})  # SQLite has a range for each model

monthly = Table(  # the days of a month added up; SQL cannot merge their histograms
    "monthly",
    metadata,
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("month", Month, nullable=False),
    *_counts(),
    PrimaryKeyConstraint("model_id", "month"),
    sqlite_with_rowid=False,
    info={"postgresql": {"with": {"fillfactor": 50}}},
)
Index("ix_monthly_month", monthly.c.month, info={"only_on": "postgresql"})
