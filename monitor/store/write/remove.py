"""Removes a provider's history: every row that is about it, in one transaction."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Text, cast, delete, func, select

from monitor.clock import to_datetime
from monitor.core.domain.names import unknown_words
from monitor.errors import NoVerdict, UsageError
from monitor.store.connection.engine import reading, writing_unchecked
from monitor.store.derived.rebuild import lock_provider
from monitor.store.facts.identities import find_provider
from monitor.store.memory.notifications import CHANGES
from monitor.store.schema import delivery, metadata, model, provider, sweep
from monitor.store.write.rename import no_sweep_running


@dataclass(frozen=True, slots=True)
class Extent:
    """How much history a provider has; `folds` is how often it was derived, so that a change is noticed."""

    name: str
    sweeps: int
    models: int
    first_started_at: datetime | None
    last_started_at: datetime | None
    vantages: tuple[str, ...]
    folds: int


def extent_of(engine: Engine, name: str) -> Extent:
    """Return how much history a provider has. Raises UsageError for a name without one."""
    with reading(engine) as connection:
        owner = _owner(connection, name)
        starts = func.count(), func.min(sweep.c.started_at), func.max(sweep.c.started_at)
        count, first, last = connection.execute(select(*starts).where(sweep.c.provider_id == owner)).one()
        vantages = select(sweep.c.vantage).where(sweep.c.provider_id == owner).distinct()
        models = select(func.count()).select_from(model).where(model.c.provider_id == owner)
        return Extent(
            name=name,
            sweeps=count,
            models=connection.execute(models).scalar_one(),
            first_started_at=None if first is None else to_datetime(first),
            last_started_at=None if last is None else to_datetime(last),
            vantages=tuple(sorted(connection.scalars(vantages))),
            folds=connection.execute(select(provider.c.folds).where(provider.c.id == owner)).scalar_one(),
        )


@contextmanager
def without_sweeps_of(engine: Engine, extent: Extent, vantages: Iterable[str]) -> Iterator[None]:
    """Keep sweeps of a provider out, from a vantage of its history or one of these. Raises NoVerdict."""
    with no_sweep_running(engine, [extent.name], sorted({*extent.vantages, *vantages})):
        yield


def remove_provider(engine: Engine, extent: Extent) -> None:
    """Remove every fact, derived row and memory of a provider, and its messages that name a sweep.

    What providers share stays: policies, and findings until they are pruned. Raises NoVerdict where the
    history is not the one of the extent any more; nothing is removed then.
    """
    with writing_unchecked(engine) as connection:
        owner = _owner(connection, extent.name)
        folds = lock_provider(connection, owner)
        count = select(func.count()).select_from(sweep).where(sweep.c.provider_id == owner)
        if (folds, connection.execute(count).scalar_one()) != (extent.folds, extent.sweeps):
            raise NoVerdict(
                f"the history of {extent.name} was changed meanwhile: nothing was removed; try again"
            )
        _remove(connection, owner)


def _remove(connection: Connection, owner: int) -> None:
    about = select(cast(sweep.c.id, Text)).where(sweep.c.provider_id == owner)
    connection.execute(delete(delivery).where(delivery.c.topic == CHANGES, delivery.c.subject.in_(about)))
    models = select(model.c.id).where(model.c.provider_id == owner)
    for table in reversed(metadata.sorted_tables):  # rows that point to others before those
        if "provider_id" in table.c:
            connection.execute(delete(table).where(table.c.provider_id == owner))
        elif "model_id" in table.c:
            connection.execute(delete(table).where(table.c.model_id.in_(models)))
    connection.execute(delete(provider).where(provider.c.id == owner))


def _owner(connection: Connection, name: str) -> int:
    owner = find_provider(connection, name)
    if owner is None:
        names = connection.scalars(select(provider.c.name).order_by(provider.c.name))
        raise UsageError(unknown_words("provider", name, names, " in the history"))
    return owner
