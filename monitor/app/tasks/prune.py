"""Keeping the history small: old observations go, by the day, as `[retention] observations` says."""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from monitor.app.tasks.rebuild import chosen
from monitor.app.wiring.application import App
from monitor.clock import Clock, utc_now
from monitor.core.history.daily import day_of, midnight_of
from monitor.errors import MonitorError, StoreError
from monitor.logs import event
from monitor.store import query
from monitor.store.admin import prune
from monitor.store.admin.migrate import require_current
from monitor.store.connection import sqlite_file
from monitor.store.connection.codecs import batches
from monitor.store.connection.engine import Engine, is_sqlite
from monitor.store.connection.locks import leader_lock, sweep_lock
from monitor.store.write import record

log = logging.getLogger(__name__)

_LOOK_EVERY: Final = timedelta(hours=6)
_MOST_STEPS: Final = 400  # of one provider at one look: what is left then waits for the next
_FINDINGS_PER_STEP: Final = 10

Watch = Callable[[str, int], None]  # is told a provider and how many of its sweeps a step has pruned


def prune_history(
    app: App,
    name: str | None,
    *,
    is_dry: bool,
    watch: Watch = lambda _name, _sweeps: None,
    now: Clock = utc_now,
) -> Iterator[prune.Pruned]:
    """Prune one provider of the history, or all, or only say what would go.

    Raises UsageError for a name without a history, StoreError for a database that is not this version's.
    """
    engine = app.history() if is_dry else app.open_store()
    require_current(engine)
    before_day = _first_kept_day(now(), app.settings.retention.observations)
    for each in chosen(engine, name):
        if is_dry:
            yield prune.prunable(engine, each, before_day)
        else:
            _end_dead(engine, each, before_day)
            yield prune.prune(engine, each, before_day, watch=partial(watch, each))
    if not is_dry:
        prune.remove_findings(engine, prune.unused_findings(engine, now()))
        while prune.give_back(engine):
            pass


def make_shrinkable(app: App) -> str | None:
    """Let a SQLite file of an older version give space back; says what came of it, if there was need."""
    engine = app.open_store()
    if not is_sqlite(engine) or sqlite_file.is_shrinkable(engine):
        return None
    lock = leader_lock(engine)
    if not lock.try_acquire():
        return (
            "it will not shrink after pruning: run `monitor db upgrade` once more while no daemon is running"
        )
    try:
        sqlite_file.make_shrinkable(engine)
    except StoreError as error:
        return (
            f"it will not shrink after pruning: {error}. Run `monitor db upgrade` once more when the disk "
            "has room for it twice and nobody writes to it"
        )
    finally:
        lock.release()
    return "written anew once, so that it shrinks after pruning"


class Keeper:
    """Prunes beside a leading daemon's sweeps, a step at a time; trouble is logged and tried again later."""

    def __init__(self, engine: Engine, observations: timedelta, *, now: Clock = utc_now) -> None:
        """Keep observations for so long."""
        self._engine, self._observations, self._now = engine, observations, now

    async def run(self, stop: asyncio.Event) -> None:
        """Look several times a day until `stop` is set; a step that is being done then is finished."""
        while not stop.is_set():
            try:
                await self._prune(stop)
            except MonitorError as error:
                event(log, logging.ERROR, "prune_failed", error=str(error))
            except Exception as error:  # noqa: BLE001 - whatever it meets, the daemon goes on
                event(log, logging.ERROR, "prune_crashed", error=str(error) or type(error).__name__)
            await _rest(stop, _LOOK_EVERY.total_seconds())

    async def _prune(self, stop: asyncio.Event) -> None:
        before_day = _first_kept_day(self._now(), self._observations)
        gone = 0
        for name in await to_thread(query.providers, self._engine):
            await to_thread(_end_dead, self._engine, name, before_day)
            gone += await self._prune_provider(name, before_day, stop)
        if gone:
            day = f"{midnight_of(before_day):%Y-%m-%d}"
            event(log, logging.INFO, "pruned", observations=gone, before=day)
            await self._clean(stop)

    async def _prune_provider(self, name: str, before_day: int, stop: asyncio.Event) -> int:
        """Prune step by step, at most half of the time; returns how many observations went."""
        gone = 0
        for _ in range(_MOST_STEPS):
            began_at = asyncio.get_running_loop().time()
            step = await to_thread(prune.prune, self._engine, name, before_day, most_steps=1)
            gone += step.observations
            if not step.sweeps or await _rest(stop, asyncio.get_running_loop().time() - began_at):
                break
        return gone

    async def _clean(self, stop: asyncio.Event) -> None:
        unused = await to_thread(prune.unused_findings, self._engine, self._now())
        for batch in batches(unused, _FINDINGS_PER_STEP):
            if stop.is_set():
                return
            await to_thread(prune.remove_findings, self._engine, batch)
        while not stop.is_set() and await to_thread(prune.give_back, self._engine):
            pass


def _end_dead(engine: Engine, name: str, before_day: int) -> None:
    """Close old sweeps that a crash left running from where nobody sweeps any more (rules.md 32)."""
    for vantage in prune.unended_vantages(engine, name, before_day):
        lock = sweep_lock(engine, name, vantage)
        if lock.try_acquire():
            try:
                record.close_interrupted(engine, name, vantage)
            finally:
                lock.release()


async def _rest(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until it is time to stop; True if it is."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


def _first_kept_day(now: datetime, observations: timedelta) -> int:
    return day_of(now - observations)
