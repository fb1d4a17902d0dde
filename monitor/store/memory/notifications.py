"""Posts what a sweep changed to the channels that asked for it, in the transaction that records the sweep."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, select

from monitor.core.domain.event import Decision
from monitor.core.notification.suppression import (
    NOTHING_SUPPRESSED,
    Changes,
    Subscription,
    Suppressed,
    Suppression,
    addressed,
    sendable,
)
from monitor.store.connection.codecs import stable_json
from monitor.store.facts.identities import upsert
from monitor.store.facts.sweeps import StoredSweep
from monitor.store.memory.ended import ended_by
from monitor.store.memory.outbox import post
from monitor.store.schema import telling

CHANGES: Final = "changes"  # the topic of such a message
LATE: Final = "late_changes"  # the topic of one whose sweep had to wait for the database
_CHANGES = TypeAdapter(Changes)
_SUPPRESSION = TypeAdapter(dict[str, Suppressed])
_SUPPRESSED: Final = select(telling.c.document).where(telling.c.provider_id == bindparam("owner"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Who hears of sweeps; `is_silent` of a provider, a model or None, and a moment: maintenance then."""

    subscriptions: tuple[Subscription, ...] = ()
    is_silent: Callable[[str, str | None, datetime], bool] = lambda _provider, _model, _moment: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """How the changes of a late sweep are posted: as of `now`, and due only at `due_at`.

    Until then the late sweeps that follow are posted too, and a channel gets them all in one message.
    """

    now: datetime
    due_at: datetime


def post_changes(
    connection: Connection,
    provider_id: int,
    stored: StoredSweep,
    decision: Decision,
    outbox: Outbox,
    *,
    late: Late | None = None,
) -> None:
    """Post what is to be sent after a sweep, one message for each channel, and keep what is not sent yet."""
    facts = stored.sweep
    before = _read_suppressed(connection, provider_id)
    events, after = sendable(
        before, decision, lambda model: outbox.is_silent(facts.provider, model, facts.finished_at)
    )
    if after != before:  # most sweeps change nothing
        document = stable_json(_SUPPRESSION.dump_python(dict(after)))
        connection.execute(upsert(connection, telling), {"provider_id": provider_id, "document": document})
    changes = Changes(
        provider=facts.provider,
        sweep_id=stored.id,
        swept_at=facts.started_at,
        events=events,
        ended=ended_by(connection, provider_id, events),
    )
    for subscription in outbox.subscriptions:
        if part := addressed(changes, subscription):
            post(
                connection,
                [subscription.channel],
                topic=LATE if late else CHANGES,
                subject=str(stored.id),  # of the key: a sweep is posted once
                document=_CHANGES.dump_json(part).decode(),
                at=late.now if late else facts.finished_at,  # an old message would be given up too soon
                due_at=late.due_at if late else None,
            )


def read_changes(document: str) -> Changes:
    """Return the changes in a message of the topics `changes` and `late_changes`."""
    return _CHANGES.validate_json(document)


def _read_suppressed(connection: Connection, provider_id: int) -> Suppression:
    document = connection.scalar(_SUPPRESSED, {"owner": provider_id})
    return NOTHING_SUPPRESSED if document is None else _SUPPRESSION.validate_json(document)
