"""The slots of a provider: which were missed, and up to which the schedule needs no catching up."""

import logging
from collections.abc import Sequence
from datetime import datetime

from monitor.errors import StoreUnavailable
from monitor.logs import event
from monitor.report.words.times import iso_millis
from monitor.store.write.slots import last_made_at, last_slot, record_missed_slots
from monitor.sweep import UNWRITABLE, Recorder, Target, spooled_until

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
    cause = recorder.held_up.pop(target.provider, None)
    try:
        if not recorder.is_away:
            record_missed_slots(recorder.engine, target.provider, target.vantage, slots, cause=cause)
            return
    except UNWRITABLE as error:
        if recorder.spool is None:
            raise
        recorder.lost(error)
    recorder.note_missed(target.provider, target.vantage, slots, cause)


def served_until(recorder: Recorder, target: Target) -> datetime | None:
    """Return up to when the schedule needs no catching up: the last slot, or a manual sweep after it.

    Raises StoreUnavailable where neither the database nor memory has it.
    """
    moments = [spooled_until(recorder, target)]
    try:
        moments += [
            last_slot(recorder.engine, target.provider, target.vantage),
            last_made_at(recorder.engine, target.provider),
        ]
    except StoreUnavailable:
        memory = recorder.memory_of(target.provider)
        if memory is None:
            raise
        moments.append(memory.start.slot or memory.ended_at)
    return max((moment for moment in moments if moment), default=None)
