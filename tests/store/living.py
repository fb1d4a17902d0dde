"""A provider's life for the tests of replay: what there is to see, and a monitor that lives through it.

All chance comes from a `Random`, so the same seed gives the same life on every database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from sqlalchemy import Engine, select

from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Kind, Outcome, Reason, Verdict
from monitor.core.lifecycle.fold import doubt_catalog, fold
from monitor.errors import UsageError
from monitor.store import schema as t
from monitor.store.admin.prune import Pruned, prune
from monitor.store.connection.engine import reading
from monitor.store.derived.rebuild import rebuild
from monitor.store.derived.states import load_state
from monitor.store.memory.acceptance import accept, is_accepted
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.import_export import add_sweeps
from monitor.store.write.record import (
    add_observations,
    close_interrupted,
    close_sweep,
    keep_catalog,
    open_sweep,
)
from monitor.store.write.void import undo_void, void

START = datetime(2026, 4, 6, 12, tzinfo=UTC)
NAMES = ("b/one", "a/two", "Zeta/three", "a/élan", "a/hidden-five", "m/☃", "c/seven")
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (15, 15, 15, 15, 60, 180, 420, 1440, 7200, 21_600))
_Answer = tuple[Outcome, str, int | None]
_UP: _Answer = (Outcome.AVAILABLE, Reason.OK, 200)
_ANSWERS: tuple[_Answer, ...] = (
    *(_UP,) * 4,
    *((Outcome.UNAVAILABLE, Reason.NOT_FOUND, 404),) * 2,
    (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 500),
    (Outcome.RATE_LIMITED, Reason.SATURATED, 503),
    (Outcome.RATE_LIMITED, Reason.MODEL_QUOTA, 429),
    (Outcome.UNKNOWN, Reason.TIMEOUT, None),
    (Outcome.UNKNOWN, Reason.TIMEOUT, None),
    (Outcome.UNKNOWN, Reason.BAD_REQUEST, 400),
    (Outcome.UNKNOWN, Reason.CONNECTION_CLOSED, None),
    (Outcome.UNKNOWN, Reason.NOT_PROBED, None),
    (Outcome.UNKNOWN, Reason.LOOKED_UP, 200),
    (Outcome.UNAVAILABLE, Reason.END_OF_LIFE, 410),
)
_STORMS: tuple[_Answer, ...] = (
    (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 502),
    (Outcome.UNKNOWN, Reason.CREDENTIAL, 401),
    (Outcome.UNKNOWN, Reason.CONNECTION_FAILED, None),
    (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, 404),
    (Outcome.UNAVAILABLE, Reason.INVALID_ANSWER, 403),
    (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
    (Outcome.UNKNOWN, Reason.NOT_PROBED, None),
)
_CAUSES = (
    Cause.CREDENTIAL,
    Cause.QUOTA,
    Cause.PROVIDER_OUTAGE,
    Cause.OUR_NETWORK,
    "solar_flare",
    Cause.VOIDED,
)


def any_policy(chance: Random) -> Policy:
    """Return thresholds that short lives reach."""
    return Policy(
        confirm_down=chance.randint(1, 3),
        confirm_up=chance.randint(1, 2),
        confirm_unlisted=chance.randint(1, 4),
        confirm_unresponsive=chance.randint(1, 3),
        retire_after=timedelta(hours=chance.choice((1, 30, 14 * 24))),
        flap_window=chance.choice((3, 4, 5, 21)),
        flap_high=chance.choice((30.0, 50.0)),
        exclude=chance.choice(((), (), ("*/hidden-*",), ("a/*",))),
    )


@dataclass
class Nature:
    """What there is to see of a provider: each model's mood, the catalog, a trouble of everyone."""

    provider: str
    now: datetime = START
    moods: dict[str, _Answer] = field(default_factory=lambda: dict.fromkeys(NAMES, _UP))
    listed: tuple[str, ...] = NAMES
    storm: _Answer | None = None

    def go_on(self, chance: Random) -> None:
        """Let time pass and things change."""
        self.now += chance.choice(PAUSES) + timedelta(milliseconds=chance.randrange(1000))
        for name in chance.sample(NAMES, 2):
            self.moods[name] = chance.choice(_ANSWERS)
        if chance.random() < 0.25:
            kept = chance.choice((0.2, 0.8, 0.9, 1))
            self.listed = tuple(name for name in NAMES if chance.random() < kept)
        if chance.random() < 0.25:
            self.storm = chance.choice((None, None, *_STORMS))

    def show(self, chance: Random, at: datetime) -> Sweep:
        """Return all that a sweep at this moment sees; whoever closes it decides."""
        observations = tuple(self._answer(chance, name) for name in self.listed)
        shown = Sweep(
            provider=self.provider,
            started_at=at,
            finished_at=at + timedelta(minutes=2),
            listed=self.listed,
            observations=observations,
            requests=len(observations),
        )
        luck = chance.random()
        if luck < 0.05:
            unread = replace(shown, listed=(), observations=(), verdict=Verdict.INCONCLUSIVE)
            return replace(unread, cause=Cause.CATALOG_UNREADABLE, detail="HTTP 500")
        if luck < 0.1:
            return replace(shown, verdict=Verdict.INCONCLUSIVE, cause=chance.choice(_CAUSES))
        if luck < 0.2:
            kept = tuple(each for each in observations if chance.random() < 0.7)
            return replace(shown, observations=kept)
        return replace(shown, verdict=Verdict.CONCLUSIVE) if luck < 0.25 else shown

    def _answer(self, chance: Random, name: str) -> Observation:
        is_hit = self.storm is not None and chance.random() < 0.9
        outcome, reason, status = self.storm if is_hit and self.storm else self.moods[name]
        if chance.random() < 0.1:
            outcome, reason, status = chance.choice(_ANSWERS)
        return Observation(
            name,
            outcome,
            reason,
            at_ms=chance.choice((0, 700, 90_000, 40_000_000)),
            kind=chance.choice((Kind.UNKNOWN, Kind.CHAT, Kind.CHAT, Kind.CHAT, Kind.EMBEDDINGS)),
            http_status=status,
            latency_ms=chance.randrange(100, 900) if outcome is Outcome.AVAILABLE else None,
            attempts=0 if reason == Reason.NOT_PROBED else 1,
            retires_at=START + timedelta(days=chance.choice((30, 60))) if chance.random() < 0.1 else None,
            served_as=chance.choice((None, None, "x", "x", "y")) if outcome is Outcome.AVAILABLE else None,
        )


@dataclass
class Running:
    """A sweep between its opening and its closing."""

    opened: OpenedSweep
    before: ProviderState
    policy: Policy
    shown: Sweep
    observed: list[Observation] = field(default_factory=list)


@dataclass
class Monitor:
    """One process at work on one database. `policy` is the configured one."""

    engine: Engine
    provider: str
    policy: Policy = field(default_factory=Policy)
    running: Running | None = None

    def begin(self, shown: Sweep) -> None:
        """Open a sweep that is going to see this, as `sweep_provider` does."""
        close_interrupted(self.engine, self.provider, shown.vantage)
        opened = open_sweep(
            self.engine,
            provider=self.provider,
            vantage=shown.vantage,
            slot=None,
            started_at=shown.started_at,
            policy=self.policy,
        )
        assert opened is not None
        shown = replace(shown, started_at=opened.started_at, accepted=is_accepted(self.engine, self.provider))
        self.running = Running(opened, load_state(self.engine, self.provider), self.policy, shown)

    def read_catalog(self) -> None:
        """Store what the catalog gave."""
        if self.running:
            keep_catalog(self.engine, self.running.opened, self.running.shown)

    def observe(self, count: int) -> None:
        """Store the next observations, if the catalog is believed."""
        running = self.running
        if running is None or doubt_catalog(running.before, running.shown, running.policy):
            return
        done = len(running.observed)
        batch = running.shown.observations[done : done + count]
        add_observations(self.engine, running.opened, batch)
        running.observed += batch

    def finish(self) -> None:
        """Decide and close the sweep."""
        if self.running is None:
            return
        running, self.running = self.running, None
        finished = running.shown
        if doubt_catalog(running.before, finished, running.policy):
            finished = replace(finished, observations=())
        decision = fold(running.before, finished, running.policy)
        close_sweep(self.engine, running.opened, finished, decision)

    def die(self) -> None:
        """End as a process that is killed: what is stored stays, the sweep looks as if it still ran."""
        self.running = None

    def recover(self) -> None:
        """Close what a process that died left running; no sweep may be under way."""
        if self.running is None:
            close_interrupted(self.engine, self.provider, "default")

    def sweep(self, shown: Sweep) -> None:
        """Make a whole sweep."""
        self.begin(shown)
        self.read_catalog()
        self.observe(3)
        self.finish()

    def bring_in(self, sweeps: Sequence[Sweep]) -> None:
        """Import past sweeps."""
        add_sweeps(self.engine, sweeps, lambda _: self.policy)

    def accept(self) -> None:
        """Let the next sweep believe what it sees."""
        accept(self.engine, self.provider, START)

    def void(self, number: int) -> bool:
        """Declare a sweep bad; False where that is refused."""
        try:
            void(self.engine, number, "it was the proxy")
        except UsageError:
            return False
        return True

    def undo(self, number: int) -> bool:
        """Let a voided sweep count again; False where it is not void."""
        try:
            undo_void(self.engine, number)
        except UsageError:
            return False
        return True

    def decide_anew(self) -> None:
        """Rebuild with the configured policy."""
        rebuild(self.engine, self.provider, self.policy)

    def prune(self, before_day: date) -> Pruned:
        """Remove the observations of all days before one."""
        return prune(self.engine, self.provider, before_day)

    def sweep_ids(self) -> list[int]:
        """Return the ids of the provider's sweeps by their start."""
        query = (
            select(t.sweep.c.id)
            .join_from(t.sweep, t.provider)
            .where(t.provider.c.name == self.provider)
            .order_by(t.sweep.c.started_at, t.sweep.c.id)
        )
        with reading(self.engine) as connection:
            return list(connection.scalars(query))
