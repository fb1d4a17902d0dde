"""The catalogs that sweeps read, as they were recorded."""

from sqlalchemy import Engine, select

from monitor.store.connection.engine import reading
from monitor.store.facts.identities import catalog_members, find_provider
from monitor.store.schema import model, sweep


def last_catalog(engine: Engine, provider: str) -> frozenset[str]:
    """Return the ids that a provider's latest readable catalog listed, believed or not; none without one."""
    with reading(engine) as connection:
        owner = find_provider(connection, provider)
        newest = (
            select(sweep.c.catalog_id)
            .where(sweep.c.provider_id == owner, sweep.c.catalog_id.is_not(None))
            .order_by(sweep.c.started_at.desc(), sweep.c.id.desc())
            .limit(1)
        )
        number = None if owner is None else connection.scalar(newest)
        if number is None:
            return frozenset()
        members = set(catalog_members(connection, [number])[number])
        names = connection.execute(select(model.c.id, model.c.name).where(model.c.provider_id == owner))
        return frozenset(name for id_, name in names if id_ in members)
