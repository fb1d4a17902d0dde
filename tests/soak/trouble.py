"""What goes wrong around a sweep, and what changes at the provider: all of it by chance, from one seed."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from monitor.demo import DemoServer, World
from tests.soak.database import DatabaseFaults
from tests.soak.hook import Hook
from tests.soak.simulated import NetworkFault, Provider

BEHAVIOURS = ("ok", "ok", "ok", "not_found", "server_error", "degraded", "not_for_account", "end_of_life")
KILLED, RESTARTED, LOCKED = "killed", "restarted", "locked for a moment"
_LOCKED_S = 0.2


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What a life meets; `odds` is how much more often than usual.

    `step` is how far the wall clock is from the simulated time, for one to three sweeps.
    """

    chance: Random
    names: tuple[str, ...]
    provider: Provider
    server: DemoServer
    hook: Hook
    database: DatabaseFaults
    counts: Counter[str]
    odds: float = 1.0
    step: timedelta = timedelta()
    stepped_sweeps: int = 0
    behaviours: dict[str, str] = field(default_factory=dict)

    def change_world(self) -> None:
        """Let a few models behave otherwise, and some leave the catalog or come back to it."""
        for _ in range(self.chance.randrange(3)):
            self.behaviours[self.chance.choice(self.names)] = self.chance.choice(BEHAVIOURS)
        listed = self.provider.world.listed
        if self.chance.random() < 0.05:
            listed = tuple(name for name in self.names if self.chance.random() < 0.97)
        self.provider.world = World(listed=listed, behaviours=dict(self.behaviours))

    def choose(self) -> str:
        """Let something go wrong with the next sweep, mostly nothing; returns what, empty for nothing."""
        self.provider.fault, self.provider.requests, self.provider.address = None, 0, ""
        self.hook.refuses = self.chance.random() < 0.03 * self.odds
        self.stepped_sweeps -= 1
        if self.stepped_sweeps <= 0:
            self.step = timedelta()
        act = self._act(self.chance.random() / self.odds if self.odds else 1.0)
        if act:
            self.counts[act] += 1
        return act

    def _act(self, luck: float) -> str:
        if luck < 0.04:
            return self._network()
        if luck < 0.043:
            return self._clock()
        if luck < 0.063:
            return self._sockets()
        if luck < 0.08:
            return KILLED
        return "" if self.database.is_on else self._of_database(luck)

    def _of_database(self, luck: float) -> str:
        if luck < 0.085:
            return RESTARTED
        if luck < 0.095:
            return LOCKED
        return f"database {self.database.begin()}" if luck < 0.11 else ""

    def _network(self) -> str:
        self.provider.fault = self.chance.choice(tuple(NetworkFault))
        self.provider.fails_from = self.chance.choice((0, 0, len(self.names) // 3))
        return f"network {self.provider.fault}"

    def _clock(self) -> str:
        # a whole day seldom: after it every sweep of a day is one in the past, which is derived anew
        hours = self.chance.choice((-24, *(-1, 1) * 10, 24))
        # the daemon follows a step that stays for ten minutes
        self.step, self.stepped_sweeps = timedelta(hours=hours), self.chance.randint(1, 3)
        return f"clock {hours:+} h"

    def _sockets(self) -> str:
        self.server.set_world(self.provider.world)
        self.provider.address = self.server.base_url
        return "over sockets"

    def lock(self) -> None:
        """Hold the database for a moment, as a backup or another program does; in a thread."""
        with closing(sqlite3.connect(self.database.file, isolation_level=None, timeout=5)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(_LOCKED_S)
                other.execute("COMMIT")
            except sqlite3.OperationalError:  # the sweep was quicker
                self.counts["not locked"] += 1
