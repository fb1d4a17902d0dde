"""How a sweep is opened: by a row in the database, or from memory while the database is away."""

from asyncio import to_thread
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.clock import to_datetime, to_millis
from monitor.errors import NotSpooled, StoreError
from monitor.store.connection.engine import Engine
from monitor.store.query import sweeps
from monitor.store.write.fence import OpenedSweep, new_token
from monitor.store.write.record import close_interrupted, open_sweep
from monitor.sweep.keeping.beginning import load_start
from monitor.sweep.keeping.recorder import UNWRITABLE, Recorder
from monitor.sweep.values import SweepStart, Target

_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An opened sweep: its start, its `row` where the database has one, and what it begins with.

    `idle_s` are the seconds since the provider's last sweep. What it begins with `is_recorded` where it was
    read from the database after the row was made: what others derive meanwhile is then noticed.
    """

    started_at: datetime
    token: str
    start: SweepStart
    idle_s: float
    row: OpenedSweep | None = None
    is_recorded: bool = False


async def open_kept(
    target: Target, recorder: Recorder, started_at: datetime, slot: datetime | None
) -> Opening | None:
    """Open a sweep; None where its slot was already served.

    Raises StoreError where neither the database nor memory has what it begins with, NotSpooled where the
    database is away and the spool has no room for it.
    """
    memory, token = recorder.memory_of(target.provider), new_token()
    if not recorder.is_away or memory is None:
        try:
            return await to_thread(_open_row, target, recorder, started_at, slot, token)
        except StoreError as error:
            if memory is None:
                raise
            recorder.lost(error)
    _require_room(target, recorder, slot)
    started_at = _free_start(target, recorder, to_datetime(to_millis(started_at)))  # as a row has it
    return Opening(
        started_at=started_at,
        token=token,
        start=memory.start_at(started_at, slot),
        idle_s=memory.idle_s(started_at),
    )


def _free_start(target: Target, recorder: Recorder, started_at: datetime) -> datetime:
    """Return the first moment from this on at which no waiting sweep began: a clock may have stepped back."""
    spool = recorder.spool
    while spool and spool.is_taken(target.provider, target.vantage, started_at):
        started_at += _MILLISECOND
    return started_at


def _require_room(target: Target, recorder: Recorder, slot: datetime | None) -> None:
    """Raise NotSpooled where no record of the sweep would be kept; its slot is then missed."""
    try:
        if recorder.spool:
            recorder.spool.require_room()
    except NotSpooled as error:
        recorder.refused(target.provider, error)
        if slot and recorder.spool:
            refusal = str(error).removeprefix(f"{recorder.spool.directory} ")  # the page shows it
            why = f"the database was away, and the spool {refusal}"
            recorder.note_missed(target.provider, target.vantage, (slot,), why)
        raise


def _open_row(
    target: Target, recorder: Recorder, started_at: datetime, slot: datetime | None, token: str
) -> Opening | None:
    engine = recorder.engine
    close_interrupted(engine, target.provider, target.vantage)
    row = open_sweep(
        engine,
        provider=target.provider,
        vantage=target.vantage,
        slot=slot,
        started_at=started_at,
        policy=target.policy,
        token=token,
    )
    if row is None:
        return None
    try:  # after it was opened: what others change meanwhile is then noticed
        start = load_start(engine, target.provider, row.started_at, slot=slot)
        idle_s = _idle_s(target, engine, row)
    except UNWRITABLE as error:
        memory = recorder.memory_of(target.provider)
        if memory is None:
            raise
        recorder.lost(error)
        start, idle_s = memory.start_at(row.started_at, slot), memory.idle_s(row.started_at)
        return Opening(started_at=row.started_at, token=token, start=start, idle_s=idle_s, row=row)
    return Opening(
        started_at=row.started_at, token=token, start=start, idle_s=idle_s, row=row, is_recorded=True
    )


def _idle_s(target: Target, engine: Engine, row: OpenedSweep) -> float:
    """Seconds since the sweep before this one, whose process had a pacer of its own."""
    ends = [other.finished_at for other in sweeps(engine, target.provider, limit=2) if other.finished_at]
    return min(((row.started_at - end).total_seconds() for end in ends), default=float("inf"))
