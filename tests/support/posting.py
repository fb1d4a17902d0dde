"""What the tests of publishing share: an outbox with something in it, a clock that is set, real channels."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import Engine

from monitor.app.notifications.channels import message_builders
from monitor.app.notifications.publisher import ConfiguredChannel, MessageBuilder, Publisher
from monitor.clock import Clock
from monitor.config import Settings
from monitor.core.domain.event import Event
from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.notification.message import Channel
from monitor.core.notification.suppression import Changes
from monitor.notify.webhook import Webhook
from monitor.store.memory import outbox
from monitor.store.memory.notifications import CHANGES
from tests.support.mailbox import Receiver

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = "signing-key-0f-nobody"

_CHANGES = TypeAdapter(Changes)


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, span: timedelta) -> None:
        """Let time pass."""
        self.at += span


def document(number: int, provider: str = "nvidia") -> str:
    """Return what a sweep changed, as it stands in the outbox."""
    event = Event(
        kind=EventKind.BECAME_UNAVAILABLE,
        model=f"model/{number}",
        began_at=NOON,
        confirmed_at=NOON,
        from_status=Status.AVAILABLE,
        to_status=Status.UNAVAILABLE,
        reason="not_found",
    )
    changes = Changes(provider=provider, sweep_id=number, swept_at=NOON, events=(event,))
    return _CHANGES.dump_json(changes).decode()


def post(
    engine: Engine, numbers: Sequence[int], *channels: str, topic: str = CHANGES, at: datetime = NOON
) -> None:
    """Put a message for each number into the outbox."""
    for number in numbers:
        outbox.post_all(engine, channels, topic=topic, subject=str(number), document=document(number), at=at)


def hook(place: Receiver, watch: Clock, name: str = "hook") -> Webhook:
    """Return a channel to a receiver."""
    return Webhook(name, f"{place.base_url}/{name}", key=KEY, now=watch)


def publisher(
    engine: Engine,
    watch: Clock,
    *channels: Channel,
    most_per_hour: int = 0,
    messages: Mapping[str, MessageBuilder] | None = None,
    by: str = "daemon",
) -> Publisher:
    """Return a publisher to these channels."""
    configured = [ConfiguredChannel(channel=channel, most_per_hour=most_per_hour) for channel in channels]
    return Publisher(engine, configured, messages or message_builders(Settings()), now=watch, by=by)


def publish(sender: Publisher) -> None:
    """Send what is due, once."""
    asyncio.run(sender.publish())


def is_empty(engine: Engine, *channels: str) -> bool:
    """Tell whether nothing waits for these channels any more."""
    return not any(outbox.due(engine, channel, NOON + timedelta(days=9999)) for channel in channels)


def models_of(place: Receiver) -> list[str]:
    """Return the models that a receiver was told of, in order."""
    return [event["model"] for posted in place.taken for event in posted.document["events"]]


def ids_of(place: Receiver) -> list[str]:
    """Return the ids of the messages that a receiver took, in order."""
    return [posted.headers["X-Monitor-Delivery"] for posted in place.taken]
