"""Prunes while this process is the leader: a few days at a time, so that sweeps are never held up."""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

from monitor.app.periodic import every, stopped_within
from monitor.app.tasks.prune import end_dead_sweeps, first_kept_day
from monitor.clock import Clock, utc_now
from monitor.logs import event
from monitor.store import query
from monitor.store.admin import prune
from monitor.store.connection.codecs import batches
from monitor.store.connection.engine import Engine

log = logging.getLogger(__name__)

_LOOK_EVERY: Final = timedelta(hours=6)  # what one look leaves or fails at is done by the next
# at 50 sweeps a step, some 200 days of a quarter-hourly schedule
_MOST_STEPS: Final = 400  # of one provider at one look: what is left then waits for the next
_LATEST: Final = 200  # sweeps that a new time must have before anything is removed by it
_LONGEST_GAP: Final = timedelta(days=60)  # between two sweeps
_FINDINGS_PER_STEP: Final = 10  # on Postgres each takes a search of a big table


class Pruner:
    """Prunes beside a leading daemon's sweeps, a step at a time; an error is logged, the step tried again."""

    def __init__(self, engine: Engine, observations: timedelta, *, now: Clock = utc_now) -> None:
        """Keep observations for so long."""
        self._engine, self._observations, self._now = engine, observations, now

    async def run(self, stop: asyncio.Event) -> None:
        """Look several times a day until `stop` is set; a step that is being done then is finished."""
        await every(_LOOK_EVERY.total_seconds(), partial(self._prune, stop), stop, "prune")

    async def _prune(self, stop: asyncio.Event) -> None:
        gone, before_day = 0, first_kept_day(self._now(), self._observations)
        for name in await to_thread(query.providers, self._engine):
            before_day = await to_thread(self._first_kept_day, name)
            await to_thread(end_dead_sweeps, self._engine, name, before_day)
            gone += await self._prune_provider(name, before_day, stop)
        if gone:
            event(log, logging.INFO, "pruned", observations=gone, before=str(before_day))
            await self._clean(stop)

    def _first_kept_day(self, name: str) -> date:
        """Return the first day that stays; a clock that is months ahead of the sweeps removes nothing."""
        latest = query.sweeps(self._engine, name, limit=_LATEST)
        moment = believed_moment(self._now(), [sweep.started_at for sweep in latest])
        return first_kept_day(moment, self._observations)

    async def _prune_provider(self, name: str, before_day: date, stop: asyncio.Event) -> int:
        """Prune step by step, at most half of the time; returns how many observations went."""
        gone = 0
        for _ in range(_MOST_STEPS):
            began_at = asyncio.get_running_loop().time()
            step = await to_thread(prune.prune, self._engine, name, before_day, most_steps=1)
            gone += step.observations
            # rests as long as it worked: half of the time is left to sweeps
            if not step.sweeps or await stopped_within(asyncio.get_running_loop().time() - began_at, stop):
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


def believed_moment(now: datetime, starts: Sequence[datetime]) -> datetime:
    """Return the present moment, or one shortly after the last sweep before a gap of months.

    `starts` are those of the latest sweeps, newest first. After such a gap the clock may be years ahead.
    """
    gaps = [former for later, former in pairwise((now, *starts)) if later - former > _LONGEST_GAP]
    return gaps[-1] + _LONGEST_GAP if gaps else now
