"""Delivers messages to people through Apprise: mail, chats and whatever else it knows.

Apprise blocks, so it runs in a thread. It logs addresses and what it sends; none of that leaves this module
but the reason of a failure, with every secret masked.
"""

import asyncio
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from monitor.core.answer.redact import redact
from monitor.core.notification.message import Message
from monitor.errors import ConfigError, NotDelivered
from monitor.notify.plain_part import plain_part
from monitor.process.daemon_thread import run_in_daemon_thread

if TYPE_CHECKING:  # Apprise takes half a second to load, and most commands send nothing
    from apprise import NotifyFormat
    from apprise.plugins.base import NotifyBase

_TIMEOUT_S: Final = 60.0  # seconds, below the two minutes of a claim
_TOLD_BELOW_WARNING: Final = "Socket Exception: "  # where Apprise hides what really went wrong
_SHORTEST_BODY: Final = 1000  # what takes less is a text message, and each part of one is paid for
_LARGEST_MAIL: Final = 1_000_000  # characters; cut anywhere, HTML is none any more
_LOG: Final = logging.getLogger("apprise")


class AppriseChannel:
    """One address that Apprise knows; `secrets` are what must not be shown of it, the address included."""

    is_for_people: Final = True

    def __init__(self, name: str, url: str, secrets: tuple[str, ...] = ()) -> None:
        """Read the address; raises ConfigError, without showing it, if Apprise does not understand it."""
        self.name = name
        self._secrets = (url, *secrets)
        self._service = _service(name, url)
        self._running: asyncio.Future[None] | None = None

    async def deliver(self, message: Message) -> None:
        """Send a message, in the form that the service likes best; raises NotDelivered."""
        if self._running and not self._running.done():  # a second thread would send it twice
            raise NotDelivered("the previous attempt is still running")
        self._running = run_in_daemon_thread(lambda: self._send(message))
        try:
            await asyncio.wait_for(asyncio.shield(self._running), _TIMEOUT_S)
        except TimeoutError:
            # an error that nothing waits for is looked at, so that asyncio does not complain of it
            self._running.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise NotDelivered(f"took longer than {_TIMEOUT_S:.0f} s") from None

    def _send(self, message: Message) -> None:
        from apprise import Apprise  # noqa: PLC0415 - see above

        form = _best_form(self._service)
        sender = Apprise(asset=self._service.asset)
        sender.add(self._service)
        with _listening() as said, plain_part(self._service, message.html, message.text):
            body = {"html": message.html, "markdown": message.markdown}.get(form.value, message.text)
            if sender.notify(title=message.title, body=body, body_format=form):
                return
        raise NotDelivered(self._reason(said))

    def _reason(self, said: list[logging.LogRecord]) -> str:
        loud = [record.getMessage() for record in said if record.levelno >= logging.WARNING]
        quiet = [record.getMessage() for record in said if record.levelno < logging.WARNING]
        hidden = [line.removeprefix(_TOLD_BELOW_WARNING) for line in quiet if _TOLD_BELOW_WARNING in line]
        words = "; ".join(dict.fromkeys((*loud[-1:], *hidden[-1:]))) or "Apprise could not send it"
        return redact(words, secrets=self._secrets)


def _service(name: str, url: str) -> "NotifyBase":
    from apprise import Apprise, AppriseAsset, OverflowMode, PersistentStoreMode  # noqa: PLC0415 - see above

    asset = AppriseAsset(
        app_id="monitor",
        app_desc="monitor",
        app_url="",
        async_mode=False,
        service_timeout=0,  # it would move each send to a thread that the process waits for at its end
        storage_mode=PersistentStoreMode.MEMORY,  # nothing is written to the user's home
        pgp_autogen=False,  # no keys are made in passing
        pem_autogen=False,
    )
    with _listening(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the plugins that it loads here, about each other
        service = Apprise.instantiate(url, asset=asset)
    if service is None:
        raise ConfigError(
            f"channel {name}: Apprise does not understand its address; "
            "see https://github.com/caronc/apprise/wiki for how they are written"
        )
    if service.protocol == "mailto":
        service.body_maxlen = _LARGEST_MAIL
    if "overflow=" not in url:  # what is too long would be refused, or cut wherever the service likes
        is_roomy = service.body_maxlen >= _SHORTEST_BODY
        service.overflow_mode = OverflowMode.SPLIT if is_roomy else OverflowMode.TRUNCATE
    return service


def _best_form(service: "NotifyBase") -> "NotifyFormat":
    from apprise import NotifyFormat  # noqa: PLC0415 - see above

    usual = service.resolve_format()
    return service.resolve_format(NotifyFormat.MARKDOWN) if usual == NotifyFormat.TEXT else usual


@contextmanager
def _listening() -> Iterator[list[logging.LogRecord]]:
    """Give what Apprise logs in this thread meanwhile; it goes to no other log."""
    _LOG.propagate = False  # its records name addresses and tokens
    _LOG.setLevel(logging.DEBUG)
    listener = _Listener()
    _LOG.addHandler(listener)
    try:
        yield listener.records
    finally:
        _LOG.removeHandler(listener)


class _Listener(logging.Handler):
    """Keeps the records of the thread that made it."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:  # other channels send in other threads at the same time
            self.records.append(record)
