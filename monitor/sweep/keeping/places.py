"""The two places that a sweep under way is kept in: its row in the database, its record in the spool."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from monitor.core.domain.event import Decision
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.planning.inputs import Knowledge
from monitor.errors import NotSpooled
from monitor.logs import event
from monitor.spool.directory import Spool
from monitor.spool.live import LiveMark
from monitor.spool.record import SpoolRecord
from monitor.spool.trouble import not_spooled
from monitor.store.connection.engine import Engine
from monitor.store.memory.knowledge import save_knowledge
from monitor.store.write.record import add_observations, close_sweep, keep_catalog
from monitor.store.write.replay import LateSweep, replay_sweep
from monitor.sweep.keeping.opening import Opening
from monitor.sweep.keeping.recorder import UNWRITABLE
from monitor.sweep.values import Target

log = logging.getLogger(__name__)


class Row:
    """A sweep in the database, from its first row on or only once it has ended."""

    def __init__(self, engine: Engine, target: Target, opening: Opening) -> None:
        """Record the sweep of this opening."""
        self._engine, self._target, self._opening = engine, target, opening
        self.is_open = opening.row is not None

    def lose(self) -> None:
        """Take note that the database lost the row: the sweep gets another one once it has ended."""
        self.is_open = False

    def store(self, catalog: Sweep | None, observations: Sequence[Observation]) -> None:
        """Bring the row of a sweep that goes on up to date."""
        if row := self._opening.row:
            if catalog is not None:
                keep_catalog(self._engine, row, catalog)
            if observations:
                add_observations(self._engine, row, observations)

    def close(
        self, finished: Sweep, decision: Decision, learned: Mapping[str, Knowledge]
    ) -> tuple[int, Decision]:
        """Record the finished sweep; returns its id, and the decision that was recorded."""
        row, outbox = self._opening.row, self._target.outbox
        # decided on memory, or on what the database lost: decided again on what is recorded
        if row is None or not (self.is_open and self._opening.is_recorded):
            late = _late(self._target, self._opening, finished, learned)
            replayed = replay_sweep(self._engine, late, outbox)
            return replayed.sweep_id, replayed.decision or decision
        decision = close_sweep(self._engine, row, finished, decision, outbox)
        provider = self._target.provider
        try:
            save_knowledge(self._engine, provider, learned)
        except UNWRITABLE as error:  # lost, it costs a few requests and is learned again
            event(log, logging.WARNING, "knowledge_not_saved", provider=provider, error=str(error))
        return row.id, decision


class RecordFile:
    """A sweep in the spool, written again and again until it has ended."""

    def __init__(self, spool: Spool, target: Target, opening: Opening) -> None:
        """Keep the sweep of this opening."""
        self._spool, self._target, self._opening = spool, target, opening
        self._mark: LiveMark | None = None
        self._file: Path | None = None

    @property
    def is_kept(self) -> bool:
        """Whether there is a record of it."""
        return self._file is not None

    def keep(self, sweep: Sweep, learned: Mapping[str, Knowledge]) -> None:
        """Write the record as the sweep is now. Raises NotSpooled; what was kept before then stays."""
        if self._mark is None:
            self._spool.create()
            mark = self._spool.mark(sweep)
            try:
                mark.acquire()
            except OSError as error:
                raise not_spooled(self._spool.directory, "written", error) from None
            self._mark = mark
        row = self._opening.row
        late = _late(self._target, self._opening, sweep, learned)
        record = SpoolRecord(late=late, database=self._spool.database, sweep_id=row.id if row else None)
        self._file = self._spool.keep(record)

    def release(self) -> None:
        """Leave the record to the replay."""
        if self._mark:
            self._mark.release()
            self._mark = None

    def forget(self) -> None:
        """Remove the record: the database has all of it."""
        if self._file:
            self._spool.remove(self._file)
            self._file = None
        self.release()

    def set_aside(self) -> Path | str | None:
        """Move the record to where the operator may look at it; returns its place, or why it has none."""
        place: Path | str | None = None
        if self._file:
            try:
                place = self._spool.set_aside(self._file)
            except (OSError, NotSpooled) as error:
                place = str(error)
        self._file = None
        self.release()
        return place


def _late(target: Target, opening: Opening, sweep: Sweep, learned: Mapping[str, Knowledge]) -> LateSweep:
    return LateSweep(
        sweep=sweep,
        policy=target.policy,
        token=opening.token,
        has_row=opening.row is not None,
        learned=learned,
    )
