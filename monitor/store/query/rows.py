"""Turns rows of the database into the values of core/history/rows.py."""

from sqlalchemy import RowMapping

from monitor.core.history.rows import EventRow
from monitor.store.connection.columns import read_value


def event_row(row: RowMapping) -> EventRow:
    """Return an event's line from its row with the names of its provider and model."""
    return read_value(EventRow, row, event_id=row["id"])
