"""What the commands call: the settings wired to the database.

What sweeping alone needs is in targets.py and channels.py: commands that only read start sooner without it.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import cached_property

from monitor.clock import utc_now
from monitor.config import DEMO_DATABASE, ProviderSettings, Settings, known_secrets
from monitor.core.domain.names import unknown_words
from monitor.core.history.selection import Watched
from monitor.errors import StoreError, UsageError
from monitor.report.words.cost import cost_words
from monitor.store import query
from monitor.store.admin.migrate import SchemaState, prepare, require_current, schema_state
from monitor.store.connection.closing import close_all
from monitor.store.connection.engine import BUSY_AFTER_S, Engine, open_engine
from monitor.store.connection.errors import database_name

_NOTHING = {SchemaState.MISSING, SchemaState.EMPTY}


class App:
    """One configuration, wired: engines for the store, and what the settings say of providers."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], note: Callable[[str], None] = lambda _line: None
    ) -> None:
        """Wire the settings; `note` takes what a person should know beside the results."""
        self.settings = settings
        self.environ = environ
        self._note = note
        self._engines: list[Engine] = []

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What must never be logged."""
        return known_secrets(self.settings, self.environ)

    # The database

    def open_store(
        self,
        *,
        read_only: bool = False,
        leaves_wal: bool = False,
        url: str | None = None,
        answers_within_s: float | None = None,
        busy_after_s: float = BUSY_AFTER_S,
    ) -> Engine:
        """Return an engine on the configured database or another one, nothing checked or created."""
        database = self.settings.database
        engine = open_engine(
            url or database.url,
            file_mode=database.file_mode,
            read_only=read_only,
            leaves_wal=leaves_wal,
            answers_within_s=answers_within_s,
            busy_after_s=busy_after_s,
        )
        self._engines.append(engine)
        return engine

    def close(self) -> None:
        """Close what `open_store` opened; a SQLite history is left as one file."""
        close_all(self._engines)

    def history(self, *, read_only: bool = True) -> Engine:
        """Return the database as it is; raises StoreError where there is none of this version.

        The demo's is read where nothing is configured and no other history is there.
        """
        engine = self.open_store(read_only=read_only)
        if not self.settings.model_fields_set and schema_state(engine) in _NOTHING:
            demo = self.open_store(read_only=True, url=DEMO_DATABASE)
            if schema_state(demo) is SchemaState.CURRENT:
                self._note(f"note: this is the demo's history: {database_name(demo)}")
                return demo
        require_current(engine)
        return engine

    def prepared(self) -> Engine:
        """Return the database for writing, created or upgraded where nothing can be lost by it.

        What an import that was killed left unfolded is folded first. Raises StoreUnavailable where the
        database is gone and sweeps wait for it.
        """
        # they import what sweeping needs, which most commands do not
        from monitor.app.wiring.spool import spool_of  # noqa: PLC0415
        from monitor.store.derived.rebuild import settle_all  # noqa: PLC0415
        from monitor.sweep import require_history  # noqa: PLC0415

        engine = self.open_store()
        require_history(engine, spool_of(self.settings, engine))
        prepare(engine)
        settle_all(engine)
        return engine

    # The providers

    def chosen(self, names: Collection[str]) -> tuple[ProviderSettings, ...]:
        """Return the providers of these names, all for none; raises UsageError for one not configured."""
        configured = [provider.name for provider in self.settings.providers]
        for name in names:
            if name not in configured:
                raise UsageError(unknown_words("provider", name, configured, " in the configuration"))
        return tuple(one for one in self.settings.providers if not names or one.name in names)

    def watched(self, engine: Engine) -> Watched:
        """Return what is watched.

        Where no provider is configured and the history lacks the default one, its own are: of the demo, say.
        """
        names = [provider.name for provider in self.settings.providers]
        if "providers" not in self.settings.model_fields_set:  # no file says that a provider was left out
            recorded = query.providers(engine)
            names = names if {*names} & {*recorded} else recorded or names
        return Watched({name: self.settings.policy_of(name) for name in names})

    def interval_of(self, provider: ProviderSettings) -> timedelta:
        """Return the time between two scheduled sweeps of a provider, as it is now."""
        from monitor.scheduler import period  # noqa: PLC0415 - APScheduler, which few commands need

        return period(self.settings.cadence_of(provider), utc_now())

    def interval_named(self, name: str) -> timedelta:
        """Return the interval of a provider by its name; the general one where it is not watched."""
        from monitor.scheduler import period  # noqa: PLC0415 - as above

        provider = self.settings.provider(name)
        return self.interval_of(provider) if provider else period(self.settings.schedule.cadence, utc_now())

    def daily_cost(self, provider: ProviderSettings) -> str:
        """Say what the coming UTC day costs, and if the budget suffices; raises as `interval_of`."""
        from monitor.scheduler import slots_between, trigger_of  # noqa: PLC0415 - as above

        # a whole day: today's first slots may be past
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
        """The ids last believed to be listed, else those last read, by configured provider.

        Providers without any are left out: all, where the database is missing, unreachable or of another
        version. Creates nothing.
        """
        # the fold, which no command needs that prints what stands
        from monitor.store.derived.states import load_state  # noqa: PLC0415
        from monitor.store.facts.catalogs import last_catalog  # noqa: PLC0415

        engine = self.open_store(read_only=True)
        try:
            require_current(engine)
            believed = {
                provider.name: load_state(engine, provider.name).believed
                # a sweep that asked no model believed none
                or last_catalog(engine, provider.name)
                for provider in self.settings.providers
            }
        except StoreError:
            return {}
        finally:
            engine.dispose()  # `config check` reads and goes
        return {name: listed for name, listed in believed.items() if listed}

    def _watched_models(self, name: str) -> int | None:
        """Count the models of the last believed catalog that are watched; None where none is known."""
        if name not in self.catalogs:
            return None
        from monitor.core.lifecycle.fold import is_tracked  # noqa: PLC0415 - as above

        policy = self.settings.policy_of(name)
        return sum(is_tracked(model, policy) for model in self.catalogs[name])
