"""What the commands call: the settings wired to the database.

What sweeping alone needs is in targets.py and channels.py: commands that only read start sooner without it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property

from monitor.clock import utc_now
from monitor.config import (
    ProviderSettings,
    Settings,
    known_secrets,
    resolve_headers,
    resolve_key,
    resolve_proxy,
)
from monitor.core.domain.names import unknown_words
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Sweep
from monitor.core.lifecycle.fold import is_tracked
from monitor.errors import ConfigError, StoreError, UsageError
from monitor.report.words.cost import cost_words
from monitor.scheduler import period, slots_between, trigger_of
from monitor.store import query
from monitor.store.admin import check, migrate
from monitor.store.connection.engine import Engine, open_engine
from monitor.store.connection.errors import database_name
from monitor.store.derived.redecide import Watch
from monitor.store.derived.states import load_state
from monitor.store.memory import acceptance
from monitor.store.write import import_export


class App:
    """One configuration, wired. Engines are opened for each call and closed with it."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.settings = settings
        self.environ = environ

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What must never be logged."""
        return known_secrets(self.settings, self.environ)

    # The database

    def open_store(self, *, read_only: bool = False) -> Engine:
        """Return an engine on the configured database, nothing checked or created."""
        database = self.settings.database
        return open_engine(database.url, file_mode=database.file_mode, read_only=read_only)

    def history(self) -> Engine:
        """Return the database for reading; raises StoreError where there is none of this version."""
        engine = self.open_store(read_only=True)
        migrate.require_current(engine)
        return engine

    def prepared(self) -> Engine:
        """Return the database for writing, created or upgraded where nothing can be lost by it."""
        engine = self.open_store()
        migrate.prepare(engine)
        return engine

    @property
    def database_name(self) -> str:
        """The database as messages call it, without a password."""
        return database_name(self.open_store())

    def upgrade(self, watch: Watch) -> migrate.Upgraded:
        """Bring the schema to this version and the history to its rules; `watch` hears how far that is."""
        return migrate.upgrade(self.open_store(), watch)

    def check_database(self) -> list[str]:
        """Return the faults of the database, none where it is sound."""
        return check.check(self.open_store(read_only=True))

    def read_sweeps(
        self, *, since: datetime | None, until: datetime | None, provider: str | None
    ) -> Iterator[Sweep]:
        """Return finished sweeps as records, oldest first, as a stream."""
        return import_export.read_sweeps(self.history(), since=since, until=until, provider=provider)

    def add_sweeps(
        self, sweeps: Iterable[Sweep], *, is_rough: Callable[[Sweep], bool] = lambda _sweep: False
    ) -> import_export.Imported:
        """Add past sweeps to the history and derive everything that follows from them.

        A rough one is known to the second: it is there already where any of its provider began in that.
        """
        return import_export.add_sweeps(self.prepared(), sweeps, self.settings.policy_of, is_rough=is_rough)

    def accept(self, name: str) -> tuple[ProviderState, bool]:
        """Let a provider's next sweep believe what it sees (rules.md 11).

        Returns what is believed now, with all that is held back, and whether this is news: False where it was
        accepted before and no sweep has used that yet. Raises UsageError for a name that nobody knows.
        """
        known = {*(each.name for each in self.settings.providers), *self._recorded_providers()}
        if name not in known:
            place = " in the configuration or the history"
            raise UsageError(unknown_words("provider", name, sorted(known), place))
        engine = self.prepared()
        is_new = acceptance.accept(engine, name, utc_now())
        return load_state(engine, name), is_new

    def _recorded_providers(self) -> list[str]:
        """Return the providers of the history, none where there is no history yet. Creates nothing."""
        state = migrate.schema_state(self.open_store(read_only=True))
        has_none = state in {migrate.SchemaState.MISSING, migrate.SchemaState.EMPTY}
        return [] if has_none else query.providers(self.history())

    # The providers

    def missing_secrets(self, provider: ProviderSettings) -> list[str]:
        """Return what a sweep of this provider would miss, in words; empty where it has everything."""
        missing = []
        for resolve in (resolve_key, resolve_headers, resolve_proxy):
            try:
                resolve(provider, self.environ)
            except ConfigError as error:
                missing.append(str(error))
        return missing

    def chosen(self, name: str | None) -> tuple[ProviderSettings, ...]:
        """Return the provider of that name, or all; raises UsageError for a name that is not configured."""
        if name is None:
            return self.settings.providers
        provider = self.settings.provider(name)
        if provider is None:
            names = [each.name for each in self.settings.providers]
            raise UsageError(unknown_words("provider", name, names, " in the configuration"))
        return (provider,)

    def interval_of(self, provider: ProviderSettings) -> timedelta:
        """Return the time between two scheduled sweeps of a provider, as it is now."""
        return period(self.settings.cadence_of(provider), utc_now())

    def interval_named(self, name: str) -> timedelta:
        """Return the interval of a provider by its name; the general one where it is not watched."""
        provider = self.settings.provider(name)
        return self.interval_of(provider) if provider else period(self.settings.schedule.cadence, utc_now())

    def daily_cost(self, provider: ProviderSettings) -> str:
        """Say in words what watching a provider asks for in the coming UTC day, and if its budget suffices.

        Raises ConfigError as `interval_of`.
        """
        midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        tick = timedelta(microseconds=1)
        trigger = trigger_of(self.settings.cadence_of(provider))
        slots = slots_between(trigger, midnight - tick, midnight + timedelta(days=1) - tick)
        return cost_words(
            provider.name,
            models=self._watched_models(provider.name),
            sweeps=len(slots),
            budget=provider.requests_per_day,
        )

    @cached_property
    def catalogs(self) -> Mapping[str, frozenset[str]]:
        """The ids last believed to be listed, by configured provider; providers without any are left out.

        A database that is missing, away or another version's tells nothing. Creates nothing.
        """
        engine = self.open_store(read_only=True)
        try:
            migrate.require_current(engine)
            believed = {each.name: load_state(engine, each.name).believed for each in self.settings.providers}
        except StoreError:
            return {}
        finally:
            engine.dispose()
        return {name: listed for name, listed in believed.items() if listed}

    def _watched_models(self, name: str) -> int | None:
        """Count the models of the last believed catalog that are watched; None where nothing tells."""
        if name not in self.catalogs:
            return None
        policy = self.settings.policy_of(name)
        return sum(is_tracked(model, policy) for model in self.catalogs[name])
