"""Any sequence of sweeps, faults, deaths, imports, policies, void and pruned sweeps, on both databases.

After each step the rows are those a rebuild gives, and both databases tell the same (rules.md 13, 29-31).
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from shutil import copy2
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from monitor.core.domain.sweep import Sweep
from monitor.store.connection.engine import open_engine
from tests.store.invariants import assert_sound, everything, forget, without_observations
from tests.store.living import START, Monitor, Nature, any_policy
from tests.support.postgres import PostgresServer

PROVIDER = "nvidia"
EXAMPLES, PARTS = 27, 9  # in parts, because each is a second of work and more
chances = st.integers(0, 2**32).map(Random)


class History(RuleBasedStateMachine):
    """One provider, watched by a monitor on SQLite and by one on Postgres that do the same."""

    engines: ClassVar[tuple[Engine, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.nature = Nature(PROVIDER)
        self.monitors = [Monitor(engine, PROVIDER) for engine in self.engines]
        self.imported: list[Sweep] = []
        self.rows: dict[str, list[Any]] = {}  # of both, after the last step

    @property
    def is_running(self) -> bool:
        """Whether a sweep is under way."""
        return self.monitors[0].running is not None

    def both(self, act: Callable[[Monitor], object]) -> object:
        """Do something on both databases; what comes of it must be the same."""
        first, second = map(act, self.monitors)
        assert first == second
        return first

    def shown(self, chance: Random) -> Sweep:
        """Let time pass; return what a sweep sees then."""
        self.nature.go_on(chance)
        return self.nature.show(chance, self.nature.now)

    @rule(chance=chances)
    def sweep(self, chance: Random) -> None:
        """Make a whole sweep; one that was under way is cut off by it."""
        shown = self.shown(chance)
        self.both(lambda each: each.sweep(shown))

    @precondition(lambda self: not self.is_running)
    @rule(chance=chances)
    def begin(self, chance: Random) -> None:
        """Open a sweep; other things may happen before it ends."""
        shown = self.shown(chance)
        self.both(lambda each: each.begin(shown))

    @precondition(lambda self: self.is_running)
    @rule()
    def read_catalog(self) -> None:
        """Keep the catalog of the sweep under way."""
        self.both(Monitor.read_catalog)

    @precondition(lambda self: self.is_running)
    @rule(count=st.integers(1, 4))
    def observe(self, count: int) -> None:
        """Store some observations of the sweep under way."""
        self.both(lambda each: each.observe(count))

    @precondition(lambda self: self.is_running)
    @rule()
    def finish(self) -> None:
        """Close the sweep under way."""
        self.both(Monitor.finish)

    @rule()
    def restart(self) -> None:
        """Kill the process; another one begins with new connections and closes what was cut off."""
        for each in self.monitors:
            each.die()
            each.engine.dispose()
            each.recover()

    @rule(chance=chances, back=st.floats(-0.2, 1), count=st.integers(1, 2))
    def import_past(self, chance: Random, back: float, count: int) -> None:
        """Import sweeps that take their place somewhere in the past, or before everything."""
        lived = int((self.nature.now - START).total_seconds() * back)
        moments = [START.timestamp() + lived + 900 * place for place in range(count)]
        sweeps = [self.nature.show(chance, START.fromtimestamp(each, START.tzinfo)) for each in moments]
        self.imported += sweeps
        self.both(lambda each: each.bring_in(sweeps))

    @precondition(lambda self: self.imported)
    @rule()
    def import_again(self) -> None:
        """Import everything again, which changes nothing (rules.md 30)."""
        before = self.rows
        self.both(lambda each: each.bring_in(self.imported))
        assert self._rows() == before

    @rule()
    def accept(self) -> None:
        """Let the next sweep believe what it sees."""
        self.both(Monitor.accept)

    @rule(chance=chances)
    def change_policy(self, chance: Random) -> None:
        """Configure other thresholds and patterns."""
        policy = any_policy(chance)
        for each in self.monitors:
            each.policy = policy

    @rule()
    def decide_anew(self) -> None:
        """Rebuild with the configured policy."""
        self.both(Monitor.decide_anew)

    @rule(back=st.integers(0, 60))
    def prune(self, back: int) -> None:
        """Remove the observations of days long ago; all that was derived of them stays."""
        before = self.rows
        self.both(lambda each: each.prune(self.nature.now.date() - timedelta(days=back)))
        assert without_observations(self._rows()) == without_observations(before)

    @rule(place=st.integers(0, 30))
    def void(self, place: int) -> None:
        """Declare a sweep bad."""
        self._judge(place, Monitor.void)

    @rule(place=st.integers(0, 30))
    def void_and_undo(self, place: int) -> None:
        """Declare a sweep bad and take it back: everything is as it was."""
        before = self.rows
        if self._judge(place, Monitor.void):
            assert self._judge(place, Monitor.undo)
            assert self._rows() == before

    def _judge(self, place: int, judge: Callable[[Monitor, int], bool]) -> object:
        numbers = self.monitors[0].sweep_ids()
        number = numbers[place % len(numbers)] if numbers else 0
        return self.both(lambda each: judge(each, number))

    @invariant()
    def is_sound_and_the_same(self) -> None:
        """Hold both histories against each other, and so the rows of both against the facts of one."""
        self.rows = self._rows()
        assert_sound(self.monitors[0].engine, PROVIDER)

    def _rows(self) -> dict[str, list[Any]]:
        """Return what is stored, which is the same in both."""
        lite, postgres = (everything(each.engine, PROVIDER) for each in self.monitors)
        assert lite == postgres
        return lite

    def teardown(self) -> None:
        """Hold both histories against their own facts; leave the databases empty for the next example."""
        for each in self.monitors:
            assert_sound(each.engine, PROVIDER)
            forget(each.engine, PROVIDER)
            each.engine.dispose()


@pytest.fixture(scope="module")
def engines(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, postgres_server: PostgresServer
) -> Iterator[tuple[Engine, ...]]:
    """Give a SQLite file and a Postgres database, both with monitor's schema, that each life leaves empty."""
    file = copy2(sqlite_template, tmp_path_factory.mktemp("history") / "monitor.db")
    postgres_url = postgres_server.create_database(template=postgres_server.template)
    both = open_engine(f"sqlite:///{file}"), open_engine(postgres_url)
    yield both
    for each in both:
        each.dispose()
    postgres_server.drop_database(postgres_url)


@pytest.mark.parametrize("_part", range(PARTS))
def test_any_history_is_what_a_rebuild_gives_on_both_databases(
    engines: tuple[Engine, ...], _part: int
) -> None:
    class OnBoth(History):
        pass

    OnBoth.engines = engines
    run_state_machine_as_test(
        OnBoth,
        settings=settings(
            max_examples=EXAMPLES // PARTS,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
        ),
    )
