"""What the daemon does and says while sweeps wait in the spool for the database."""

import logging
from collections.abc import Sequence

from monitor.errors import StoreError
from monitor.logs import event
from monitor.report.words.numbers import counted
from monitor.report.words.times import moment_words
from monitor.store.connection.errors import database_name
from monitor.sweep import Recorder
from monitor.web.notices import Notice

log = logging.getLogger(__name__)


def waiting_notices(recorder: Recorder) -> Sequence[Notice]:
    """Return how many sweeps wait for the database, since when and why; asks the directory alone."""
    words = list[str]()
    count, since = recorder.spool.count() if recorder.spool else (0, None)
    why = f": it {_public(recorder)}" if recorder.why else ""
    if since is not None:
        verb = "wait" if count > 1 else "waits"
        words.append(f"{counted(count, 'sweep')} {verb} for the database since {moment_words(since)}{why}")
    elif recorder.since is not None:
        words.append(f"the database is away since {moment_words(recorder.since)}{why}")
    if recorder.refusal and recorder.spool:
        refusal = recorder.refusal.removeprefix(f"{recorder.spool.directory} ")
        words.append(f"no sweep can be kept meanwhile: the spool {refusal}")
    return [Notice(words=each, is_trouble=True) for each in words]


def _public(recorder: Recorder) -> str:
    """Return why the database is away without its address and a driver's words: the page has no log-in."""
    words = recorder.why.removeprefix("database ").removeprefix(database_name(recorder.engine))
    return words.lstrip(": ").partition(" (")[0]


def has_waiting_sweeps(recorder: Recorder, error: StoreError) -> bool:
    """Whether a database that is away at the start was used before: sweeps wait for it in the spool."""
    records = len(recorder.spool.waiting()) if recorder.spool else 0
    if records:
        event(log, logging.WARNING, "started_without_database", records=records, error=str(error))
    return records > 0
