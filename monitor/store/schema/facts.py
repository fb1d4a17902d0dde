"""Facts: what sweeps saw and with which policy they were decided. Nothing can rebuild these.

Times are integer milliseconds since 1970 UTC. An observation is five small integers; everything that repeats
across observations is stored once as a `finding`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from monitor.store.schema.naming import NAME, metadata

provider = Table(
    "provider",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", NAME, nullable=False, unique=True),
    # Counts how often derived rows changed: a decision made on older ones is noticed and made again.
    Column("folds", Integer, nullable=False, server_default=text("0")),
)

model = Table(
    "model",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("provider_id", ForeignKey("provider.id"), nullable=False),
    Column("name", NAME, nullable=False),
    # core/history/publishers.py: derived of the ids and of the latest `origin` of the provider's models.
    Column("publisher", NAME),
    UniqueConstraint("provider_id", "name"),
)

catalog = Table(
    "catalog",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("provider_id", ForeignKey("provider.id"), nullable=False),
    Column("digest", LargeBinary(16), nullable=False),  # equal lists are found by it, without comparing texts
    Column("members", Text, nullable=False),  # JSON list of model ids in the catalog's order
    UniqueConstraint("provider_id", "digest"),
)

policy = Table(
    "policy",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("document", Text, nullable=False),
)

untracked = Table(  # listed models that a policy's include/exclude leaves out
    "untracked",
    metadata,
    Column("policy_id", ForeignKey("policy.id"), nullable=False),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    PrimaryKeyConstraint("policy_id", "model_id"),
    sqlite_with_rowid=False,
)

sweep = Table(
    "sweep",
    metadata,
    # Seconds since 2020, moved up on a collision: an id range is a time range.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("provider_id", ForeignKey("provider.id"), nullable=False),
    Column("vantage", NAME, nullable=False),
    Column("slot", BigInteger),  # NULL for a sweep outside the schedule
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("observed_until", BigInteger),  # its last observation's moment, at least started_at
    Column("verdict", Text),
    Column("cause", Text),
    Column("reported_verdict", Text),  # a record's: voiding is taken back by it
    Column("reported_cause", Text),
    Column("accepted", Boolean, nullable=False, server_default=text("false")),
    Column("imported", Boolean, nullable=False, server_default=text("false")),
    Column("detail", Text),
    Column("voided", Text),  # why an operator declared it bad (rules.md 31); it is then inconclusive
    Column("policy_id", ForeignKey("policy.id"), nullable=False),
    Column("catalog_id", ForeignKey("catalog.id")),
    # the provider's `folds` when the sweep began: who derived since then is noticed
    Column("folds_before", Integer, nullable=False, server_default=text("0")),
    Column("duplicates", Integer, nullable=False, server_default=text("0")),
    Column("rejected", Integer, nullable=False, server_default=text("0")),
    Column("requests", Integer, nullable=False, server_default=text("0")),
    Column("listed", Integer, nullable=False, server_default=text("0")),
    Column("probed", Integer, nullable=False, server_default=text("0")),
    Column("available", Integer, nullable=False, server_default=text("0")),
    Column("rate_limited", Integer, nullable=False, server_default=text("0")),
    Column("unavailable", Integer, nullable=False, server_default=text("0")),
    Column("unknown", Integer, nullable=False, server_default=text("0")),
    Column("token", Text),  # who may write of it while it runs: new with every opening
    Column("clock_step_ms", BigInteger),  # how far the wall clock was set while it ran; NULL where it was not
    UniqueConstraint("provider_id", "vantage", "slot"),  # NULL slots do not collide
    UniqueConstraint("provider_id", "vantage", "started_at"),  # an import finds its sweep by it (rules.md 30)
    Index(None, "provider_id", "started_at"),
    Index(None, "provider_id", "observed_until"),
    Index(None, "provider_id", "verdict", "started_at"),  # the last conclusive sweep is one step of it
)

# Under which other names the answers of a model came (rules.md 37). A finding says which by its number:
# models share findings though each has names of its own, so that findings stay few and their ids short.
alias = Table(
    "alias",
    metadata,
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("model_id", "number"),
    UniqueConstraint("model_id", "name"),
    sqlite_with_rowid=False,
)

finding = Table(
    "finding",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),  # equal findings are found by it
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("http_status", Integer),
    Column("attempts", Integer, nullable=False),
    Column("retires_at", BigInteger),
    Column("detail", Text),
    # Number of the model's name in the answer, 0 for its own, NULL where it was not read or nothing answered.
    Column("alias", Integer),
)

# Clustered by model on SQLite; on Postgres the primary key carries every column but the latency, so one
# model's history is counted from the index alone, and the BRIN finds a sweep's rows.
observation = Table(
    "observation",
    metadata,
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("sweep_id", ForeignKey("sweep.id"), nullable=False),
    Column("finding_id", ForeignKey("finding.id"), nullable=False),
    Column("latency_ms", Integer),  # NULL where nothing answered in full
    Column("at_ms", Integer, nullable=False),
    PrimaryKeyConstraint("model_id", "sweep_id"),
    sqlite_with_rowid=False,  # rowids would cost 1.8 times the space
)
Index(
    "ix_observation_sweep_id",
    observation.c.sweep_id,
    info={"only_on": "postgresql", "postgresql": {"using": "brin"}},
)

# What only streamed answers have, apart from `observation` to keep that narrow; it goes with its observation.
streamed = Table(
    "streamed",
    metadata,
    Column("model_id", Integer, nullable=False),
    Column("sweep_id", Integer, nullable=False),
    Column("first_token_ms", Integer),
    Column("tokens_per_s", Double),
    PrimaryKeyConstraint("model_id", "sweep_id"),
    ForeignKeyConstraint(
        ["model_id", "sweep_id"], ["observation.model_id", "observation.sweep_id"], ondelete="CASCADE"
    ),
    sqlite_with_rowid=False,
)
Index(
    "ix_streamed_sweep_id",
    streamed.c.sweep_id,
    info={"only_on": "postgresql", "postgresql": {"using": "brin"}},
)

# What a catalog said of a model's origin where none before it had said so: a few rows for each model.
origin = Table(
    "origin",
    metadata,
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("sweep_id", ForeignKey("sweep.id"), nullable=False),
    Column("owned_by", Text),
    Column("created", BigInteger),
    PrimaryKeyConstraint("model_id", "sweep_id"),
    sqlite_with_rowid=False,
)

gap = Table(  # listed and tracked, yet without an observation: only in imported sweeps (rules.md 1)
    "gap",
    metadata,
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("sweep_id", ForeignKey("sweep.id"), nullable=False),
    PrimaryKeyConstraint("model_id", "sweep_id"),
    sqlite_with_rowid=False,
)

missed_slot = Table(
    "missed_slot",
    metadata,
    Column("provider_id", ForeignKey("provider.id"), nullable=False),
    Column("vantage", NAME, nullable=False),
    Column("slot", BigInteger, nullable=False),
    Column("cause", Text),  # why no sweep was made; NULL where nothing but time is known of it
    PrimaryKeyConstraint("provider_id", "vantage", "slot"),
    sqlite_with_rowid=False,
)

# Where the kept observations of a provider begin. What was believed there stands in for all that was pruned.
horizon = Table(
    "horizon",
    metadata,
    Column("provider_id", ForeignKey("provider.id"), primary_key=True),
    Column("day", Date, nullable=False),  # the first day whose observations are all kept
    Column("started_at", BigInteger, nullable=False),  # of the last sweep whose observations were pruned
    Column("state", Text, nullable=False),
)
