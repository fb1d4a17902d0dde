"""Messages to people: a real mail server, real receivers of Apprise's other services, no secret anywhere."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor.core.domain.event import Event
from monitor.core.domain.vocabulary import EventKind
from monitor.core.notification.suppression import Changes
from monitor.errors import ConfigError, NotDelivered
from monitor.notify import apprise_channel
from monitor.notify.apprise_channel import AppriseChannel
from monitor.report.message.changes import changes_message
from monitor.report.words.paths import Links
from tests.notify.messages import MESSAGE, logged
from tests.support.mailbox import PASSWORD, Mailbox, Receiver, mailbox, receiver

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
TOKEN = "T0ken-0f-nobody-abcdefgh"  # noqa: S105 (made up)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def hurried(url: str) -> AppriseChannel:
    """Return a channel that does not wait between two messages, as the courtesy to real services wants."""
    channel = AppriseChannel("team", url)
    channel._service.request_rate_per_sec = 0
    return channel


def failure(channel: AppriseChannel) -> str:
    with pytest.raises(NotDelivered) as error:
        asyncio.run(channel.deliver(MESSAGE))
    assert error.value.retry_after is None
    return str(error.value)


def test_a_mail_has_the_title_as_its_subject_and_both_forms_of_the_text(box: Mailbox) -> None:
    asyncio.run(hurried(box.url).deliver(MESSAGE))
    (mail,) = box.letters
    assert mail["Subject"] == MESSAGE.title
    assert (mail["From"], mail["To"]) == ("monitor@example.org", "reader@example.org")
    assert MESSAGE.html in box.html_of()
    assert "Sweep of noon." in box.text_of()
    assert MESSAGE.id in box.text_of()


def test_the_text_of_a_mail_keeps_bullets_and_links_however_long_it_is(box: Mailbox) -> None:
    gone = tuple(
        Event(kind=EventKind.RETIRED, model=f"meta/m-{n}", began_at=NOON, confirmed_at=NOON) for n in range(3)
    )
    changes = Changes(provider="nvidia", sweep_id=7, swept_at=NOON, events=gone)
    message = changes_message(changes, id="monitor-7-x", links=Links("https://monitor.example"))
    long = replace(message, id="monitor-8-x", html=message.html + f"<p>{'x' * 100_000}</p>")
    for each in (message, long):
        asyncio.run(hurried(box.url).deliver(each))
    assert len(box.letters) == 2
    for place in range(2):
        text = box.text_of(place).replace("\r\n", "\n").strip()
        assert text == message.text
        assert (
            "- meta/m-1: since 2026-04-06 12:00:00 UTC\n  https://monitor.example/models/nvidia/meta/m-1\n"
            in text
        )
        assert "All changes of 2026-04-06: https://monitor.example/changes/2026-04-06" in text
        assert '<a href="https://monitor.example/models/nvidia/meta/m-1">' in box.html_of(place)


def test_mails_that_are_sent_at_once_have_their_own_texts(box: Mailbox) -> None:
    messages = [replace(MESSAGE, html=f"<p>{n}</p>", text=f"- number {n}") for n in range(4)]

    async def at_once() -> None:
        await asyncio.gather(*(hurried(box.url).deliver(message) for message in messages))

    asyncio.run(at_once())
    pairs = {(box.html_of(place).strip(), box.text_of(place).strip()) for place in range(4)}
    assert pairs == {(message.html, message.text) for message in messages}


def test_a_mail_server_that_refuses_is_a_message_not_delivered_and_says_why(box: Mailbox) -> None:
    channel = hurried(box.url)
    box.refusals = 1
    assert "451" in failure(channel)
    asyncio.run(channel.deliver(MESSAGE))
    assert len(box.letters) == 1


def test_a_mail_server_that_is_away_is_a_message_not_delivered(box: Mailbox) -> None:
    assert "Connection refused" in failure(hurried(box.url.replace(f":{box.port}", ":1")))


def test_a_service_for_chats_gets_markdown(place: Receiver) -> None:
    asyncio.run(hurried(place.base_url.replace("http://", "json://") + f"/{TOKEN}").deliver(MESSAGE))
    (posted,) = place.taken
    assert posted.document["title"] == MESSAGE.title
    assert posted.document["message"] == MESSAGE.markdown


def test_the_form_that_an_address_asks_for_wins(place: Receiver) -> None:
    asyncio.run(hurried(place.base_url.replace("http://", "json://") + "/?format=text").deliver(MESSAGE))
    assert place.taken[0].document["message"] == MESSAGE.text


def test_neither_logs_nor_reasons_hold_a_part_of_the_address(box: Mailbox, place: Receiver) -> None:
    place.refusals, place.said = 99, f"who is {TOKEN}?".encode()
    web = f"json://user:{TOKEN}@{place.base_url.removeprefix('http://')}/{TOKEN}?key={TOKEN}"
    wrong = box.url.replace(PASSWORD, TOKEN)
    with logged() as written:
        reasons = [failure(AppriseChannel("team", url, (TOKEN, url))) for url in (web, wrong)]
        asyncio.run(hurried(box.url).deliver(MESSAGE))
    seen = written.getvalue() + "".join(reasons)
    assert TOKEN not in seen
    assert PASSWORD not in seen
    assert "/?from=" not in seen
    assert "535" in reasons[1], "the reason itself is told"


def test_what_apprise_says_reaches_no_log_of_anybody(box: Mailbox) -> None:
    heard = list[logging.LogRecord]()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    ear = Ear()
    logging.getLogger().addHandler(ear)
    try:
        box.refusals = 1
        failure(hurried(box.url))
    finally:
        logging.getLogger().removeHandler(ear)
    assert [record.name for record in heard if record.name.startswith("apprise")] == []


@pytest.mark.parametrize(
    "url", [f"nonsense://{TOKEN}", f"slack://{TOKEN}", f"mailto://{TOKEN}", "://", f"json://?{TOKEN}"]
)
def test_an_address_that_nobody_understands_is_refused_without_showing_it(url: str) -> None:
    with (
        logged() as written,
        pytest.raises(ConfigError, match="channel team: Apprise does not understand its address") as error,
    ):
        AppriseChannel("team", url)
    assert error.value.exit_code == 2
    assert TOKEN not in str(error.value) + written.getvalue()


def test_a_service_that_hangs_is_left_alone_after_its_time_and_not_asked_twice(
    place: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise_channel, "_TIMEOUT_S", 0.2)
    place.hold = threading.Event()
    channel = hurried(place.base_url.replace("http://", "json://"))

    async def two_tries() -> list[str]:
        reasons = list[str]()
        for _ in range(2):
            try:
                await channel.deliver(MESSAGE)
            except NotDelivered as error:
                reasons.append(str(error))
        return reasons

    began = time.monotonic()
    assert asyncio.run(two_tries()) == ["took longer than 0 s", "the previous attempt is still running"]
    assert time.monotonic() - began < 25  # the service holds on for longer


def test_a_message_too_long_for_a_service_is_sent_in_parts(place: Receiver) -> None:
    channel = hurried(place.base_url.replace("http://", "json://"))
    channel._service.body_maxlen = 1000
    long = "".join(f"line {number}\n" for number in range(400))
    asyncio.run(channel.deliver(type(MESSAGE)(id="x", title="t", text=long, markdown=long, html=long)))
    assert len(place.taken) > 1
    assert "line 399" in place.taken[-1].document["message"]
