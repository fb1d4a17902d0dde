"""Remove old observations, by whole days, as `[retention] observations` says."""

from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from monitor.app.wiring.application import App
from monitor.clock import Clock, utc_now
from monitor.errors import StoreError
from monitor.store.admin import prune
from monitor.store.connection import sqlite_file
from monitor.store.connection.engine import Engine, is_sqlite
from monitor.store.connection.locks import leader_lock
from monitor.store.query import chosen_providers
from monitor.store.write import record

_NEEDS_UPGRADE: Final = "pruning will not free disk space until you run `monitor db upgrade`"


def prune_history(
    app: App,
    names: Collection[str],
    *,
    is_dry: bool,
    on_step: Callable[[str, int], None] = lambda _name, _sweeps: None,
    now: Clock = utc_now,
) -> Iterator[prune.Pruned]:
    """Prune these providers of the history, or all for none, or only say what would go.

    `on_step` gets a provider and how many of its sweeps a step has pruned.

    Raises UsageError for a name without a history, StoreError for a database that is not this version's.
    """
    engine = app.history(read_only=is_dry)
    before_day = first_kept_day(now(), app.settings.retention.observations)
    for provider in chosen_providers(engine, names):
        if is_dry:
            yield prune.prunable(engine, provider, before_day)
        else:
            end_dead_sweeps(engine, provider, before_day)  # a sweep without an end stops pruning there
            yield prune.prune(engine, provider, before_day, on_step=partial(on_step, provider))
    if not is_dry:
        prune.remove_findings(engine, prune.unused_findings(engine, now()))
        while prune.give_back(engine):
            pass


def make_shrinkable(engine: Engine) -> str | None:
    """Let a SQLite file of an older version give space back; says what came of it, if there was need."""
    if not is_sqlite(engine) or sqlite_file.is_shrinkable(engine):
        return None
    lock = leader_lock(engine)
    if not lock.try_acquire():  # a rewrite needs the file alone
        return f"{_NEEDS_UPGRADE} with the daemon stopped"
    try:
        sqlite_file.make_shrinkable(engine)
    except StoreError as error:
        return f"{_NEEDS_UPGRADE} with the daemon stopped and disk space for a second copy ({error})"
    finally:
        lock.release()
    return "rebuilt once so that pruning frees disk space"


def end_dead_sweeps(engine: Engine, name: str, before_day: date) -> None:
    """Close old sweeps that a crash left running at vantages without a sweep now (rules.md 32)."""
    for vantage in prune.unended_vantages(engine, name, before_day):
        record.close_dead(engine, name, vantage)


def first_kept_day(now: datetime, observations: timedelta) -> date:
    """Return the first UTC day whose observations stay."""
    return (now - observations).date()
