"""Messages reach their channels: in the end, each once, in order, not too many, or it is said why not."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.app.notifications.channels import message_builders
from monitor.app.notifications.publisher import ConfiguredChannel, Publisher
from monitor.config import Settings
from monitor.core.notification.message import Message
from monitor.errors import NotDelivered
from monitor.notify.apprise_channel import AppriseChannel
from monitor.store.memory import outbox
from monitor.store.memory.notifications import CHANGES, LATE
from tests.notify.messages import MESSAGE, logged
from tests.support.gateway import ON_SQLITE
from tests.support.mailbox import PASSWORD, Mailbox, Receiver, mailbox, receiver
from tests.support.posting import (
    HOUR,
    KEY,
    NOON,
    Watch,
    hook,
    ids_of,
    is_empty,
    models_of,
    post,
    publish,
    publisher,
)
from tests.support.process import wait_for

MESSAGES = message_builders(Settings())


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running


def mail(box: Mailbox) -> AppriseChannel:
    channel = AppriseChannel("mail", box.url, (PASSWORD,))
    channel._service.request_rate_per_sec = 0  # the courtesy to real servers would take the test minutes
    return channel


def test_with_mail_server_and_receiver_failing_for_a_while_everything_arrives_once(
    engine: Engine, watch: Watch, place: Receiver, box: Mailbox
) -> None:
    post(engine, range(6), "hook", "mail")
    sender = publisher(engine, watch, hook(place, watch), mail(box))
    place.refusals, box.refusals = 7, 5
    with logged(secrets=(PASSWORD, KEY)) as written:
        for _ in range(400):
            publish(sender)
            if is_empty(engine, "hook", "mail"):
                break
            watch.pass_by(timedelta(minutes=2))
    assert is_empty(engine, "hook", "mail")
    assert (len(place.refused), box.refused) == (7, 5)
    assert models_of(place) == [f"model/{number}" for number in range(6)], "in order, whatever failed"
    assert len(set(ids_of(place))) == 6
    told = [box.text_of(number) for number in range(6)]
    assert sorted(number for text in told for number in range(6) if f"model/{number}:" in text) == [*range(6)]
    mailed = {text.split("Message ")[1].strip() for text in told}
    assert len(mailed) == 6
    assert not mailed & set(ids_of(place))
    assert watch.at - NOON < timedelta(hours=4)
    seen = written.getvalue()
    assert seen.count("delivery_failed") == 12
    assert not [secret for secret in (PASSWORD, KEY, "/?from=", place.base_url) if secret in seen]


def test_what_is_due_is_sent_in_the_order_it_was_posted(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, range(8), "hook")
    publish(publisher(engine, watch, hook(place, watch)))
    assert models_of(place) == [f"model/{number}" for number in range(8)]


def test_a_message_keeps_its_id_over_failures_and_another_database_gives_others(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, [1], "hook")
    sender = publisher(engine, watch, hook(place, watch))
    place.refusals = 3
    while not place.taken:
        publish(sender)
        watch.pass_by(HOUR)
    tried = [posted.headers["X-Monitor-Delivery"] for posted in (*place.refused, *place.taken)]
    assert len(tried) == 4
    assert set(tried) == {"monitor-1-19d62a9fa00"}
    assert place.taken[0].document["id"] == tried[0]


def test_a_message_that_fails_for_a_day_is_given_up_loudly(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, [1], "hook")
    sender = publisher(engine, watch, hook(place, watch))
    place.refusals = 10_000
    with logged() as written:
        while not is_empty(engine, "hook"):
            publish(sender)
            watch.pass_by(timedelta(minutes=4))
    assert timedelta(days=1) <= watch.at - NOON <= timedelta(days=1, hours=1)
    assert 24 <= len(place.refused) <= 40
    (line,) = [line for line in written.getvalue().splitlines() if "delivery_given_up" in line]
    assert " WARNING " in line
    assert written.getvalue().count('ERROR   channel_failing channel=hook error="HTTP 503"') == 1
    assert 'channel=hook id=monitor-1-19d62a9fa00 error="HTTP 503"' in line
    assert outbox.undelivered(engine, since=NOON, until=watch.at) == {"hook": 1}
    place.refusals = 0
    publish(sender)
    assert place.taken == []


def test_a_message_is_no_older_for_a_clock_that_was_set_a_day_ahead(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, [1], "hook")
    sender = Publisher(
        engine,
        [ConfiguredChannel(channel=hook(place, watch))],
        MESSAGES,
        now=watch,
        skipped=lambda moment: timedelta(days=1) if moment <= NOON else timedelta(),
    )
    place.refusals = 2
    publish(sender)
    watch.pass_by(timedelta(days=1, minutes=30))
    publish(sender)
    watch.pass_by(timedelta(minutes=30))
    publish(sender)
    assert models_of(place) == ["model/1"]


def test_a_message_as_old_as_that_is_still_tried_once_where_nobody_was_there_to_send_it(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, [1], "hook")
    watch.pass_by(timedelta(days=3))
    publish(publisher(engine, watch, hook(place, watch)))
    assert models_of(place) == ["model/1"]


def test_a_receiver_that_asks_for_patience_gets_it(engine: Engine, watch: Watch, place: Receiver) -> None:
    post(engine, [1, 2], "hook")
    sender = publisher(engine, watch, hook(place, watch))
    place.refusals, place.status, place.headers = 1, 429, {"Retry-After": "1200"}
    for _ in range(25):
        publish(sender)
        if place.taken:
            break
        watch.pass_by(timedelta(minutes=1))
    assert watch.at - NOON == timedelta(minutes=20)
    assert sorted(models_of(place)) == ["model/1", "model/2"]
    assert len(place.refused) == 1


def test_a_channel_that_fails_rests_and_is_not_asked_for_each_message(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, range(50), "hook")
    sender = publisher(engine, watch, hook(place, watch))
    place.refusals = 10_000
    for _ in range(12 * 10):
        publish(sender)
        watch.pass_by(timedelta(seconds=5))
    assert len(place.refused) <= 6, "in ten minutes"


# How much is sent


def test_a_channel_for_people_is_told_of_a_crowd_of_sweeps_in_one_message(
    engine: Engine, watch: Watch, box: Mailbox
) -> None:
    post(engine, range(1, 8), "mail")
    sender = publisher(engine, watch, mail(box), most_per_hour=3)
    publish(sender)
    assert is_empty(engine, "mail")
    (text,) = [box.text_of()]
    assert "covers 7 sweeps" in text
    assert all(f"model/{number}:" in text for number in range(1, 8))
    assert "Message monitor-1-" in text
    assert "7 sweeps" in str(box.letters[0]["Subject"])
    assert outbox.delivered_since(engine, "mail", NOON - HOUR) == 1


def test_what_is_over_the_limit_waits_until_there_is_room(engine: Engine, watch: Watch, box: Mailbox) -> None:
    sender = publisher(engine, watch, mail(box), most_per_hour=2)
    for number in range(6):
        post(engine, [number], "mail", at=watch.at)
        publish(sender)
        watch.pass_by(timedelta(minutes=5))
    assert len(box.letters) == 2
    watch.pass_by(timedelta(minutes=31))
    publish(sender)
    assert len(box.letters) == 3
    assert "covers 4 sweeps" in box.text_of()
    assert is_empty(engine, "mail")


def test_webhooks_are_never_told_several_sweeps_as_one(engine: Engine, watch: Watch, place: Receiver) -> None:
    post(engine, range(5), "hook")
    sender = publisher(engine, watch, hook(place, watch), most_per_hour=2)
    counts = list[int]()
    for _ in range(4):
        publish(sender)
        counts.append(len(place.taken))
        watch.pass_by(HOUR + timedelta(seconds=1))
    assert counts == [2, 4, 5, 5]
    assert models_of(place) == [f"model/{number}" for number in range(5)]


@ON_SQLITE
def test_late_sweeps_are_one_message_for_programs_and_people_alike(
    engine: Engine, watch: Watch, place: Receiver, box: Mailbox
) -> None:
    post(engine, range(2), "hook", "mail")
    post(engine, range(2, 7), "hook", "mail", topic=LATE)
    publish(publisher(engine, watch, hook(place, watch), mail(box)))
    assert [len(posted.document.get("sweeps", [0])) for posted in place.taken] == [1, 1, 5]
    assert len(box.letters) == 3
    assert "covers 5 sweeps" in box.text_of()
    assert is_empty(engine, "hook", "mail")


def test_a_summary_is_never_told_as_one_with_anything_else(
    engine: Engine, watch: Watch, box: Mailbox
) -> None:
    def word(documents: Sequence[str], number: str) -> Message:
        return Message(id=number, title="The day", text=f"{documents}", markdown="", html="<p>A day.</p>")

    post(engine, [0], "mail", topic="summary")
    post(engine, [1, 2, 3], "mail")
    sender = publisher(engine, watch, mail(box), most_per_hour=2, messages={**MESSAGES, "summary": word})
    publish(sender)
    assert [str(message["Subject"]).split(",")[0] for message in box.letters] == [
        "nvidia: 3 sweeps",
        "The day",
    ]


def test_without_a_limit_everything_is_told_by_itself(engine: Engine, watch: Watch, box: Mailbox) -> None:
    post(engine, range(12), "mail")
    publish(publisher(engine, watch, mail(box)))
    assert len(box.letters) == 12


# Who sends


def test_two_senders_of_one_database_send_each_message_once(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, range(12), "hook")
    senders = [publisher(engine, watch, hook(place, watch), by=name) for name in ("daemon", "sweep-1")]

    async def race() -> None:
        await asyncio.gather(*(sender.publish() for sender in senders))

    asyncio.run(race())
    assert sorted(models_of(place)) == sorted(f"model/{number}" for number in range(12))


def test_a_slow_channel_delays_no_other(engine: Engine, watch: Watch, place: Receiver) -> None:
    with ExitStack() as open_places:
        slow = open_places.enter_context(receiver())
        slow.hold = threading.Event()
        post(engine, [1, 2], "slow", "hook")
        sender = publisher(engine, watch, hook(slow, watch, "slow"), hook(place, watch))

        async def run() -> None:
            stop = asyncio.Event()
            running = asyncio.create_task(sender.run(stop))
            await asyncio.to_thread(wait_for, lambda: len(place.taken) == 2)
            assert slow.taken == []
            assert slow.hold
            slow.hold.set()
            await asyncio.to_thread(wait_for, lambda: len(slow.taken) == 2)
            stop.set()
            await asyncio.wait_for(running, 60)

        asyncio.run(run())
    assert is_empty(engine, "slow", "hook")


def test_a_leader_sends_what_the_one_before_it_had_claimed(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, [1], "hook")
    outbox.claim(engine, [1], by="daemon", now=NOON, until=NOON + timedelta(minutes=2))
    sender = publisher(engine, watch, hook(place, watch))
    publish(sender)
    assert place.taken == []
    lead_until(sender, lambda: bool(place.taken))
    assert models_of(place) == ["model/1"]


def lead_until(sender: Publisher, is_enough: Callable[[], bool]) -> None:
    """Lead until something has come to be."""

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(sender.run(stop))
        await asyncio.to_thread(wait_for, is_enough)
        stop.set()
        await asyncio.wait_for(running, 60)

    asyncio.run(run())


def test_what_is_being_sent_when_told_to_stop_is_finished_and_marked(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, [1, 2], "hook")
    place.hold = threading.Event()
    sender = publisher(engine, watch, hook(place, watch))

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(sender.run(stop))
        await asyncio.to_thread(wait_for, lambda: not outbox.due(engine, "hook", NOON)[1:])
        stop.set()
        assert place.hold
        place.hold.set()
        await asyncio.wait_for(running, 60)

    asyncio.run(run())
    assert models_of(place) == ["model/1"]
    assert [each.subject for each in outbox.due(engine, "hook", NOON + timedelta(days=1))] == ["2"]


def test_what_waits_for_a_channel_that_was_taken_out_is_given_up_and_said(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, [1, 2], "gone")
    watch.pass_by(timedelta(days=1, seconds=1))
    with logged() as written:
        lead_until(publisher(engine, watch, hook(place, watch)), lambda: is_empty(engine, "gone"))
    (line,) = [line for line in written.getvalue().splitlines() if "delivery_given_up" in line]
    assert "channel=gone messages=2" in line


# What goes wrong


class Saboteur:
    """A channel that takes a message and then takes the database away."""

    name, is_for_people = "hook", False

    def __init__(self, file: Path) -> None:
        self.file, self.messages = file, list[Message]()

    async def deliver(self, message: Message) -> None:
        """Take the message; from then on there is no database."""
        self.messages.append(message)
        self.file.rename(self.file.with_suffix(".away"))


@ON_SQLITE
def test_a_database_that_goes_away_before_the_mark_is_marked_when_it_is_back(
    engine: Engine, watch: Watch, tmp_path: Path
) -> None:
    post(engine, [1], "hook")
    file = tmp_path / "history/monitor.db"
    channel = Saboteur(file)
    sender = publisher(engine, watch, channel)
    engine.dispose()
    with logged() as written:
        for _ in range(3):
            publish(sender)
            engine.dispose()
            watch.pass_by(timedelta(minutes=10))
    assert written.getvalue().count("outbox_away") == 1
    file.with_suffix(".away").rename(file)
    publish(sender)
    assert is_empty(engine, "hook")
    assert len(channel.messages) == 1


@ON_SQLITE
def test_while_the_database_is_away_nothing_is_sent_and_later_everything(
    engine: Engine, watch: Watch, place: Receiver, tmp_path: Path
) -> None:
    post(engine, [1, 2], "hook")
    file = tmp_path / "history/monitor.db"
    sender = publisher(engine, watch, hook(place, watch))
    engine.dispose()
    file.rename(file.with_suffix(".away"))
    with logged() as written:
        publish(sender)
        publish(sender)
    assert written.getvalue().count("WARNING outbox_away channel=hook") == 1
    file.with_suffix(".away").rename(file)
    publish(sender)
    assert models_of(place) == ["model/1", "model/2"]


def test_a_message_that_cannot_be_worded_holds_up_no_other(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    def break_at_two(documents: Sequence[str], number: str) -> Message:
        if "model/2" in documents[0]:
            raise ZeroDivisionError
        return MESSAGES[CHANGES](documents, number)

    post(engine, range(1, 5), "hook")
    sender = publisher(engine, watch, hook(place, watch), messages={CHANGES: break_at_two})
    with logged() as written:
        for _ in range(8):
            publish(sender)
            watch.pass_by(timedelta(minutes=1))
    assert models_of(place) == ["model/1", "model/3", "model/4"]
    assert "ERROR   render_failed channel=hook" in written.getvalue()


def test_a_message_that_alone_is_refused_holds_up_the_others_for_an_hour_not_for_a_day(
    engine: Engine, watch: Watch
) -> None:
    class Picky:
        """A channel that will not have one of its messages."""

        name, is_for_people = "picky", False

        def __init__(self) -> None:
            self.taken, self.tries = list[str](), 0

        async def deliver(self, message: Message) -> None:
            self.tries += 1
            if "model/1:" in message.text:
                raise NotDelivered("HTTP 400")
            self.taken.append(message.title)

    channel = Picky()
    post(engine, range(5), "picky")
    sender = publisher(engine, watch, channel)
    while not is_empty(engine, "picky"):
        publish(sender)
        watch.pass_by(timedelta(minutes=4))
        if len(channel.taken) < 4:
            assert watch.at - NOON < timedelta(minutes=75)
    assert [title.split()[1] for title in channel.taken] == [f"model/{number}" for number in (0, 2, 3, 4)]
    assert channel.tries < 70
    assert outbox.undelivered(engine, since=NOON, until=watch.at) == {"picky": 1}


def test_after_a_long_outage_at_most_one_message_overtakes_another(
    engine: Engine, watch: Watch, place: Receiver
) -> None:
    post(engine, range(9), "hook")
    sender = publisher(engine, watch, hook(place, watch))
    place.refusals = 9
    for _ in range(60):
        publish(sender)
        watch.pass_by(timedelta(minutes=3))
    told = [int(model.removeprefix("model/")) for model in models_of(place)]
    assert sorted(told) == list(range(9))
    assert sum(later < former for former, later in pairwise(told)) <= 1
    assert told.index(0) <= 1


def test_a_topic_that_nobody_words_is_put_off(engine: Engine, watch: Watch, place: Receiver) -> None:
    post(engine, [1], "hook", topic="horoscope")
    with logged() as written:
        publish(publisher(engine, watch, hook(place, watch)))
    assert "render_failed channel=hook" in written.getvalue()
    assert place.taken == []
    assert not is_empty(engine, "hook")


def test_the_messages_of_the_outbox_read_back_what_was_told() -> None:
    """The document of a message is what a later version has to read, so it is told here once."""
    text = (
        '{"provider":"nvidia","sweep_id":7,"swept_at":"2026-04-06T12:00:00Z","events":[{"kind":"retired",'
        '"model":"a/b","began_at":"2026-04-06T11:00:00Z","confirmed_at":"2026-04-06T12:00:00Z",'
        '"from_status":"available","to_status":"retired","reason":"delisted","detail":null}]}'
    )
    message = MESSAGES[CHANGES]([text], MESSAGE.id)
    assert message.title == "nvidia: a/b was retired"
    assert message.document["sweep_id"] == 7
