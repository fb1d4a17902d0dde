"""Brings the outbox to its channels: claims, delivers, marks, tries again, gives up loudly.

A message is marked after it arrived, so a crash repeats it under the same id and never loses it. Channels
are served side by side; nothing that becomes of a delivery reaches a sweep.
"""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from monitor.app.periodic import every
from monitor.clock import Clock, boot_s, skipped_since, to_millis
from monitor.core.notification.backoff import GIVE_UP_AFTER, next_try, pause_after
from monitor.core.notification.message import Channel, Message
from monitor.errors import Fenced, NotDelivered, StoreError
from monitor.logs import event
from monitor.store.connection.engine import Engine
from monitor.store.memory import outbox
from monitor.store.memory.notifications import CHANGES, LATE
from monitor.store.memory.outbox import Delivery

log = logging.getLogger(__name__)

DAEMON: Final = "daemon"  # the sender's name of the leading process: there is only one
_CLAIM_FOR: Final = timedelta(minutes=2)  # longer than the longest delivery
_HOUR: Final = timedelta(hours=1)
_KEEP_FOR: Final = timedelta(days=400)  # a second post of an old message is still refused
_MANY_TRIES: Final = 8  # in an hour
_LOOK_EVERY_S: Final = 5.0
_TIDY_EVERY_S: Final = 3600.0

# a process that was frozen between its claim and the message does not know who has sent it meanwhile
_FRESH_S: Final = 60.0  # half of the claim

MaySend = Callable[[], Awaitable[None]]  # returns when this process may send, raises Fenced where it may not
MessageBuilder = Callable[[Sequence[str], str], Message]  # of documents for one message, and the message's id


async def send_always() -> None:
    """Let every message through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredChannel:
    """A channel, and how many messages it may be sent within any hour; 0 is no limit."""

    channel: Channel
    most_per_hour: int = 0


@dataclass(slots=True)
class _ChannelQueue:
    """The state of one channel: what arrived but is not marked, and until when it rests.

    Messages go out in their order, so one that fails holds up the others while the channel rests. One that
    failed often may be at fault itself: then the next is tried, and if that arrives, the suspect once more;
    only if it fails again do the others go on without it.
    """

    configured: ConfiguredChannel
    unmarked: Sequence[int] = ()
    arrived_at: datetime | None = None
    failures: int = 0
    rests_until: datetime | None = None
    suspects: Sequence[int] = ()
    is_suspect_alone: bool = False  # the channel took another message after it had refused the suspect
    is_outbox_away: bool = False
    has_failed_for_long: bool = False  # it lost a message since it took one

    @property
    def name(self) -> str:
        return self.configured.channel.name

    def has_arrived(self, numbers: Sequence[int], at: datetime) -> None:
        self.unmarked, self.arrived_at = numbers, at
        self.failures, self.rests_until, self.has_failed_for_long = 0, None, False
        if set(numbers) & set(self.suspects):
            self.suspects = ()
        self.is_suspect_alone = bool(self.suspects)

    def has_lost(self, error: str) -> None:
        """Log once that the channel needs the operator: a message of it was given up after a day."""
        if not self.has_failed_for_long:
            event(log, logging.ERROR, "channel_failing", channel=self.name, error=error)
        self.has_failed_for_long = True

    def has_failed(
        self, numbers: Sequence[int], tries: int, now: datetime, retry_after: timedelta | None
    ) -> bool:
        """Take note; returns whether the next message is to be tried at once."""
        is_suspect, was_doubted = numbers == self.suspects, bool(self.suspects)
        if is_suspect and self.is_suspect_alone:
            self.suspects, self.is_suspect_alone = (), False
            return True
        self.suspects, self.is_suspect_alone = (), False
        if tries >= _MANY_TRIES and not was_doubted and retry_after is None:
            self.suspects = numbers
            return True
        self.failures += 1
        self.rests_until = now + max(pause_after(self.failures), retry_after or timedelta())
        return False


class Publisher:
    """Serves the outbox of a database. `messages` words it, by topic; `by` is the process that claims."""

    def __init__(
        self,
        engine: Engine,
        channels: Sequence[ConfiguredChannel],
        messages: Mapping[str, MessageBuilder],
        *,
        now: Clock,
        by: str = DAEMON,
        may_send: MaySend = send_always,
        seconds: Callable[[], float] = boot_s,
        skipped: Callable[[datetime], timedelta] = skipped_since,
    ) -> None:
        """Send from `engine`'s outbox; `may_send` is asked before each, `skipped` is time left out."""
        self._engine, self._messages, self._now, self._by = engine, messages, now, by
        self._may_send, self._seconds, self._skipped = may_send, seconds, skipped
        self._queues = [_ChannelQueue(channel) for channel in channels]

    def go_on_from(self, before: "Publisher") -> None:
        """Take over what arrived and is not marked yet: it would be sent twice."""
        old = {queue.name: queue for queue in before._queues}  # noqa: SLF001 - of the same class
        for queue in self._queues:
            if queue.name in old:
                queue.unmarked, queue.arrived_at = old[queue.name].unmarked, old[queue.name].arrived_at

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due every few seconds until `stop` is set; what is being sent then is finished.

        For the leader of the database: what a leader before it had claimed is free again.
        """
        with suppress(StoreError):  # else it is free when its time is over
            await to_thread(outbox.release_claims, self._engine, self._by)
        async with asyncio.TaskGroup() as serving:
            serving.create_task(every(_TIDY_EVERY_S, self._tidy, stop, "publishing"))
            for queue in self._queues:
                act = partial(self._serve, queue, stop)
                serving.create_task(every(_LOOK_EVERY_S, act, stop, "publishing"))

    async def publish(self) -> None:
        """Send what is due now, all channels side by side."""
        never = asyncio.Event()
        await asyncio.gather(*(self._serve(queue, never) for queue in self._queues))

    async def _serve(self, queue: _ChannelQueue, stop: asyncio.Event) -> None:
        """Send what is due to one channel, message by message, until one fails or it is time to stop."""
        try:
            while await self._send_next(queue) and not stop.is_set():
                pass
            queue.is_outbox_away = False
        except Fenced:  # the messages are the new leader's, this process's claims with them
            return
        except StoreError as error:
            if not queue.is_outbox_away:
                event(log, logging.WARNING, "outbox_away", channel=queue.name, error=str(error))
            queue.is_outbox_away = True

    async def _send_next(self, queue: _ChannelQueue) -> bool:
        """Send the next message; False where there is none, it has to wait, or it failed."""
        await self._mark(queue)  # before anything else: an unmarked message would be sent twice
        now = self._now()
        if queue.rests_until and now < queue.rests_until <= now + GIVE_UP_AFTER:  # longer: the clock was set
            return False
        waiting = await to_thread(outbox.due, self._engine, queue.name, now)
        batch = next_batch(
            waiting, await self._room(queue, now), as_one=queue.configured.channel.is_for_people
        )
        if not batch:
            return False
        numbers = [delivery.id for delivery in batch]
        until = now + _CLAIM_FOR
        # claimed in the database: a manual sweep publishes, too
        claimed_s = self._seconds()
        taken = await to_thread(outbox.claim, self._engine, numbers, by=self._by, now=now, until=until)
        mine = [delivery for delivery in batch if delivery.id in taken]
        await self._may_send()
        if self._seconds() - claimed_s > _FRESH_S:
            return False
        return not mine or await self._send(queue, mine)

    async def _room(self, queue: _ChannelQueue, now: datetime) -> int | None:
        """Return how many messages the channel may be sent now; None where there is no limit."""
        most = queue.configured.most_per_hour
        if not most:
            return None
        return max(0, most - await to_thread(outbox.delivered_since, self._engine, queue.name, now - _HOUR))

    async def _send(self, queue: _ChannelQueue, batch: Sequence[Delivery]) -> bool:
        number = message_id(batch[0])
        try:
            build = self._messages[batch[0].topic]
            message = build([delivery.document for delivery in batch], number)
        except Exception as error:  # noqa: BLE001 - what cannot be worded must not hold up the others
            event(
                log, logging.ERROR, "render_failed", channel=queue.name, id=number, error=type(error).__name__
            )
            await self._try_later(queue, batch, f"the message could not be rendered ({type(error).__name__})")
            return True
        try:
            await queue.configured.channel.deliver(message)
        except NotDelivered as error:
            return await self._put_off(queue, batch, str(error), error.retry_after)
        except Exception as error:  # noqa: BLE001 - whatever a channel's library meets, others go on
            event(log, logging.ERROR, "delivery_crashed", channel=queue.name, error=type(error).__name__)
            return await self._put_off(queue, batch, f"internal error ({type(error).__name__})", None)
        event(log, logging.INFO, "delivered", channel=queue.name, id=number, messages=len(batch))
        # remembered before it is marked: the database may be away just now
        queue.has_arrived([delivery.id for delivery in batch], self._now())
        await self._mark(queue)
        if queue.is_suspect_alone:
            await to_thread(outbox.hasten, self._engine, queue.suspects, self._now())
        return True

    async def _mark(self, queue: _ChannelQueue) -> None:
        """Mark what arrived; where the database is away, it is marked before anything else is sent."""
        if queue.unmarked and queue.arrived_at:
            await to_thread(outbox.mark_delivered, self._engine, queue.unmarked, queue.arrived_at)
            queue.unmarked = ()

    async def _put_off(
        self, queue: _ChannelQueue, batch: Sequence[Delivery], error: str, retry_after: timedelta | None
    ) -> bool:
        """Let the channel rest and try these messages again later; True if another is to be tried at once."""
        number = message_id(batch[0])
        event(log, logging.WARNING, "delivery_failed", channel=queue.name, id=number, error=error)
        await self._try_later(queue, batch, error, retry_after)
        numbers = [delivery.id for delivery in batch]
        return queue.has_failed(numbers, batch[0].attempts + 1, self._now(), retry_after)

    async def _try_later(
        self,
        queue: _ChannelQueue,
        batch: Sequence[Delivery],
        error: str,
        retry_after: timedelta | None = None,
    ) -> None:
        now = self._now()
        for delivery in batch:
            due_at = next_try(
                created_at=delivery.created_at + self._skipped(delivery.created_at),
                attempts=delivery.attempts + 1,
                now=now,
                retry_after=retry_after,
            )
            if due_at:
                await to_thread(
                    outbox.postpone, self._engine, delivery.id, by=self._by, due_at=due_at, error=error
                )
            else:
                number = message_id(delivery)
                event(log, logging.WARNING, "delivery_given_up", channel=queue.name, id=number, error=error)
                queue.has_lost(error)
                await to_thread(outbox.give_up, self._engine, delivery.id, by=self._by, at=now, error=error)

    async def _tidy(self) -> None:
        """Give up what waits for channels that are not there any more, and forget what is long settled."""
        now, names = self._now(), [queue.name for queue in self._queues]
        before = now - GIVE_UP_AFTER
        before -= self._skipped(before)
        with suppress(StoreError):  # there is no hurry
            gone = await to_thread(outbox.give_up_orphans, self._engine, names, created_before=before, at=now)
            for channel, messages in gone.items():
                error = "the channel is no longer configured"
                event(
                    log, logging.WARNING, "delivery_given_up", channel=channel, messages=messages, error=error
                )
            await to_thread(outbox.forget_settled, self._engine, now - _KEEP_FOR)


def next_batch(waiting: Sequence[Delivery], room: int | None, *, as_one: bool) -> Sequence[Delivery]:
    """Return what is sent next: one message, or where more wait than there is room for, all as one.

    Only changes of sweeps are combined, and only for people; those of late sweeps always and for all. Nothing
    is sent where there is no room.
    """
    if room == 0:
        return ()
    if waiting and waiting[0].topic == LATE:
        return [delivery for delivery in waiting if delivery.topic == LATE]
    crowd = [delivery for delivery in waiting if delivery.topic == CHANGES]
    # beyond the limit: one message instead of many that wait for hours
    if as_one and room is not None and len(waiting) > room and len(crowd) > 1:
        return crowd
    return waiting[:1]


def message_id(delivery: Delivery) -> str:
    """Return a message's id: the same however often it is sent, another in another database."""
    # the millisecond of posting differs between databases that count from 1
    return f"monitor-{delivery.id}-{to_millis(delivery.created_at):x}"
