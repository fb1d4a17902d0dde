"""Lines of counts: what the sweeps of a window saw of each model, and how many were due (rules.md 27)."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, select

from monitor.clock import to_millis
from monitor.core.history import WindowRow
from monitor.store.due import count_due
from monitor.store.past import named
from monitor.store.rollup import Tally, count_window, total_window
from monitor.store.schema import model as model_table
from monitor.store.schema import provider as provider_table


def read_counts(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    provider: str | None,
    model: str | None,
    *,
    latencies: bool = True,
) -> list[WindowRow]:
    """Return the counts of each model that was due in [`begins_at`, `ends_at`), by provider and id."""
    known = (
        select(provider_table.c.name.label("provider"), model_table.c.provider_id, model_table.c.id)
        .add_columns(model_table.c.name)
        .join(model_table, model_table.c.provider_id == provider_table.c.id)
        .where(*named(provider, model))
        .order_by(provider_table.c.name, model_table.c.name)
    )
    models = connection.execute(known).all()
    tallies, silent = dict[int, Tally](), dict[int, int]()
    count = count_window if latencies else total_window
    for owner, number in {each.provider_id: each.id for each in models}.items():
        only = None if model is None else number
        asked = (connection, owner, to_millis(begins_at), to_millis(ends_at), only)
        tallies |= count(*asked)
        silent |= count_due(*asked)
    return [
        _row(each.provider, each.name, tallies.get(each.id, Tally()), silent.get(each.id, 0))
        for each in models
        if each.id in tallies or each.id in silent
    ]


def _row(provider: str, model: str, tally: Tally, silent: int) -> WindowRow:
    """Return a line: every observation is of a sweep that was due, and clear unless it is unknown."""
    told = tally.answered + tally.unavailable
    due = told + tally.unknown + silent
    return WindowRow(provider=provider, model=model, **asdict(tally), clear_or_answered=told, due=due)
