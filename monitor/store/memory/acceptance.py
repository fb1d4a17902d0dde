"""An operator's word that a provider's next sweep is to accept what the guard would hold back (rules.md 11).

It waits in a row of its own; the sweep that was decided with it carries it for good (`Sweep.accepted`).
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, delete, select, update

from monitor.clock import to_millis
from monitor.store.connection.engine import reading, writing
from monitor.store.facts.identities import find_provider, insert_new, provider_id
from monitor.store.schema import acceptance

_WAITING: Final = select(acceptance.c.provider_id).where(acceptance.c.provider_id == bindparam("owner"))


def accept(engine: Engine, provider: str, now: datetime) -> bool:
    """Let the provider's next conclusive sweep accept what it finds; True unless that was said already.

    The provider is known from now on. Said again, only the moment is new.
    """
    with writing(engine) as connection:
        row = {"provider_id": provider_id(connection, provider), "accepted_at": to_millis(now)}
        statement = insert_new(connection, acceptance).returning(acceptance.c.provider_id)
        if connection.scalar(statement, row) is not None:
            return True
        connection.execute(
            update(acceptance)
            .where(acceptance.c.provider_id == row["provider_id"])
            .values(accepted_at=row["accepted_at"])
        )
        return False


def is_accepted(engine: Engine, provider: str) -> bool:
    """Return whether the provider's next sweep is to be made with `accepted`."""
    with reading(engine) as connection:
        return waits(connection, provider)


def waits(connection: Connection, provider: str) -> bool:
    """As `is_accepted`, in the transaction at hand."""
    return connection.scalar(_WAITING, {"owner": find_provider(connection, provider)}) is not None


def consume_acceptance(connection: Connection, provider_id: int) -> None:
    """Forget that the next sweep is accepted, in the transaction that records the one that was."""
    connection.execute(delete(acceptance).where(acceptance.c.provider_id == provider_id))
