"""What a sweep means, as rows: verdict, counts, events.

Ids follow from the sweep, so a rebuild gives the same.
"""

from typing import Any

from sqlalchemy import Connection, insert, select

from monitor.clock import to_millis
from monitor.core.domain.event import Decision, Event
from monitor.core.domain.fields import field_types
from monitor.core.domain.vocabulary import Verdict
from monitor.store.connection.codecs import event_id
from monitor.store.connection.columns import columns_of, read_value
from monitor.store.derived.periods import write_periods
from monitor.store.derived.states import read_state
from monitor.store.facts.identities import model_ids
from monitor.store.facts.sweeps import CHANGE_SWEEP, StoredSweep, counts_of
from monitor.store.schema import event, model, sweep

_OWN = tuple(name for name in field_types(Event) if name in event.c)


def write_decision(connection: Connection, provider_id: int, stored: StoredSweep, decision: Decision) -> None:
    """Write a decision on a sweep, except the state after it."""
    columns = {
        "verdict": decision.verdict.value,
        "cause": None if decision.cause is None else str(decision.cause),
        **counts_of(stored.sweep, stored.policy, decision.verdict),
    }
    connection.execute(CHANGE_SWEEP, {"of_sweep": stored.id, **columns})
    models = model_ids(
        connection, provider_id, [event.model for event in decision.events if event.model is not None]
    )
    rows = [
        {
            "id": event_id(stored.id, place),
            "provider_id": provider_id,
            "sweep_id": stored.id,
            "swept_at": to_millis(stored.sweep.started_at),
            "model_id": None if event.model is None else models[event.model],
            **event_columns(event),
        }
        for place, event in enumerate(decision.events)
    ]
    if rows:  # an empty list would insert a row of defaults
        connection.execute(insert(event), rows)
        write_periods(connection, rows)


def read_decision(connection: Connection, provider_id: int, sweep_id: int) -> Decision:
    """Return the decision on the latest sweep of a provider, as it is recorded."""
    decided = connection.execute(select(sweep.c.verdict, sweep.c.cause).where(sweep.c.id == sweep_id)).one()
    query = (
        select(event, model.c.name.label("model"))
        .join_from(event, model, isouter=True)
        .where(event.c.sweep_id == sweep_id)
        .where(event.c.id.between(event_id(sweep_id, 0), event_id(sweep_id + 1, 0) - 1))
        .order_by(event.c.id)
    )
    return Decision(
        verdict=Verdict(decided.verdict),
        cause=decided.cause,
        events=tuple(read_value(Event, row) for row in connection.execute(query).mappings()),
        state=read_state(connection, provider_id),
    )


def event_columns(event: Event) -> dict[str, Any]:
    """Return the columns of an event that it has by itself, whatever sweep and model it belongs to."""
    return columns_of(event, _OWN)
