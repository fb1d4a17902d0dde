"""The route of one sweep: alone, open, observe, decide and record."""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.clock import Clock
from monitor.core.domain.vocabulary import Cause
from monitor.errors import NoVerdict
from monitor.logs import event
from monitor.probe.stopwatch import Stopwatch
from monitor.report.words.times import duration_words
from monitor.store.connection.engine import Engine
from monitor.store.connection.locks import sweep_lock
from monitor.store.derived.states import load_state
from monitor.store.facts.origins import load_origins
from monitor.store.memory.acceptance import is_accepted
from monitor.store.memory.knowledge import load_knowledge
from monitor.store.query import requests_between, sweeps
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.record import close_interrupted, open_sweep
from monitor.sweep.running import RunningSweep
from monitor.sweep.values import ProgressListener, SweepStart, Swept, Target
from monitor.sweep.witnesses import name_cause

log = logging.getLogger(__name__)

_LOCK_SECONDS = 0.25  # seconds between tries for the lock
_LEAST_PATIENCE = timedelta(seconds=10)


async def sweep_provider(
    target: Target,
    engine: Engine,
    *,
    now: Clock,
    slot: datetime | None = None,
    progress: ProgressListener | None = None,
) -> Swept | None:
    """Make one sweep and record it; None where the slot was already served.

    Cancelled, it closes itself as interrupted with what it saw. Raises NoVerdict where another sweep of the
    provider does not end within an interval, StoreError where the database stays away.
    """
    async with _alone(target, engine, is_scheduled=slot is not None):
        await to_thread(close_interrupted, engine, target.provider, target.vantage)
        stopwatch = Stopwatch.start(now())  # before the database is waited for: times are the sweep's own
        opened = await to_thread(
            open_sweep,
            engine,
            provider=target.provider,
            vantage=target.vantage,
            slot=slot,
            started_at=stopwatch.started_at,
            policy=target.policy,
        )
        if opened is None:
            event(log, logging.INFO, "slot_already_served", provider=target.provider, slot=slot)
            return None
        start = await to_thread(_start, target, engine, opened, slot)
        target.pacer.follow(await to_thread(_idle_s, target, engine, opened))
        stopwatch = replace(stopwatch, started_at=opened.started_at)  # which a collision may have moved
        running = RunningSweep(
            target, engine, opened, stopwatch, start=start, progress=progress or ProgressListener()
        )
        return await _observed(running)


async def _observed(running: RunningSweep) -> Swept:
    try:
        await running.observe()
        await name_cause(running)
    except asyncio.CancelledError:  # after other errors the next sweep closes it
        await running.close(Cause.INTERRUPTED)
        raise
    return await running.close()


@asynccontextmanager
async def _alone(target: Target, engine: Engine, *, is_scheduled: bool) -> AsyncIterator[None]:
    """Hold the lock of this provider's sweep (rules.md 32).

    Waits for another sweep at most an interval; a manual one at least ten seconds, as short ones may
    follow one another.
    """
    lock = sweep_lock(engine, target.provider, target.vantage)
    loop = asyncio.get_running_loop()
    patience = target.interval if is_scheduled else max(target.interval, _LEAST_PATIENCE)
    give_up_at = loop.time() + patience.total_seconds()
    while not await to_thread(lock.try_acquire):
        if loop.time() > give_up_at:
            raise NoVerdict(
                f"another sweep of {target.provider} is running for {duration_words(patience)}; "
                "try again later"
            )
        await asyncio.sleep(_LOCK_SECONDS)
    try:
        yield
    finally:
        await to_thread(lock.release)


def _idle_s(target: Target, engine: Engine, opened: OpenedSweep) -> float:
    """Seconds since the sweep before this one, whose process had a pacer of its own."""
    ends = [other.finished_at for other in sweeps(engine, target.provider, limit=2) if other.finished_at]
    return min(((opened.started_at - end).total_seconds() for end in ends), default=float("inf"))


def _start(target: Target, engine: Engine, opened: OpenedSweep, slot: datetime | None) -> SweepStart:
    """Load what the sweep begins with, after it was opened: what others change meanwhile is then noticed."""
    midnight = opened.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return SweepStart(
        slot=slot,
        state=load_state(engine, target.provider),
        knowledge=load_knowledge(engine, target.provider),
        origins=load_origins(engine, target.provider),
        is_accepted=is_accepted(engine, target.provider),
        spent_today=requests_between(engine, target.provider, midnight, opened.started_at),
    )
