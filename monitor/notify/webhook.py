"""Delivers messages to programs: JSON by POST, signed so that the receiver can check the sender."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Final

from monitor.clock import Clock, utc_now
from monitor.core.answer.exchange import Exchange
from monitor.core.answer.redact import redact
from monitor.core.answer.retry_after import retry_after_s
from monitor.core.notification.message import Message
from monitor.errors import NotDelivered
from monitor.notify.post import is_taken, post

_TIMEOUT_S: Final = 10.0
_ASKS_FOR_PATIENCE: Final = frozenset({429, 503})  # Retry-After has a meaning with these alone


class Webhook:
    """One address that takes JSON; `secrets` are what must not be shown beside the address and the key."""

    is_for_people: Final = False

    def __init__(
        self,
        name: str,
        url: str,
        *,
        key: str | None = None,
        secrets: tuple[str, ...] = (),
        now: Clock = utc_now,
    ) -> None:
        """Deliver to `url`, signed with `key` if there is one."""
        self.name = name
        self._url, self._key, self._now = url, key, now
        self._secrets = (url, *((key,) if key else ()), *secrets)

    async def deliver(self, message: Message) -> None:
        """Post a message within ten seconds; anything but a 2xx raises NotDelivered."""
        body = document_of(message)
        answer = await post(self._url, body, headers=self._headers(message, body), timeout_s=_TIMEOUT_S)
        if not is_taken(answer):
            raise NotDelivered(self._reason(answer), retry_after=self._patience(answer))

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._now().timestamp()))  # signed, against a replay of old messages
        headers = {
            "Content-Type": "application/json",
            "X-Monitor-Delivery": message.id,
            "X-Monitor-Timestamp": timestamp,
        }
        if self._key:
            headers["X-Monitor-Signature"] = f"sha256={signature(self._key, timestamp, body)}"
        return headers

    def _reason(self, answer: Exchange) -> str:
        said = redact(answer.body, 120, secrets=self._secrets)  # a page would fill the log
        return f"HTTP {answer.http_status}" + (f": {said}" if said else "")

    def _patience(self, answer: Exchange) -> timedelta | None:
        if answer.http_status not in _ASKS_FOR_PATIENCE:
            return None
        seconds = retry_after_s(answer.headers, "", self._now())
        return None if seconds is None else timedelta(seconds=seconds)


def document_of(message: Message) -> bytes:
    """Return what is posted: the message's document as JSON, with its id, its title and its text."""
    document = {**message.document, "id": message.id, "title": message.title, "text": message.text}
    return json.dumps(document, sort_keys=True).encode()  # sorted: the same bytes at each attempt


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of `<timestamp>.<body>` under the key, in hexadecimal."""
    # signed together: neither can be exchanged
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
