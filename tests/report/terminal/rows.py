"""A model and an event as the store gives them, for tests to change."""

from datetime import UTC, datetime, timedelta

from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import EventRow, ModelRow

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
ROW = ModelRow(
    provider="nvidia",
    model="meta/llama",
    kind="chat",
    listed=True,
    status=Status.AVAILABLE,
    flapping=False,
    reason=None,
    since=NOON,
    last_checked_at=NOON,
    last_available_at=None,
    http_status=None,
    latency_ms=None,
    retires_at=None,
    uptime_30d=None,
)
EVENT = EventRow(
    event_id=1,
    provider="nvidia",
    model=None,
    kind="provider_down",
    began_at=NOON - timedelta(minutes=15),
    confirmed_at=NOON,
    from_status=None,
    to_status=None,
    reason=None,
    sweep_id=1,
    detail=None,
)
