"""The slots of a provider: which were missed, and up to which the schedule needs no catching up."""

import logging
from collections.abc import Sequence
from datetime import datetime

from monitor.logs import event
from monitor.report.words.times import iso_millis
from monitor.store.connection.engine import Engine
from monitor.store.write.slots import last_made_at, last_slot, record_missed_slots
from monitor.sweep import UNWRITABLE, Recorder, Target

log = logging.getLogger(__name__)


def record_missed(recorder: Recorder, target: Target, slots: Sequence[datetime]) -> None:
    """Record slots that were missed, or note them until the database is back."""
    first, last = iso_millis(slots[0]), iso_millis(slots[-1])
    event(
        log,
        logging.WARNING,
        "slots_missed",
        provider=target.provider,
        slots=len(slots),
        first=first,
        last=last,
    )
    try:
        if not recorder.is_away:
            record_missed_slots(recorder.engine, target.provider, target.vantage, slots)
            return
    except UNWRITABLE as error:
        if recorder.spool is None:
            raise
        recorder.lost(error)
    recorder.note_missed(target.provider, target.vantage, slots)


def served_until(engine: Engine, target: Target) -> datetime | None:
    """Return up to when the schedule needs no catching up: the last slot, or a manual sweep after it."""
    slot = last_slot(engine, target.provider, target.vantage)
    made_at = last_made_at(engine, target.provider)
    return max((moment for moment in (slot, made_at) if moment), default=None)
