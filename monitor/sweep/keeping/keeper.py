"""Keeps one sweep while it runs and when it ends: in its row, or in its record while the database is away.

What the database has not taken within a second is in the spool as well, until the database has it.
"""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Callable, Mapping

import stamina

from monitor.core.domain.event import Decision
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.planning.inputs import Knowledge
from monitor.errors import Fenced, NotSpooled, StoreError, SweepMissing
from monitor.logs import event
from monitor.sweep.keeping.opening import Opening
from monitor.sweep.keeping.places import RecordFile, Row
from monitor.sweep.keeping.recorder import UNWRITABLE, Recorder
from monitor.sweep.values import Target

log = logging.getLogger(__name__)

_FLUSH_SECONDS = 0.7  # from one round to the next
_PATIENCE_SECONDS = 0.2  # with the database, before the spool takes it as well; together what a kill costs
_CLOSE_ATTEMPTS = 8  # in a sweep on demand, where the spool takes nothing or there is none
_NOTHING: Mapping[str, Knowledge] = {}


class SweepKeeper:
    """Keeps what a sweep sees in whichever of its two places takes it now."""

    def __init__(self, target: Target, recorder: Recorder, opening: Opening) -> None:
        """Keep the sweep of this opening."""
        self._target, self._recorder, self._slot = target, recorder, opening.start.slot
        self._row = Row(recorder.engine, target, opening)
        self._file = RecordFile(recorder.spool, target, opening) if recorder.spool else None
        self._catalog: Sweep | None = None
        self._unstored: list[Observation] = []
        self._unspooled = 0  # observations that are not in the record either
        self._storing: asyncio.Task[None] | None = None
        self._one_record = asyncio.Lock()
        self._is_released = False

    def add(self, observation: Observation) -> None:
        """Take an observation, to be kept with the next round."""
        self._unstored.append(observation)
        self._unspooled += 1

    async def keep_catalog(self, snapshot: Callable[[], Sweep]) -> None:
        """Keep what reading the catalog gave, before anything is probed: a kill keeps what was listed."""
        self._catalog = snapshot()
        self._unspooled += 1
        await self._keep(snapshot)

    async def run(self, snapshot: Callable[[], Sweep]) -> None:
        """Keep what came since the last round, within a second; `snapshot` is the sweep, were it cut now.

        Raises Fenced where another process took the sweep over.
        """
        loop = asyncio.get_running_loop()
        due_at = loop.time()
        while True:
            due_at = max(due_at + _FLUSH_SECONDS, loop.time())  # what a round takes is part of the second
            await asyncio.sleep(due_at - loop.time())
            await self._keep(snapshot)

    async def _keep(self, snapshot: Callable[[], Sweep]) -> None:
        if self._storing is None and self._is_behind and self._row.is_open and not self._recorder.is_away:
            self._storing = asyncio.create_task(self._store())
        await self._wait_for_storing()
        if self._storing is None and not self._is_behind:
            await self._forget()
        elif self._unspooled:
            await self._spool(snapshot(), _NOTHING)

    @property
    def _is_behind(self) -> bool:
        return self._catalog is not None or bool(self._unstored)

    async def _store(self) -> None:
        """Bring the row up to date; what fails is tried again with the next round."""
        catalog, self._catalog = self._catalog, None  # taken off before the await: new ones come meanwhile
        batch, self._unstored = self._unstored, []
        try:
            await to_thread(self._row.store, catalog, batch)
        except Fenced:
            raise
        except StoreError as error:  # whatever the database has against it, the spool has nothing
            self._catalog = catalog
            self._unstored[:0] = batch  # in front: a model's later observation must come after
            self._note(error)
        else:
            self._recorder.stored(self._target.provider)

    def _note(self, error: StoreError) -> None:
        if not isinstance(error, SweepMissing):
            self._recorder.retrying.add(self._target.provider)
            self._recorder.lost(error)
            return
        self._row.lose()
        event(log, logging.WARNING, "sweep_missing", provider=self._target.provider, error=str(error))

    async def _wait_for_storing(self) -> None:
        """Wait a moment for what is being stored; raises what became of it."""
        storing = self._storing
        if storing is None:
            return
        await asyncio.wait({storing}, timeout=_PATIENCE_SECONDS)
        if storing.done() and self._storing is storing:  # the catalog is kept while a round waits, too
            self._storing = None
            storing.result()

    async def close(
        self, finished: Sweep, decision: Decision, learned: Mapping[str, Knowledge], *, is_cut: bool
    ) -> tuple[int | None, Decision]:
        """Record the finished sweep; returns its id, None where it waits in the spool, and the decision.

        One that `is_cut` is kept in the spool first: the process may end before the database answers.
        Raises Fenced where another process took the sweep over, StoreError where it can be kept nowhere.
        """
        if is_cut:
            await self._spool(finished, learned)
        await self._wait_for_storing()
        try:
            if self._row.is_open and not self._recorder.is_away:
                return await self._close_row(finished, decision, learned)
        except Fenced:
            raise
        except StoreError as error:
            self._note(error)
        if await self._spool(finished, learned):
            self.release()
            return None, decision
        return await self._insist(finished, decision, learned)

    async def _close_row(
        self, finished: Sweep, decision: Decision, learned: Mapping[str, Knowledge]
    ) -> tuple[int | None, Decision]:
        closing = asyncio.create_task(to_thread(self._row.close, finished, decision, learned))
        await asyncio.wait({closing}, timeout=_PATIENCE_SECONDS)
        if not closing.done():  # a kill, or the end of the process, then loses nothing
            await self._spool(finished, learned)
        recorded = await closing
        self._recorder.stored(self._target.provider)
        await self._forget()
        return recorded

    async def _forget(self) -> None:
        """Remove the record, once a round that was cut short has written it."""
        async with self._one_record:
            if self._file:
                self._file.forget()

    async def _insist(
        self, finished: Sweep, decision: Decision, learned: Mapping[str, Knowledge]
    ) -> tuple[int | None, Decision]:
        """Try both places, since neither takes the sweep now: a daemon for as long as it runs."""
        attempts = None if self._recorder.insists else _CLOSE_ATTEMPTS
        recorded: tuple[int | None, Decision] = None, decision
        why = "the database was away, and the spool took nothing"  # no path: the page shows it
        try:
            async for attempt in stamina.retry_context(  # other faults would only repeat
                on=UNWRITABLE, attempts=attempts, timeout=None
            ):
                with attempt:
                    recorded = await self._close_anywhere(finished, decision, learned)
        except UNWRITABLE:
            if self._slot and not self._row.is_open:
                self._recorder.note_missed(self._target.provider, self._target.vantage, (self._slot,), why)
            raise
        self._recorder.held_up[self._target.provider] = why
        return recorded

    async def _close_anywhere(
        self, finished: Sweep, decision: Decision, learned: Mapping[str, Knowledge]
    ) -> tuple[int | None, Decision]:
        try:
            return await to_thread(self._row.close, finished, decision, learned)
        except UNWRITABLE as error:
            self._note(error)
            if not await self._spool(finished, learned):
                raise
            self.release()
            return None, decision

    async def _spool(self, sweep: Sweep, learned: Mapping[str, Knowledge]) -> bool:
        """Keep the sweep as it is now in the spool; returns whether it is there."""
        if self._file is None:
            return False
        writing = asyncio.create_task(self._write(self._file, sweep, learned))
        return await asyncio.shield(writing)  # a round that is cut short goes on, before what comes after it

    async def _write(self, file: RecordFile, sweep: Sweep, learned: Mapping[str, Knowledge]) -> bool:
        async with self._one_record:  # else an older state of the sweep may take the place of a newer one
            is_kept = await self._write_alone(file, sweep, learned)
            if self._is_released:  # who waited for it was cancelled meanwhile
                self.release()
            return is_kept

    async def _write_alone(self, file: RecordFile, sweep: Sweep, learned: Mapping[str, Knowledge]) -> bool:
        count, self._unspooled = self._unspooled, 0
        try:
            await to_thread(file.keep, sweep, learned)
            await to_thread(self._recorder.spool_memories)
        except NotSpooled as error:
            self._unspooled += count
            self._recorder.refused(self._target.provider, error)
            return False
        self._recorder.refusal = ""
        return True

    def release(self) -> None:
        """Leave a record that waits to the replay, also one that is being written now."""
        self._is_released = True
        self._recorder.retrying.discard(self._target.provider)
        if self._file:
            if self._file.is_kept:
                self._recorder.has_waiting = True
            self._file.release()

    async def set_aside(self, sweep: Sweep, error: Fenced) -> None:
        """Keep apart what another process's sweep has taken the place of."""
        place = None
        if self._file and await self._spool(sweep, _NOTHING):
            place = self._file.set_aside()
        event(
            log, logging.WARNING, "sweep_fenced", provider=self._target.provider, error=str(error), file=place
        )
