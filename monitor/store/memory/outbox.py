"""The outbox: messages to channels, written with what they report, claimed by one sender at a time.

A message is marked after it was delivered: a crash in between repeats it under the same id and loses nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, or_, select, update

from monitor.clock import DAY_MS, to_datetime, to_millis
from monitor.store.connection.engine import reading, writing
from monitor.store.facts.identities import insert_new
from monitor.store.schema import delivery

_WITH: Final = "sent with message "  # the error of a message that was delivered as part of another


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message that waits to be delivered; `document` is JSON text, its form depends on the topic."""

    id: int
    channel: str
    topic: str
    subject: str
    document: str
    created_at: datetime
    attempts: int


def post(
    connection: Connection,
    channels: Iterable[str],
    *,
    topic: str,
    subject: str,
    document: str,
    at: datetime,
    due_at: datetime | None = None,
) -> None:
    """Put one message to each channel in the outbox; what was posted before is not posted again.

    It is to be sent from `due_at` on, or at once.
    """
    rows = [
        {
            "channel": channel,
            "topic": topic,
            "subject": subject,
            "document": document,
            "created_at": to_millis(at),
            "due_at": to_millis(due_at or at),
        }
        for channel in channels
    ]
    if rows:
        connection.execute(insert_new(connection, delivery), rows)  # unique by channel, topic and subject


def post_all(
    engine: Engine, channels: Iterable[str], *, topic: str, subject: str, document: str, at: datetime
) -> None:
    """As `post`, in a transaction of its own."""
    with writing(engine) as connection:
        post(connection, channels, topic=topic, subject=subject, document=document, at=at)


def due(engine: Engine, channel: str, now: datetime, *, limit: int = 100) -> list[Delivery]:
    """Return a channel's messages to be delivered now, those that others are delivering left out."""
    columns = [delivery.c[name] for name in Delivery.__dataclass_fields__]
    query = (
        select(*columns)
        .where(delivery.c.channel == channel, *_claimable(now))
        .order_by(delivery.c.id)
        .limit(limit)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [Delivery(**{**row, "created_at": to_datetime(row["created_at"])}) for row in rows]


def claim(
    engine: Engine, numbers: Collection[int], *, by: str, now: datetime, until: datetime
) -> frozenset[int]:
    """Take messages by one conditional UPDATE; returns those taken: others have or delivered the rest."""
    statement = (
        update(delivery)
        .where(delivery.c.id.in_(numbers), *_claimable(now))
        # counted at the claim: a sender that dies has used its attempt
        .values(claimed_by=by, claimed_until=to_millis(until), attempts=delivery.c.attempts + 1)
        .returning(delivery.c.id)
    )
    with writing(engine) as connection:
        return frozenset(connection.scalars(statement))


def mark_delivered(engine: Engine, numbers: Sequence[int], at: datetime) -> None:
    """Note that messages arrived as one, under the first one's id; any process may have delivered them."""
    first, others = numbers[0], numbers[1:]
    with writing(engine) as connection:
        _settle(connection, delivery.c.id == first, delivered_at=to_millis(at), error=None)
        _settle(connection, delivery.c.id.in_(others), delivered_at=to_millis(at), error=f"{_WITH}{first}")


def postpone(engine: Engine, number: int, *, by: str, due_at: datetime, error: str) -> None:
    """Try a claimed message again later."""
    with writing(engine) as connection:
        _settle(connection, _is_claimed(number, by), due_at=to_millis(due_at), error=error)


def hasten(engine: Engine, numbers: Collection[int], due_at: datetime) -> None:
    """Let messages that were put off, and that no process has claimed, be due earlier."""
    is_free = delivery.c.id.in_(numbers) & delivery.c.claimed_by.is_(None)
    with writing(engine) as connection:
        _settle(connection, is_free, due_at=to_millis(due_at))


def hasten_topic(engine: Engine, topic: str, due_at: datetime) -> None:
    """Let messages of a topic that were never tried be due, if they are due later."""
    is_untried = (delivery.c.topic == topic) & (delivery.c.attempts == 0) & delivery.c.claimed_by.is_(None)
    with writing(engine) as connection:
        is_later = delivery.c.due_at > to_millis(due_at)
        _settle(connection, is_untried & is_later, due_at=to_millis(due_at))


def give_up(engine: Engine, number: int, *, by: str, at: datetime, error: str) -> None:
    """Stop trying a claimed message; it stays in the table as given up."""
    with writing(engine) as connection:
        _settle(connection, _is_claimed(number, by), given_up_at=to_millis(at), error=error)


def give_up_orphans(
    engine: Engine, channels: Collection[str], *, created_before: datetime, at: datetime
) -> dict[str, int]:
    """Stop trying what waits for channels other than these; returns how many messages by channel."""
    is_orphan = (delivery.c.channel.not_in(channels), delivery.c.created_at < to_millis(created_before))
    statement = (
        update(delivery)
        .where(*_pending(), *is_orphan)
        .values(given_up_at=to_millis(at), error="the channel is not configured any more")
        .returning(delivery.c.channel)
    )
    with writing(engine) as connection:
        return dict(Counter(connection.scalars(statement)))


def release_claims(engine: Engine, by: str) -> None:
    """Free what a sender that is gone had claimed."""
    with writing(engine) as connection:
        connection.execute(
            update(delivery)
            .where(delivery.c.claimed_by == by, *_pending())
            .values(claimed_by=None, claimed_until=None)
        )


def delivered_since(engine: Engine, channel: str, since: datetime) -> int:
    """Count what a channel got from a moment on; messages delivered as one count once."""
    query = select(func.count()).where(
        delivery.c.channel == channel,
        delivery.c.delivered_at >= to_millis(since),
        delivery.c.error.is_(None),  # messages that went along with another have its number as their error
    )
    with reading(engine) as connection:
        return int(connection.execute(query).scalar_one())


def undelivered(engine: Engine, *, since: datetime, until: datetime) -> dict[str, int]:
    """Count by channel the messages given up in a span of time."""
    query = (
        select(delivery.c.channel, func.count().label("messages"))
        .where(delivery.c.given_up_at >= to_millis(since), delivery.c.given_up_at < to_millis(until))
        .group_by(delivery.c.channel)
    )
    with reading(engine) as connection:
        return {row.channel: row.messages for row in connection.execute(query)}


def forget_settled(engine: Engine, before: datetime) -> int:
    """Delete messages created before a moment that are delivered or given up; returns how many."""
    is_settled = or_(delivery.c.delivered_at.is_not(None), delivery.c.given_up_at.is_not(None))
    with writing(engine) as connection:
        gone = connection.execute(  # those that wait stay, however old
            delete(delivery).where(delivery.c.created_at < to_millis(before), is_settled)
        )
        return gone.rowcount


def _pending() -> tuple[ColumnElement[bool], ...]:
    return delivery.c.delivered_at.is_(None), delivery.c.given_up_at.is_(None)


def _claimable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    moment = to_millis(now)
    beyond = moment + DAY_MS  # no pause and no claim is as long: the clock was set back since
    until = delivery.c.claimed_until  # a claim runs out, should its sender be gone
    is_free = or_(until.is_(None), until <= moment, until > beyond)
    is_due = or_(delivery.c.due_at <= moment, delivery.c.due_at > beyond)
    return (*_pending(), is_due, is_free)


def _is_claimed(number: int, by: str) -> ColumnElement[bool]:
    return (delivery.c.id == number) & (delivery.c.claimed_by == by)


def _settle(connection: Connection, which: ColumnElement[bool], **columns: int | str | None) -> None:
    connection.execute(
        # settled once: a late sender changes nothing
        update(delivery).where(which, *_pending()).values(claimed_by=None, claimed_until=None, **columns)
    )
