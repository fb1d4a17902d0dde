"""The slots of the schedule, as the database knows them: which were served, which were missed and why."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine, func, select

from monitor.clock import to_datetime, to_millis
from monitor.store.connection.codecs import moment
from monitor.store.connection.engine import reading, writing
from monitor.store.facts.identities import find_provider, insert_new, provider_id
from monitor.store.schema import missed_slot
from monitor.store.schema import sweep as sweep_table


def last_slot(engine: Engine, provider: str, vantage: str) -> datetime | None:
    """Return the latest slot that a sweep was made for or that is known as missed."""
    with reading(engine) as connection:
        owner = find_provider(connection, provider)
        claimed = select(func.max(sweep_table.c.slot)).where(
            sweep_table.c.provider_id == owner, sweep_table.c.vantage == vantage
        )
        missed = select(func.max(missed_slot.c.slot)).where(
            missed_slot.c.provider_id == owner, missed_slot.c.vantage == vantage
        )
        slots = [slot for slot in (connection.scalar(claimed), connection.scalar(missed)) if slot is not None]
        return to_datetime(max(slots)) if slots else None


def last_made_at(engine: Engine, provider: str) -> datetime | None:
    """Return when the latest sweep began that was made here; imported ones say nothing of our schedule."""
    with reading(engine) as connection:
        made = select(func.max(sweep_table.c.started_at)).where(
            sweep_table.c.provider_id == find_provider(connection, provider),
            sweep_table.c.imported.is_(False),
        )
        return moment(connection.scalar(made))


def record_missed_slots(
    engine: Engine, provider: str, vantage: str, slots: Iterable[datetime], *, cause: str | None = None
) -> None:
    """Remember slots that no sweep was made for, and why; one that has a sweep is left out."""
    with writing(engine) as connection:
        owner = provider_id(connection, provider)
        wanted = [to_millis(slot) for slot in slots]
        made = set(
            connection.scalars(
                select(sweep_table.c.slot).where(
                    sweep_table.c.provider_id == owner,
                    sweep_table.c.vantage == vantage,
                    sweep_table.c.slot.in_(wanted),
                )
            )
        )
        rows = [
            {"provider_id": owner, "vantage": vantage, "slot": slot, "cause": cause}
            for slot in wanted
            if slot not in made
        ]
        if rows:
            connection.execute(insert_new(connection, missed_slot), rows)
