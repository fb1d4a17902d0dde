"""Which process may write of a running sweep: the one whose token stands in the sweep's row.

A process that was frozen for long cannot know that another one closed its sweep meanwhile. So each
transaction locks the row and compares the token before it writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, bindparam, select, update

from monitor.errors import Fenced, StoreError, SweepMissing
from monitor.store.connection.engine import reading
from monitor.store.derived.rebuild import lock_provider
from monitor.store.facts.progress import Progress
from monitor.store.schema import sweep

_TOKEN_BYTES = 8
_IS_SWEEP: Final = sweep.c.id == bindparam("number")
_LOCKED: Final = select(sweep).where(_IS_SWEEP).with_for_update()
_OWNER: Final = select(sweep.c.provider_id).where(_IS_SWEEP)
_IS_CUT: Final = (
    sweep.c.provider_id == bindparam("owner"),
    sweep.c.vantage == bindparam("of_vantage"),
    sweep.c.finished_at.is_(None),
    sweep.c.verdict.is_(None),  # of an index: a long history is not searched for what is not finished
)
_FIRST_CUT: Final = select(sweep.c.id).where(*_IS_CUT).limit(1)
_TAKE: Final = update(sweep).where(*_IS_CUT).values(token=None).returning(sweep.c.id, sweep.c.policy_id)


@dataclass(frozen=True, slots=True)
class OpenedSweep:
    """A sweep that is running now: its id, its start as it is stored, and the token of its opening.

    `progress` is what the process that opened it wrote of it since.
    """

    id: int
    started_at: datetime
    token: str
    progress: Progress | None = field(default=None, compare=False, repr=False)


def new_token() -> str:
    """Return a token that no other opening has."""
    return token_hex(_TOKEN_BYTES)


def lock_running(connection: Connection, opened: OpenedSweep) -> Row[Any]:
    """Return the row of a sweep that is still this process's, locked until the end of the transaction.

    Raises Fenced where another process took it over or it is finished, SweepMissing where the database does
    not have it.
    """
    row = lock_row(connection, opened.id)
    require_running(row, opened)
    return row


def require_running(row: Row[Any], opened: OpenedSweep) -> None:
    """Raise Fenced where another process took the sweep of a row over, or it is finished."""
    if row.finished_at is not None or row.token != opened.token:
        state = f"closed as {row.cause}" if row.cause else "closed" if row.finished_at else "taken over"
        raise Fenced(f"sweep {opened.id} was {state} by another process: what it saw since is not kept")


def lock_row(connection: Connection, sweep_id: int) -> Row[Any]:
    """Return the row of a sweep, locked; raises SweepMissing for one that the database does not have.

    SQLite has no locks of rows: a writing transaction has the whole file.
    """
    row = connection.execute(_LOCKED, {"number": sweep_id}).first()
    if row is None:
        raise SweepMissing(f"sweep {sweep_id} is not in the database")
    return row


def is_ours(engine: Engine, opened: OpenedSweep) -> bool:
    """Return whether no other process took a sweep over; also where the database does not have it."""
    query = select(sweep.c.token).where(sweep.c.id == opened.id)
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return row is None or row.token == opened.token


def is_closed_by(row: Row[Any], opened: OpenedSweep) -> bool:
    """Return whether this very opening closed its sweep: its answer may have been lost on the way.

    Another process that closes a sweep takes the token away.
    """
    return row.finished_at is not None and row.token == opened.token


def take_over(connection: Connection, provider_id: int, vantage: str) -> Mapping[int, int]:
    """Take the running sweeps of a provider from the processes that made them; returns policies by sweep."""
    cut = {"owner": provider_id, "of_vantage": vantage}
    if connection.scalar(_FIRST_CUT, cut) is None:
        return {}
    lock_provider(connection, provider_id)
    # the update waits for a batch that is being added, and no batch is added after it
    return {row.id: row.policy_id for row in connection.execute(_TAKE, cut)}


def owner_of(connection: Connection, sweep_id: int) -> int:
    """Return the provider of a sweep; raises StoreError for one that the database does not have."""
    owner: int | None = connection.scalar(_OWNER, {"number": sweep_id})
    if owner is None:
        raise StoreError(f"sweep {sweep_id} is not in the database")
    return owner
