"""What the history of a measured daemon tells of its schedule: which slots were served, and how late."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.rows import SweepRow
from monitor.store.connection.engine import Engine, reading
from monitor.store.query import sweeps
from monitor.store.schema import missed_slot

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # slots are whole intervals since then


def finished(engine: Engine, provider: str) -> list[SweepRow]:
    """Return the finished sweeps of a provider, oldest first; raises RuntimeError if one is inconclusive."""
    rows = [row for row in reversed(sweeps(engine, provider)) if row.finished_at is not None]
    for row in rows:
        if row.verdict is not Verdict.CONCLUSIVE:
            raise RuntimeError(f"a measured sweep was inconclusive: {row.cause}")
    return rows


def scheduled(rows: list[SweepRow]) -> list[SweepRow]:
    """Return those that served a slot."""
    return [row for row in rows if row.slot is not None]


def count_missed(engine: Engine, providers: tuple[str, ...], since: datetime, interval: timedelta) -> int:
    """Count slots from `since` to the last one served that no sweep served, and those told as missed."""
    with reading(engine) as connection:
        told = int(connection.scalar(select(func.count()).select_from(missed_slot)) or 0)
    return max(told, sum(_gaps(finished(engine, name), since, interval) for name in providers))


def _gaps(rows: list[SweepRow], since: datetime, interval: timedelta) -> int:
    served = {row.slot for row in rows if row.slot is not None}
    due = (max(served) - EPOCH) // interval - (since - EPOCH) // interval
    return due - len(served)


def lateness_s(row: SweepRow) -> float:
    """Return how many seconds after its slot a sweep began."""
    return (row.started_at - (row.slot or row.started_at)).total_seconds()


def length_s(row: SweepRow) -> float:
    """Return how many seconds a sweep took."""
    return ((row.finished_at or row.started_at) - row.started_at).total_seconds()
