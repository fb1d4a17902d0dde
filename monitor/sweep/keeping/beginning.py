"""What a sweep begins with, as the history has it."""

from datetime import datetime

from monitor.store.connection.engine import Engine
from monitor.store.derived.latest import latest_state
from monitor.store.facts.origins import load_origins
from monitor.store.memory.acceptance import is_accepted
from monitor.store.memory.knowledge import load_knowledge
from monitor.store.query import requests_between
from monitor.sweep.values import SweepStart


def load_start(engine: Engine, provider: str, started_at: datetime, *, slot: datetime | None) -> SweepStart:
    """Read what a sweep begins with that starts at this moment. Raises StoreError."""
    midnight = started_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return SweepStart(
        slot=slot,
        state=latest_state(engine, provider),
        knowledge=load_knowledge(engine, provider),
        origins=load_origins(engine, provider),
        is_accepted=is_accepted(engine, provider),
        spent_today=requests_between(engine, provider, midnight, started_at),
    )
