"""What a sweep begins with, as the history has it."""

from datetime import datetime

from monitor.store.connection.engine import Engine
from monitor.store.write.beginning import read_beginning
from monitor.sweep.values import SweepStart


def load_start(engine: Engine, provider: str, started_at: datetime, *, slot: datetime | None) -> SweepStart:
    """Read what a sweep begins with that starts at this moment. Raises StoreError."""
    midnight = started_at.replace(hour=0, minute=0, second=0, microsecond=0)
    beginning = read_beginning(engine, provider, midnight, started_at)
    return SweepStart(
        slot=slot,
        state=beginning.state,
        knowledge=beginning.knowledge,
        origins=beginning.origins,
        is_accepted=beginning.is_accepted,
        spent_today=beginning.requests,
    )
