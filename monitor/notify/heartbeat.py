"""A dead man's switch: it is pinged at every sweep, so that its service notices when the pings stop.

In the style of Healthchecks: the address with `/start` when a sweep begins, as it is when it ended well, with
`/fail` when the operator must act. A ping that fails neither fails nor delays a sweep.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from monitor.core.answer.redact import redact
from monitor.core.domain.vocabulary import Cause
from monitor.errors import NotDelivered
from monitor.logs import event
from monitor.notify.post import is_taken, post

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 5.0
_TRIES: Final = 2  # once more for a lost packet; the next sweep pings anyway
# an outage of the provider is no fault of this machine
_FOR_THE_OPERATOR: Final = frozenset({Cause.CREDENTIAL, Cause.QUOTA, Cause.OUR_NETWORK})
_START, _SUCCESS, _FAIL = "/start", "", "/fail"


class Pulse:
    """How one sweep ended, which the last ping says; well unless `report` says otherwise."""

    def __init__(self) -> None:
        self.ending, self.words = _SUCCESS, "nothing to do"

    def report(self, words: str, cause: str | None) -> None:
        """Say how the sweep ended: inconclusive by what the operator must mend, it failed."""
        self.ending, self.words = (_FAIL if cause in _FOR_THE_OPERATOR else _SUCCESS), words


class Heartbeat:
    """Pings one address; without one it does nothing."""

    def __init__(self, url: str | None, *, new_id: Callable[[], object] = uuid4) -> None:
        """Ping `url`, each sweep under an id from `new_id`."""
        self._url, self._new_id = url, new_id
        self._pings: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def around(self, name: str) -> AsyncIterator[Pulse]:
        """Ping when a sweep begins and when it ends: an exception is a failure, being cancelled no end."""
        pulse, run = Pulse(), str(self._new_id())
        began = self._start_ping(name, None, _START, run, f"{name}: sweep begins")
        try:
            yield pulse
        except Exception as error:  # not BaseException: a cancelled sweep has no end to report
            self._start_ping(name, began, _FAIL, run, f"{name}: {type(error).__name__}: {redact(str(error))}")
            raise
        self._start_ping(name, began, pulse.ending, run, pulse.words)

    async def settle(self) -> None:
        """Wait until every ping is sent, a few seconds at most."""
        if self._pings:
            await asyncio.wait(self._pings, timeout=_TIMEOUT_S)

    def _start_ping(
        self, name: str, after: "asyncio.Task[None] | None", ending: str, run: str, words: str
    ) -> "asyncio.Task[None] | None":
        if self._url is None:
            return None
        task = asyncio.create_task(self._ping(name, after, place(self._url, ending, run), words))
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)  # asyncio holds tasks weakly: without this one may vanish
        return task

    async def _ping(self, name: str, after: "asyncio.Task[None] | None", url: str, words: str) -> None:
        if after:
            await asyncio.wait({after})  # in their order: a late /start would begin another run
        error = ""
        for _ in range(_TRIES):
            if not (error := await _failure(url, words)):
                return
        event(log, logging.WARNING, "heartbeat_failed", provider=name, error=error)


def place(url: str, ending: str, run: str) -> str:
    """Return the address with an ending to its path and the id of a run; its query stays."""
    address, _, query = url.partition("#")[0].partition("?")
    # rid pairs start and end where several sweeps overlap
    return f"{address.rstrip('/')}{ending}?{query}{'&' if query else ''}rid={run}"


async def _failure(url: str, words: str) -> str:
    """Ping once; returns what went wrong, an empty text if nothing did."""
    body, headers = words.encode("utf-8", "replace"), {"Content-Type": "text/plain"}
    try:
        answer = await post(url, body, headers=headers, timeout_s=_TIMEOUT_S)
    except NotDelivered as error:
        return str(error)
    return "" if is_taken(answer) else f"HTTP {answer.http_status}"
