"""Decides histories again once a release has other rules, and counts what changed by it (rules.md 29).

Every sweep is decided with the policy, the acceptance and the verdict stored beside it. No message is
sent of what comes out, and what was sent stays as it is. Before a horizon (store/derived/horizon.py) nothing
changes: what was believed there was decided by the rules of then.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, func, select, text

from monitor.core.history.comparison import Redecided
from monitor.store.connection.progress import OnProgress
from monitor.store.derived.horizon import is_kept, read_bounds
from monitor.store.derived.rebuild import lock_provider, rebuild_provider
from monitor.store.schema import provider, sweep

# What is compared, as it stands; as tables of these names it is kept while it is derived again.
_NOW: Final[Mapping[str, str]] = {
    # NULL is not equal to NULL in a join: 0 stands for the provider itself
    "event_before": """SELECT sweep_id, coalesce(model_id, 0) AS model_id, kind, began_at, confirmed_at,
        from_status, to_status, reason, detail
        FROM event WHERE provider_id = {provider}""",
    "day_before": """SELECT model_id, day, checks, answered, unavailable, unknown, latency_p50_ms,
        latency_p95_ms
        FROM daily WHERE model_id IN (SELECT id FROM model WHERE provider_id = {provider})""",
    "verdict_before": "SELECT id, verdict, cause FROM sweep WHERE provider_id = {provider}",
}
_NEW: Final = "SELECT count(*) FROM ({now} EXCEPT SELECT * FROM {before}) fresh"
_GONE: Final = "SELECT count(*) FROM (SELECT * FROM {before} EXCEPT {now}) gone"
_CHANGED_EVENTS: Final = """SELECT count(*)
FROM ({now} EXCEPT SELECT * FROM {before}) fresh
JOIN (SELECT * FROM {before} EXCEPT {now}) gone
    ON gone.sweep_id = fresh.sweep_id AND gone.model_id = fresh.model_id AND gone.kind = fresh.kind"""
_CHANGED_DAYS: Final = """SELECT count(*) FROM (
    SELECT model_id, day FROM ({now} EXCEPT SELECT * FROM {before}) fresh
    UNION SELECT model_id, day FROM (SELECT * FROM {before} EXCEPT {now}) gone) differing"""


def decide_anew(connection: Connection, on_progress: OnProgress) -> tuple[Redecided, ...]:
    """Derive the rows of every provider with sweeps again, in the transaction at hand."""
    query = select(provider.c.id, provider.c.name).order_by(provider.c.name)
    providers = connection.execute(query).all()
    redecided = (_decide(connection, number, name, on_progress) for number, name in providers)
    return tuple(change for change in redecided if change.sweeps)


def _decide(connection: Connection, provider_id: int, name: str, on_progress: OnProgress) -> Redecided:
    kept = is_kept(provider_id, read_bounds(connection, provider_id))
    sweeps = connection.execute(select(func.count()).select_from(sweep).where(*kept)).scalar_one()
    if not sweeps:
        return Redecided(provider=name, sweeps=0)
    on_progress(name, 0, sweeps)
    lock_provider(connection, provider_id)  # others that derive wait until the upgrade is committed
    queries = {table: query.format(provider=provider_id) for table, query in _NOW.items()}
    for table, query in queries.items():
        connection.execute(text(f"CREATE TEMPORARY TABLE {table} AS {query}"))
    rebuild_provider(connection, provider_id, on_sweep=lambda done: on_progress(name, done, sweeps))
    changed = _changed(connection, name, sweeps, queries)
    for table in queries:
        connection.execute(text(f"DROP TABLE {table}"))
    return changed


def _changed(connection: Connection, name: str, sweeps: int, queries: Mapping[str, str]) -> Redecided:
    """Count what stands otherwise than in the tables that were kept."""

    def count(query: str, table: str) -> int:
        params = text(query.format(before=table, now=queries[table]))
        return int(connection.execute(params).scalar_one())

    changed = count(_CHANGED_EVENTS, "event_before")
    return Redecided(
        provider=name,
        sweeps=sweeps,
        verdicts=count(_NEW, "verdict_before"),
        events_new=count(_NEW, "event_before") - changed,
        events_gone=count(_GONE, "event_before") - changed,
        events_changed=changed,
        days=count(_CHANGED_DAYS, "day_before"),
    )
