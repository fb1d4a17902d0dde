"""An outage as JSON values, with the columns of `outage_history`."""

from collections.abc import Mapping
from datetime import datetime

from monitor.core.history.rows import OutageRow


def outage_document(row: OutageRow, until: datetime) -> Mapping[str, object]:
    """Return an outage with its length in seconds; one that lasts is counted until a moment."""
    so_far_s = ((row.ended_at or until) - row.began_at).total_seconds()
    return {
        "provider": row.provider,
        "model": row.model,
        "began_at": row.began_at,
        "ended_at": row.ended_at,
        "duration_s": None if row.ended_at is None else so_far_s,
        "reason": row.reason,
        "duration_so_far_s": so_far_s,
    }
