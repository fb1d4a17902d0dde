"""What a process that begins knows of its providers, so that it can sweep also while the database is away."""

from contextlib import suppress
from datetime import datetime

from monitor.clock import EPOCH, Clock, utc_now
from monitor.errors import RecordError, StoreError, StoreUnavailable
from monitor.spool.directory import Spool, started_at
from monitor.spool.record import parse_spooled
from monitor.store.admin.migrate import SchemaState, require_current, schema_state
from monitor.store.connection.engine import Engine
from monitor.store.connection.errors import database_name
from monitor.store.query import sweeps
from monitor.sweep.keeping.beginning import load_start
from monitor.sweep.keeping.memory import ProviderMemory
from monitor.sweep.keeping.memory_document import read_memory
from monitor.sweep.keeping.recorder import Recorder
from monitor.sweep.values import Target

_ENDED = 2  # of the latest sweeps one may still run


def recall(recorder: Recorder, target: Target, *, now: Clock = utc_now) -> bool:
    """Have a provider's next sweep begin with what is known of it; returns whether anything is.

    While sweeps wait in the spool, what was left with them is newer than the history.
    """
    provider, spool = target.provider, recorder.spool
    if spool is None or provider in recorder.memories:
        return spool is not None
    memory = None
    if spool.waiting() and (document := spool.memories.read(provider)):
        memory = read_memory(document)
    if memory is None:
        with suppress(StoreError):
            memory = _of_history(recorder.engine, provider, now())
    if memory is not None:
        recorder.memories[provider] = memory
    return memory is not None


def _of_history(engine: Engine, provider: str, at: datetime) -> ProviderMemory:
    """Return what the history has of a provider; raises StoreError where it cannot be read."""
    require_current(engine)
    start = load_start(engine, provider, at, slot=None)
    ends = [sweep.finished_at for sweep in sweeps(engine, provider, limit=_ENDED) if sweep.finished_at]
    return ProviderMemory(
        start=start, day=at.date(), spent=start.spent_today, ended_at=max(ends, default=EPOCH)
    )


def spooled_until(recorder: Recorder, target: Target) -> datetime | None:
    """Return the slot of the provider's latest sweep that waits, its start where it had none."""
    file = recorder.spool.last_of(target.provider, target.vantage) if recorder.spool else None
    if file is None:
        return None
    with suppress(RecordError, OSError):
        sweep = parse_spooled(file.read_bytes(), file.name).late.sweep
        return sweep.slot or sweep.started_at
    return started_at(file)


def require_history(engine: Engine, spool: Spool) -> None:
    """Raise StoreUnavailable where a new history would take the place of one that sweeps wait for."""
    if not spool.waiting():
        return
    state = schema_state(engine)
    if state in {SchemaState.MISSING, SchemaState.EMPTY}:
        trouble = "does not exist" if state is SchemaState.MISSING else "is empty"
        raise StoreUnavailable(
            f"database {database_name(engine)} {trouble}, but sweeps wait for it in the spool: put it back, "
            "or run `monitor db restore FILE`; to begin a new history, move the spool's directory away"
        )
