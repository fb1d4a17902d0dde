"""Messages to programs: JSON, signed, in time; whatever a receiver answers, nothing leaks."""

import asyncio
import hashlib
import hmac
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.notification.message import Message
from monitor.errors import NotDelivered
from monitor.notify import webhook
from monitor.notify.webhook import Webhook
from tests.notify.messages import MESSAGE, logged
from tests.support.mailbox import Receiver, receiver

KEY = "signing-key-0f-nobody"
NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[2] / "docs" / "notifications.md"


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def deliver(url: str, message: Message = MESSAGE, key: str | None = KEY) -> None:
    asyncio.run(Webhook("hook", url, key=key, now=lambda: NOON).deliver(message))


def failure(url: str) -> NotDelivered:
    with pytest.raises(NotDelivered) as error:
        deliver(url)
    return error.value


def test_a_receiver_gets_the_document_with_id_title_and_text(place: Receiver) -> None:
    deliver(f"{place.base_url}/hooks/monitor?x=1")
    (posted,) = place.taken
    assert posted.path == "/hooks/monitor?x=1"
    assert posted.document == {**MESSAGE.document, "title": MESSAGE.title, "text": MESSAGE.text}
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["X-Monitor-Delivery"] == MESSAGE.id
    assert posted.headers["X-Monitor-Timestamp"] == "1775476800"


def test_the_signature_is_the_hmac_of_timestamp_and_body(place: Receiver) -> None:
    deliver(place.base_url, replace(MESSAGE, title="tütle ☃"))
    (posted,) = place.taken
    signed = posted.headers["X-Monitor-Timestamp"].encode() + b"." + posted.body
    expected = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert posted.headers["X-Monitor-Signature"] == f"sha256={expected}"


def test_the_documented_way_to_verify_takes_what_is_signed_and_nothing_else(place: Receiver) -> None:
    deliver(place.base_url)
    (posted,) = place.taken
    program = re.search(r"```python\n(.*?hmac.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert program
    known: dict[str, object] = {}
    exec(program[1], known)  # noqa: S102 - what the document tells people to run
    verify = known["is_from_monitor"]
    assert callable(verify)
    headers = dict(posted.headers)
    now = NOON.timestamp()
    assert verify(KEY, headers, posted.body, now)
    assert not verify("another key", headers, posted.body, now)
    assert not verify(KEY, headers, posted.body + b" ", now)
    assert not verify(KEY, {**headers, "X-Monitor-Timestamp": "1775476801"}, posted.body, now)
    assert not verify(KEY, headers, posted.body, now + 3600)
    assert not verify(KEY, {}, posted.body, now)


def test_without_a_secret_nothing_is_signed(place: Receiver) -> None:
    deliver(place.base_url, key=None)
    assert "X-Monitor-Signature" not in place.taken[0].headers


def test_a_name_and_password_in_the_address_log_in(place: Receiver) -> None:
    deliver(place.base_url.replace("http://", "http://me:p%40ss@"))
    assert place.taken[0].headers["Authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_anything_but_a_2xx_is_not_delivered_and_no_redirect_is_followed(
    place: Receiver, status: int
) -> None:
    place.refusals, place.status, place.headers = 1, status, {"Location": place.base_url}
    assert str(failure(place.base_url)) == f"HTTP {status}"
    assert (len(place.refused), len(place.taken)) == (1, 0)


@pytest.mark.parametrize(
    ("status", "header", "pause"),
    [
        (429, "120", timedelta(minutes=2)),
        (503, "Mon, 06 Apr 2026 12:05:00 GMT", timedelta(minutes=5)),
        (503, "soon", None),
        (500, "120", None),
    ],
)
def test_a_receiver_that_asks_for_patience_is_heard(
    place: Receiver, status: int, header: str, pause: timedelta | None
) -> None:
    place.refusals, place.status, place.headers = 1, status, {"Retry-After": header}
    assert failure(place.base_url).retry_after == pause


def test_what_a_receiver_says_is_told_in_short_and_without_secrets(place: Receiver) -> None:
    place.refusals, place.status = 1, 500
    place.said = f"no such hook at {place.base_url}/s3cret-path with {KEY}\n".encode() + b"x " * 100_000
    with logged() as written:
        error = failure(f"{place.base_url}/s3cret-path")
    assert str(error).startswith("HTTP 500: no such hook at *** with ***")
    assert len(str(error)) < 150
    assert "s3cret" not in str(error) + written.getvalue()


def test_a_receiver_that_does_not_answer_is_given_up_in_time(
    place: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "_TIMEOUT_S", 2.0)
    place.hold = threading.Event()
    assert str(failure(place.base_url)) == "no answer within 2 s"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/s3cret", "http://[::1", "http://"])
def test_an_address_that_cannot_be_reached_is_not_shown(url: str) -> None:
    with logged() as written:
        error = failure(url)
    assert str(error) in {"no connection", "the request cannot be sent to this address"}
    assert "s3cret" not in written.getvalue()


@contextmanager
def trickling(at_once: bytes) -> Iterator[str]:
    """Give the address of a receiver that answers so far at once, and then a byte at a time without end."""
    ended = threading.Event()

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(at_once)
            while not ended.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        ended.set()
        thread.join(60)


def test_a_receiver_that_trickles_is_given_up_by_the_time_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit for each read would never end it."""
    monkeypatch.setattr(webhook, "_TIMEOUT_S", 0.5)
    with trickling(b"HTTP/1.1 200 OK\r\nX-Slow: ") as url:
        assert str(failure(url)) == "no answer within 0.5 s"


def test_a_status_counts_also_where_the_body_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that was taken is not sent again."""
    monkeypatch.setattr(webhook, "_TIMEOUT_S", 5)
    with trickling(b"HTTP/1.1 202 Accepted\r\nContent-Length: 999\r\n\r\n") as url:
        deliver(url)
    with trickling(b"HTTP/1.1 500 Oh\r\nContent-Length: 999\r\n\r\nbroken ") as url:
        assert str(failure(url)).startswith("HTTP 500: broken ")
