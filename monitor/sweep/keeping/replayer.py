"""Brings what waits in the spool into the database when it can be written again, the oldest sweep first."""

import logging
from asyncio import to_thread
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from monitor.clock import Clock, utc_now
from monitor.errors import NotSpooled, RecordError, StoreError, StoreUnavailable
from monitor.logs import event
from monitor.spool.directory import Spool
from monitor.spool.record import SpoolRecord, parse_spooled
from monitor.store.admin.migrate import require_current, touch
from monitor.store.connection.engine import writing
from monitor.store.connection.file_change import require_same_file
from monitor.store.memory.notifications import LATE, Late, Outbox
from monitor.store.memory.outbox import hasten_topic
from monitor.store.write.replay import replay_sweep
from monitor.store.write.slots import record_missed_slots
from monitor.sweep.keeping.recall import require_history
from monitor.sweep.keeping.recorder import UNWRITABLE, Recorder

log = logging.getLogger(__name__)

# a channel gets all late sweeps in one message, also where a crash cuts the replay
_SENT_AFTER: Final = timedelta(minutes=5)
_IDLE_LOOKS: Final = 5


@dataclass(slots=True)
class _Tally:
    sweeps: int = 0
    set_aside: int = 0


class Replayer:
    """Replays the spool of a recorder; `outboxes` says by provider which channels hear of its sweeps."""

    def __init__(self, recorder: Recorder, outboxes: Mapping[str, Outbox], *, now: Clock = utc_now) -> None:
        """Replay into the recorder's database."""
        self._recorder, self._outboxes, self._now = recorder, outboxes, now
        self._stuck = set[Path]()  # dealt with, but the directory does not let them go
        self._looks = 0

    async def look_often(self) -> None:
        """As `look`, for once a second; where nothing is known to wait, only each fifth call looks.

        What may wait unknown is of other processes, and each look takes a thread's turn.
        """
        self._looks += 1
        if self._recorder.is_away or self._looks % _IDLE_LOOKS == 1:
            await self.look()

    async def look(self) -> None:
        """Look whether the database is back, and replay what waits."""
        if self._recorder.spool is not None:
            await to_thread(self._look, self._recorder.spool)

    def _look(self, spool: Spool) -> None:
        """Replay, unless another thread is at it: two would record, and say, everything twice."""
        if self._recorder.replaying.acquire(blocking=False):
            try:
                self._replay(spool)
            finally:
                self._recorder.replaying.release()

    def replay(self, spool: Spool) -> None:
        """As `look`, in the thread at hand; at the end what waited has been replayed, here or there."""
        with self._recorder.replaying:
            self._replay(spool)

    def _replay(self, spool: Spool) -> None:
        recorder = self._recorder
        is_doubtful = recorder.is_away or recorder.is_on_trial
        if not (is_doubtful or spool.ready() or spool.missed.read()):
            with suppress(StoreUnavailable):  # a file that was moved away is not noticed by all at once
                require_same_file(recorder.engine)
                spool.settle()
                recorder.refusal = ""
            return
        recorder.has_waiting = False  # before the look: what ends meanwhile says so again
        tally = _Tally()
        try:
            self._replay_all(spool, tally)
        except UNWRITABLE as error:
            recorder.lost(error)
        else:
            recorder.regained(sweeps=tally.sweeps, set_aside=tally.set_aside)
            spool.settle()

    def _replay_all(self, spool: Spool, tally: _Tally) -> None:
        engine = self._recorder.engine
        spool.clean()
        require_history(engine, spool)
        require_current(engine)  # never creates: what lies in the place of the history may be anything
        with writing(engine) as connection:  # readable is not writable, and a full disk begins transactions
            touch(connection)
        for file in spool.ready():
            if file not in self._stuck:
                self._replay_file(spool, file, tally)
                if file.exists():
                    self._stuck.add(file)
        notes = spool.missed.read()
        for note in notes:
            record_missed_slots(engine, note.provider, note.vantage, note.slots, cause=note.cause)
        spool.missed.remove(notes)
        if tally.sweeps:
            hasten_topic(engine, LATE, self._now())

    def _replay_file(self, spool: Spool, file: Path, tally: _Tally) -> None:
        try:
            self._record(parse_spooled(file.read_bytes(), file.name))
        except FileNotFoundError:  # another process was quicker
            return
        except UNWRITABLE:
            raise
        except (RecordError, StoreError, OSError) as error:
            _set_aside(spool, file, str(error))
            tally.set_aside += 1
        except Exception as error:  # noqa: BLE001 - whatever one record meets, the others must be replayed
            _set_aside(spool, file, type(error).__name__)
            tally.set_aside += 1
        else:
            spool.remove(file)
            tally.sweeps += 1

    def _record(self, record: SpoolRecord) -> None:
        now, provider = self._now(), record.late.sweep.provider
        posts = Late(now=now, due_at=now + _SENT_AFTER)
        replay_sweep(self._recorder.engine, record.late, self._outboxes.get(provider), posts=posts)


def _set_aside(spool: Spool, file: Path, why: str) -> None:
    try:
        place: Path | str = spool.set_aside(file)
    except OSError as error:
        place = f"not moved: {error.strerror}"
    except NotSpooled as error:
        place = str(error)
    event(log, logging.WARNING, "spool_set_aside", file=file.name, error=why, place=place)
