"""Where sweeps are kept: the database, and the spool while the database cannot be written."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from monitor.clock import Clock, utc_now
from monitor.errors import NotSpooled, SchemaOutdated, StoreError, StoreUnavailable
from monitor.logs import event
from monitor.spool.directory import Spool
from monitor.spool.missed import MissedSlots
from monitor.store.connection.engine import Engine
from monitor.sweep.keeping.memory import ProviderMemory
from monitor.sweep.keeping.memory_document import memory_document

log = logging.getLogger(__name__)

# what passes without the sweep: a server that restarts, a lock, a full disk, an upgrade by another process
UNWRITABLE: Final = (StoreUnavailable, SchemaOutdated)


@dataclass(slots=True, kw_only=True)
class Recorder:
    """What all sweeps of a process share; without a spool they wait for the database.

    `memories` is what the next sweep of each provider begins with. While the database is away `since` says
    when that was noticed, and `why` it is. `has_waiting`: a sweep that has ended is to be replayed before
    anything new is recorded. `refusal` is why the spool takes nothing, empty while it does. One that
    `insists` holds a sweep that neither takes in memory until one of both does; `held_up` says why by
    provider, for the slots that passed meanwhile. Who replays holds `replaying`. `retrying` are those
    whose sweep under way found its row unwritable; while the database `is_on_trial` they try that again.
    """

    engine: Engine
    spool: Spool | None = None
    memories: dict[str, ProviderMemory] = field(default_factory=dict)
    now: Clock = utc_now
    since: datetime | None = None
    why: str = ""
    has_waiting: bool = False
    refusal: str = ""
    replaying: threading.Lock = field(default_factory=threading.Lock)
    insists: bool = False
    held_up: dict[str, str] = field(default_factory=dict)
    _spooled: dict[str, ProviderMemory] = field(default_factory=dict)
    retrying: set[str] = field(default_factory=set)
    is_on_trial: bool = False

    @property
    def is_away(self) -> bool:
        """Whether sweeps go to the spool now, and nothing tries the database but the replay."""
        is_unwritable = self.since is not None and not self.is_on_trial
        return self.spool is not None and (is_unwritable or self.has_waiting)

    def memory_of(self, provider: str) -> ProviderMemory | None:
        """Return what a sweep may begin with where the database is away; None where it must wait for it."""
        return self.memories.get(provider) if self.spool else None

    def swept_at(self, provider: str) -> datetime | None:
        """Return when the latest sweep of a provider ended that is known of, recorded or not."""
        memory = self.memories.get(provider)
        return memory.ended_at if memory else None

    def spool_memories(self) -> None:
        """Leave in the spool what the next sweeps begin with, for a process that begins meanwhile."""
        if self.spool is None or not self.is_away:
            return
        for provider, memory in list(self.memories.items()):
            if self._spooled.get(provider) is not memory:
                self.spool.keep_memory(provider, memory_document(memory))
                self._spooled[provider] = memory

    def lost(self, error: StoreError) -> None:
        """Note that the database cannot be written; logged once."""
        self.why, self.is_on_trial = str(error), False
        if self.since is None:
            self.since = self.now()
            if self.spool:
                event(log, logging.WARNING, "spooling", directory=self.spool.directory, error=self.why)
            else:
                event(log, logging.WARNING, "not_stored_yet", error=self.why)

    def regained(self, *, sweeps: int = 0, set_aside: int = 0) -> None:
        """Note that it can be written again and what was replayed; logged once.

        Where nothing was replayed but a sweep under way waits for its row, that one has to prove it.
        """
        if self.retrying and not (sweeps or set_aside):
            self.is_on_trial = True
            return
        if self.since is not None or sweeps or set_aside:
            away_s = round((self.now() - self.since).total_seconds(), 1) if self.since else None
            event(
                log, logging.INFO, "spool_replayed", sweeps=sweeps, set_aside=set_aside or None, away_s=away_s
            )
        self.why, self.since, self.refusal = "", None, ""  # nothing needs the spool now
        self._spooled.clear()
        self.is_on_trial = False

    def stored(self, provider: str) -> None:
        """Note that the row of a sweep under way took what there was."""
        self.retrying.discard(provider)
        if self.is_on_trial or self.spool is None:  # without a spool no replay looks whether it is back
            self.regained()

    def note_missed(
        self, provider: str, vantage: str, slots: Sequence[datetime], cause: str | None = None
    ) -> None:
        """Note slots that no sweep is kept for, until the database is back."""
        if self.spool and slots:
            missed = MissedSlots(provider=provider, vantage=vantage, slots=tuple(slots), cause=cause)
            self.spool.missed.add(missed)

    def refused(self, provider: str, error: NotSpooled) -> None:
        """Note that the spool takes nothing; logged once for each reason."""
        if _reason(self.refusal) != _reason(str(error)):
            event(log, logging.ERROR, "not_spooled", provider=provider, error=str(error))
        self.refusal = str(error)


def _reason(refusal: str) -> str:
    """Return a refusal without its figures, which differ from sweep to sweep."""
    return "".join(character for character in refusal if not character.isdigit())
