"""Gives a provider's history another name (rules.md 34): one row, because everything else points at it."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection, Engine, select, update

from monitor.core.domain.names import unknown_words
from monitor.errors import NoVerdict, UsageError
from monitor.store.connection.engine import reading, writing
from monitor.store.connection.locks import sweep_lock
from monitor.store.derived.rebuild import lock_provider
from monitor.store.facts.identities import find_provider
from monitor.store.schema import provider, sweep


def rename_provider(engine: Engine, old: str, new: str, vantages: Iterable[str] = ("default",)) -> None:
    """Rename a provider of the history, in one transaction.

    No sweep under either name may run from a vantage of the history or one of these. Raises UsageError where
    `old` has no history or `new` has one, NoVerdict while a sweep runs.
    """
    with reading(engine) as connection:
        owner = _renamable(connection, old, new)
        recorded = connection.scalars(select(sweep.c.vantage).where(sweep.c.provider_id == owner).distinct())
        places = sorted({*vantages, *recorded})
    with no_sweep_running(engine, [old, new], places), writing(engine) as connection:
        owner = _renamable(connection, old, new)
        lock_provider(connection, owner)
        connection.execute(update(provider).where(provider.c.id == owner).values(name=new))


@contextmanager
def no_sweep_running(engine: Engine, names: Iterable[str], vantages: Iterable[str]) -> Iterator[None]:
    """Hold the sweep locks of these names and vantages. Raises NoVerdict where a sweep has one."""
    places = list(vantages)
    with ExitStack() as held:  # all locks or none
        for name in names:
            for vantage in places:
                lock = sweep_lock(engine, name, vantage)
                if not lock.try_acquire():
                    holder = lock.holder()
                    raise NoVerdict(f"a sweep of {name} is running ({holder}): try again when it has ended")
                held.callback(lock.release)
        yield


def _renamable(connection: Connection, old: str, new: str) -> int:
    owner = find_provider(connection, old)
    if owner is None:
        providers = connection.scalars(select(provider.c.name).order_by(provider.c.name))
        raise UsageError(unknown_words("provider", old, providers, " in the history"))
    if find_provider(connection, new) is not None:
        raise UsageError(f'the history has a provider "{new}" already: two histories cannot become one')
    return owner
