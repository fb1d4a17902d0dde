"""Deriving a history anew: what `monitor db rebuild` and `monitor db void` do."""

from monitor.app.wiring.application import App
from monitor.core.history.comparison import Comparison
from monitor.store import query
from monitor.store.admin.migrate import require_current
from monitor.store.connection.engine import Engine
from monitor.store.derived import compare, rebuild
from monitor.store.write import void


def compare_history(app: App, name: str | None, *, is_current: bool) -> list[Comparison]:
    """Say of one provider of the history, or of all, which derived rows differ from what its facts give.

    `is_current` decides every sweep with today's policy. Writes nothing, locks nothing. Raises UsageError for
    a name without a history, StoreError for a database that is not this version's.
    """
    engine = app.history()
    return [
        compare.compare(engine, each, app.settings.policy_of(each) if is_current else None)
        for each in query.chosen_providers(engine, name)
    ]


def rebuild_history(app: App, name: str | None, *, is_current: bool) -> list[Comparison]:
    """As `compare_history`, and write what follows from the facts; one transaction for each provider."""
    engine = _writable(app)
    return [
        rebuild.rebuild(engine, each, app.settings.policy_of(each) if is_current else None)
        for each in query.chosen_providers(engine, name)
    ]


def void_sweep(app: App, sweep_id: int, reason: str) -> void.Voided:
    """Declare a sweep bad; raises as `store.void.void`."""
    return void.void(_writable(app), sweep_id, reason)


def undo_void(app: App, sweep_id: int) -> void.Voided:
    """Let a voided sweep count again; raises as `store.void.undo_void`."""
    return void.undo_void(_writable(app), sweep_id)


def _writable(app: App) -> Engine:
    """Return the database for writing; raises StoreError where there is no history of this version."""
    engine = app.open_store()
    require_current(engine)
    return engine
