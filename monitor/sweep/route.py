"""The route of one sweep: alone, open, observe, decide and record."""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from monitor.clock import Clock
from monitor.core.domain.vocabulary import Cause
from monitor.errors import Fenced, NoVerdict, StoreUnavailable
from monitor.logs import event
from monitor.probe.pacer import Gate, always
from monitor.probe.stopwatch import Stopwatch
from monitor.report.words.times import duration_words
from monitor.store.connection.engine import Engine, is_sqlite
from monitor.store.connection.keeping.candidate import Candidate
from monitor.store.connection.keeping.lease import Lease
from monitor.store.connection.locks import sweep_lock
from monitor.store.write.fence import is_ours
from monitor.sweep.keeping.opening import open_kept
from monitor.sweep.keeping.recorder import Recorder
from monitor.sweep.running import RunningSweep
from monitor.sweep.values import ProgressListener, Swept, Target
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
    recorder: Recorder | None = None,
    may_go_on: Gate = always,
) -> Swept | None:
    """Make one sweep and record it; None where the slot was already served.

    With a `recorder` that has a spool it is kept there while the database is away. Cancelled, it closes
    itself as interrupted with what it saw. Before each request `may_go_on` is awaited, and the sweep's own
    lock if this process was frozen. Raises NoVerdict where another sweep of the provider does not end
    within an interval, Fenced where another process took this one over, StoreError where it can be kept
    nowhere.
    """
    recorder = recorder or Recorder(engine=engine)
    async with _alone(target, recorder, is_scheduled=slot is not None, may_go_on=may_go_on) as lease:
        stopwatch = Stopwatch.start(now())  # before the database is waited for: times are the sweep's own
        opening = await open_kept(target, recorder, stopwatch.started_at, slot)
        if opening is None:
            event(log, logging.INFO, "slot_already_served", provider=target.provider, slot=slot)
            return None
        if opening.row:
            lease.still_ours = partial(is_ours, engine, opening.row)
        target.pacer.follow(opening.idle_s)
        stopwatch = replace(stopwatch, started_at=opening.started_at)  # which a collision may have moved
        running = RunningSweep(target, recorder, opening, stopwatch, progress=progress or ProgressListener())
        try:
            return await _observed(running)
        except Fenced as error:
            await running.set_aside(error)
            raise
        finally:
            running.keeper.release()


async def _observed(running: RunningSweep) -> Swept:
    try:
        async with running.kept():
            await running.observe()
            await name_cause(running)
    except asyncio.CancelledError:  # after other errors the next sweep closes it
        await running.close(Cause.INTERRUPTED)
        raise
    return await running.close()


@asynccontextmanager
async def _alone(
    target: Target, recorder: Recorder, *, is_scheduled: bool, may_go_on: Gate
) -> AsyncIterator[Lease]:
    """Hold the lock of this provider's sweep (rules.md 32), unless it went away with the database.

    Waits for another sweep at most an interval; a manual one at least ten seconds, as short ones may
    follow one another.
    """
    lock = sweep_lock(recorder.engine, target.provider, target.vantage)
    loop = asyncio.get_running_loop()
    patience = target.interval if is_scheduled else max(target.interval, _LEAST_PATIENCE)
    give_up_at = loop.time() + patience.total_seconds()
    candidate = Candidate(lock)
    while not await to_thread(_is_alone, candidate, target, recorder):
        if loop.time() > give_up_at:
            raise NoVerdict(
                f"another sweep of {target.provider} is running for {duration_words(patience)}; "
                "try again later"
            )
        await asyncio.sleep(_LOCK_SECONDS)
    try:
        async with Lease(lock) as lease:
            await may_go_on()  # the wait may have been long
            target.pacer.gate = partial(_pass, may_go_on, lease)
            yield lease
    finally:
        target.pacer.gate = always
        await to_thread(lock.release)


async def _pass(may_go_on: Gate, lease: Lease) -> None:
    await may_go_on()
    await lease.require()


def _is_alone(candidate: Candidate, target: Target, recorder: Recorder) -> bool:
    """Take the lock; without the database also a sweep that can go on from memory needs none."""
    can_go_on = recorder.memory_of(target.provider) is not None
    if can_go_on and recorder.is_away and not is_sqlite(recorder.engine):
        return True
    try:
        return candidate.try_acquire()
    except StoreUnavailable as error:
        if not can_go_on:
            raise
        recorder.lost(error)
        return True
