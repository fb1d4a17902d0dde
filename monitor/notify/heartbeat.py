"""Dead man's switches: they are pinged at every sweep, so that their service notices when the pings stop.

In the style of Healthchecks: the address with `/start` when a sweep begins, as it is when it ended well, with
`/fail` when the operator must act. A provider's own switch reports its own sweeps. The common switch reports
the state of all providers, whichever was swept. A ping that fails neither fails nor delays a sweep.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from monitor.core.answer.redact import redact
from monitor.core.domain.vocabulary import Cause
from monitor.core.notification.sweep_health import SweepHealth
from monitor.errors import Fenced, NotDelivered
from monitor.logs import event
from monitor.notify.post import is_taken, post

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 5.0
_TRIES: Final = 2  # once more for a lost packet; the next sweep pings anyway
_MOST_WAITING: Final = 200  # pings to one address; more come only where its service hangs for long
# what an operator mends, so that it is not forgiven at the provider's own switch
_FOR_THE_OPERATOR: Final = frozenset({Cause.CREDENTIAL, Cause.QUOTA, Cause.OUR_NETWORK})
_START, _SUCCESS, _FAIL = "/start", "", "/fail"

Report = Callable[[], tuple[str, str]]  # the ending of the address and the words of a ping, when it is sent
MayPing = Callable[[], Awaitable[None]]  # returns when this process may ping, raises Fenced where it may not


async def ping_always() -> None:
    """Let every ping through."""


class Pulse:
    """How one sweep ended; without a `report` it left everything as it was."""

    def __init__(self) -> None:
        self.words, self.has_ended = "nothing to do", False
        self.cause: str | None = None

    def report(self, words: str, cause: str | None) -> None:
        """Say how the sweep ended: `cause` says why it is inconclusive, None that it is not."""
        self.words, self.cause, self.has_ended = words, cause, True


class _Switch:
    """One address. Its pings are sent one after the other: a late one would hide the state after it."""

    def __init__(self, url: str, scope: str, may_ping: MayPing) -> None:
        """Ping `url`, each time after `may_ping`; `scope` says in the log which switch it is."""
        self._url, self._scope, self._turn = url, scope, asyncio.Lock()
        self._may_ping = may_ping
        self.pings: set[asyncio.Task[None]] = set()

    def ping(self, provider: str, run: str, report: Report) -> None:
        """Send a ping of a run in the background; `report` decides at its turn which one."""
        if len(self.pings) >= _MOST_WAITING:
            self._note(provider, "too many pings before it are still being sent")
            return
        task = asyncio.create_task(self._ping(provider, run, report))
        self.pings.add(task)
        task.add_done_callback(self.pings.discard)  # asyncio holds tasks weakly: without this one may vanish

    async def _ping(self, provider: str, run: str, report: Report) -> None:
        try:
            async with self._turn:
                error = await self._send(run, report)
        except Fenced:  # while it waited: the process that took over reports its own sweeps
            return
        if error:
            self._note(provider, error)

    async def _send(self, run: str, report: Report) -> str:
        """Send a ping; returns what went wrong, an empty text if nothing did."""
        ending, words = report()
        error = ""
        for _ in range(_TRIES):
            await self._may_ping()  # before each: the process may be frozen while one is under way
            if not (error := await _failure(place(self._url, ending, run), words)):
                break
        return error

    def _note(self, provider: str, error: str) -> None:
        event(log, logging.WARNING, "heartbeat_failed", provider=provider, error=error, scope=self._scope)


class Heartbeats:
    """The common switch and those of single providers; without addresses nothing is pinged."""

    def __init__(
        self,
        health: SweepHealth,
        url: str | None = None,
        own: Mapping[str, str] | None = None,
        *,
        is_silent: Callable[[str], bool] = lambda _provider: False,
        may_ping: MayPing = ping_always,
        secrets: tuple[str, ...] = (),
        new_id: Callable[[], object] = uuid4,
    ) -> None:
        """Ping `url` for all providers and the addresses of `own` for theirs, each sweep under a new id.

        `is_silent` says whether a maintenance window covers a provider now; `may_ping` is awaited before each
        ping, and one for which it raises Fenced is not sent; `secrets` are kept out of pings.
        """
        self.health = health
        self._common = _Switch(url, "all providers", may_ping) if url else None
        self._own = {
            name: _Switch(address, "one provider", may_ping) for name, address in (own or {}).items()
        }
        self._is_silent, self._secrets, self._new_id = is_silent, secrets, new_id

    @asynccontextmanager
    async def around(self, provider: str) -> AsyncIterator[Pulse]:
        """Ping when a sweep begins and when it ends: an exception is a failure, being cancelled no end."""
        pulse, run = Pulse(), str(self._new_id())
        for switch in filter(None, (self._own.get(provider), self._common)):
            switch.ping(provider, run, lambda: (_START, f"{provider}: sweep begins"))
        try:
            yield pulse
        except Fenced:  # the process that took the sweep over reports its end
            raise
        except Exception as error:  # not BaseException: a cancelled sweep has no end to report
            words = f"{provider}: {type(error).__name__}: {redact(str(error), secrets=self._secrets)}"
            self._count(provider, "not recorded")
            self._ping_end(provider, run, words, is_urgent=True)
            raise
        if pulse.has_ended:
            self._count(provider, pulse.cause)
        is_urgent = pulse.cause in _FOR_THE_OPERATOR and not self._is_silent(provider)
        self._ping_end(provider, run, pulse.words, is_urgent=is_urgent)

    async def settle(self) -> None:
        """Wait until every ping is sent, a few seconds at most."""
        switches = filter(None, (self._common, *self._own.values()))
        if pings := {ping for switch in switches for ping in switch.pings}:
            await asyncio.wait(pings, timeout=_TIMEOUT_S)

    def _count(self, provider: str, cause: str | None) -> None:
        self.health = self.health.after(provider, cause, is_silent=self._is_silent(provider))

    def _ping_end(self, provider: str, run: str, words: str, *, is_urgent: bool) -> None:
        is_failure = is_urgent or provider in self.health.failing
        if own := self._own.get(provider):
            own.ping(provider, run, lambda: (_FAIL if is_failure else _SUCCESS, words))
        if self._common:  # its state is that of the moment in which the ping leaves
            self._common.ping(provider, run, lambda: self._state(words))

    def _state(self, words: str) -> tuple[str, str]:
        failing = ", ".join(f"{name} ({cause})" for name, cause in self.health.failing.items())
        return (_FAIL, f"{words}; without a verdict: {failing}") if failing else (_SUCCESS, words)


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
