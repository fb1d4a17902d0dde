"""The private tables: facts, what is derived from them, and what is neither.

migrations/ must agree with this package (`alembic check` in the tests).
"""

from monitor.store.schema.derived import (
    checkpoint,
    daily,
    event,
    model_state,
    monthly,
    period,
    provider_state,
)
from monitor.store.schema.facts import (
    alias,
    catalog,
    finding,
    gap,
    horizon,
    missed_slot,
    model,
    observation,
    origin,
    policy,
    provider,
    streamed,
    sweep,
    untracked,
)
from monitor.store.schema.memory import acceptance, delivery, knowledge, telling
from monitor.store.schema.naming import metadata

__all__ = [
    "acceptance",
    "alias",
    "catalog",
    "checkpoint",
    "daily",
    "delivery",
    "event",
    "finding",
    "gap",
    "horizon",
    "knowledge",
    "metadata",
    "missed_slot",
    "model",
    "model_state",
    "monthly",
    "observation",
    "origin",
    "period",
    "policy",
    "provider",
    "provider_state",
    "streamed",
    "sweep",
    "telling",
    "untracked",
]
