"""Asks other providers whether our network works, before a sweep's trouble is named (rules.md 9)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from monitor.core.answer.exchange import Exchange, Failure
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, Reason, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.core.lifecycle.reachability import (
    cause_beside_others,
    is_answer,
    is_intercepted,
    is_stuck_on_the_way,
    may_vouch,
)
from monitor.errors import ConfigError
from monitor.http import Endpoint, exchange, open_client
from monitor.logs import event
from monitor.sweep.running import RunningSweep
from monitor.sweep.values import Target

log = logging.getLogger(__name__)

AskOwn = Callable[[float], Awaitable[Exchange]]

_MOST: Final = 3  # others; one that answers is enough
_LONGEST_S: Final = 20.0
_SHORTEST_S: Final = 4.0
_SHARE: Final = 0.05  # of an interval: the sweep has to end before the next one
_DOUBTFUL: Final = frozenset({Cause.OUR_NETWORK, Cause.PROVIDER_OUTAGE, Cause.CATALOG_UNREADABLE})
_SUSPECT: Final = frozenset({Reason.CONNECTION_FAILED, Reason.INVALID_ANSWER})


async def name_cause(running: RunningSweep) -> None:
    """Ask others where a sweep's trouble may be our network's or only seem so, and keep the cause they prove.

    The provider is asked once more after them: only what fails before and after their answer is its own.
    """
    cause = _doubtful_cause(running)
    if cause is None:
        return
    if running.sweep.detail is None:  # the guard judges a whole sweep, and has no words of its own
        running.sweep = replace(running.sweep, detail=_detail(running))
    await _ask_others(running, cause)


async def _ask_others(running: RunningSweep, cause: Cause) -> None:
    if any(seen.reason == Reason.OK for seen in running.observations.values()):
        return  # the guard alone holds such a mass failure, and lets it go in time (rules.md 11)

    async def ask_own(timeout_s: float) -> Exchange:
        running.requested(1)
        return await ask_provider(running.target, timeout_s)

    if proven := await proven_cause(running.target, cause, ask_own):
        proven_one, beside = proven
        event(log, logging.INFO, "cause_named", provider=running.target.provider, cause=proven_one)
        detail = f"{running.sweep.detail}{beside}"
        running.sweep = replace(running.sweep, verdict=Verdict.INCONCLUSIVE, cause=proven_one, detail=detail)


async def proven_cause(
    target: Target, cause: str | None, ask_own: AskOwn | None = None
) -> tuple[Cause, str] | None:
    """Return another cause that the answers of other providers prove, and words on them; None without one.

    The provider itself is asked by `ask_own` with a limit in seconds.
    """
    doubtful = next((one for one in _DOUBTFUL if one == cause), None)
    others = witnesses_of(target)
    if doubtful is None or not others:
        return None
    ask_own = ask_own or partial(ask_provider, target)
    timeout_s = min(_LONGEST_S, max(_SHORTEST_S, target.interval.total_seconds() * _SHARE))
    if doubtful is not Cause.OUR_NETWORK and not _is_ambiguous(await ask_own(timeout_s)):
        return None
    answers = await asyncio.gather(*(_ask(other, timeout_s) for other in others))
    proven = cause_beside_others(doubtful, await ask_own(timeout_s), answers)
    if proven is doubtful:
        return None
    hosts = ", ".join(answer.host for answer in answers if is_answer(answer))
    return proven, f"; {hosts} answers at the same time" if hosts else "; so it is with every other provider"


def witnesses_of(target: Target) -> Sequence[Endpoint]:
    """Return a few other providers whose answer would prove the way to this one."""
    own = target.endpoint
    return [
        other
        for other in target.others
        # behind another proxy an answer proves nothing of ours
        if other.proxy == own.proxy and may_vouch(own.catalog, other.catalog)
    ][:_MOST]


def _doubtful_cause(running: RunningSweep) -> Cause | None:
    """Return the cause that the sweep will have, as far as others could say more of it."""
    cause = running.sweep.cause
    if cause is None and any(seen.reason in _SUSPECT for seen in running.observations.values()):
        cause = fold(running.state, _finished(running), running.target.policy).cause
    return next((doubtful for doubtful in _DOUBTFUL if doubtful == cause), None)


def _finished(running: RunningSweep) -> Sweep:
    observations = tuple(running.observations.values())
    return replace(running.sweep, finished_at=running.stopwatch.now(), observations=observations)


def _detail(running: RunningSweep) -> str:
    """Return what the first failure said."""
    suspects = (seen.detail for seen in running.observations.values() if seen.reason in _SUSPECT)
    return next(filter(None, suspects), "no model could be reached")


def _is_ambiguous(own: Exchange) -> bool:
    return own.failure is Failure.TLS_EXPIRED or is_intercepted(own) or is_stuck_on_the_way(own)


async def ask_provider(target: Target, timeout_s: float) -> Exchange:
    """Ask a provider for its list, within its pace."""
    await target.pacer.acquire()
    return await _ask(target.endpoint, timeout_s)


async def _ask(endpoint: Endpoint, timeout_s: float) -> Exchange:
    try:
        async with open_client(endpoint) as client:
            return await exchange(client, "GET", endpoint.catalog, timeout_s=timeout_s)
    except ConfigError:  # its key fits into no header: that is said when it is swept itself
        return Exchange(failure=Failure.UNSENDABLE)
