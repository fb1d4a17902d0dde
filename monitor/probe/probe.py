"""One probe: ask one model once, in one form, and say what was observed."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from monitor.core.answer.answer import Answer, read_answer
from monitor.core.answer.exchange import Exchange
from monitor.core.answer.stream import has_token
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import PLAIN_CHAT, RequestChange, RequestForm
from monitor.http import Client, Endpoint, exchange
from monitor.probe.requests import build_request
from monitor.probe.stopwatch import Stopwatch

_ACCEPTED = 202
_NO_SUCH_PATH = frozenset({404, 405})  # then the poll says nothing of the model
_POLL_MARGIN_S = 2.0  # the server's verdict must come before our own clock
_POLL_GAP_S = 1.0  # seconds between polls


class SweepListener:
    """Hears of a sweep while it goes on; this one takes no notice."""

    def answered(self, observation: Observation) -> None:
        """Take what the answers of a model say so far: the final one may be another."""

    def observed(self, observation: Observation) -> None:
        """Take the final observation of a model."""

    def requested(self, requests: int) -> None:
        """Count so many more requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSession:
    """The way to one provider: its client, where it is, how it is asked, what spaces polls, what listens."""

    client: Client
    endpoint: Endpoint
    stopwatch: Stopwatch
    traits: ProviderTraits = field(default_factory=ProviderTraits)
    pace: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)
    listener: SweepListener = field(default_factory=SweepListener)


async def check_metadata(session: ProviderSession, model: str, *, timeout_s: float, kind: str) -> Observation:
    """Read `GET {base_url}/models/{id}`. Whatever it says, the observation is unknown (rules.md 28)."""
    session.listener.requested(1)  # counted before it is sent: a cancelled request was one, too
    url = session.endpoint.url(f"/models/{quote(model)}")
    answer = await exchange(session.client, "GET", url, timeout_s=timeout_s)
    return Observation(
        model=model,
        outcome=Outcome.UNKNOWN,
        reason=Reason.LOOKED_UP,
        at_ms=session.stopwatch.at_ms(),
        kind=kind,
        http_status=answer.http_status,
    )


async def probe_model(
    session: ProviderSession,
    model: str,
    *,
    form: RequestForm = PLAIN_CHAT,
    timeout_s: float,
    listed: bool = True,
) -> Answer:
    """Send one request and read its answer. A sick model is an observation; only cancellation is raised.

    A request that was only accepted is polled until its answer comes, within `timeout_s` in all. The
    observation is timed when the answer came.
    """
    session.listener.requested(1)
    begun_s = session.stopwatch.elapsed_s()
    request = build_request(model, form, session.traits)
    answer = await exchange(
        session.client,
        "POST",
        session.endpoint.url(request.path),
        timeout_s=timeout_s,
        json=request.body,
        headers=_poll_headers(session.traits, timeout_s),
        sign=has_token if RequestChange.STREAM in form.changes else None,  # only a stream has a first token
    )
    polls = 0
    is_queued = answer.http_status == _ACCEPTED and "nvcf-reqid" in answer.headers
    if is_queued and session.traits.status_path:
        answer, polls = await _fetch_later(session, answer, begun_s + timeout_s)
        session.listener.requested(polls)
    return read_answer(
        answer,
        form,
        model,
        now=session.stopwatch.now(),
        at_ms=session.stopwatch.at_ms(),
        listed=listed,
        secrets=session.endpoint.secrets,
        requests=1 + polls,
    )


def _poll_headers(traits: ProviderTraits, timeout_s: float) -> Mapping[str, str] | None:
    """Ask the server to give its own verdict a little before our clock would cut it off."""
    if traits.poll_header is None:
        return None
    return {traits.poll_header: str(max(math.floor(timeout_s - _POLL_MARGIN_S), 1))}


async def _fetch_later(
    session: ProviderSession, accepted: Exchange, deadline_s: float
) -> tuple[Exchange, int]:
    """Ask for an accepted request's answer until it is there; the last "accepted" where time runs out."""
    # safe="": an id from a header must not change the path
    path = (session.traits.status_path or "").replace("{id}", quote(accepted.headers["nvcf-reqid"], safe=""))
    polls = 0
    # a poll that cannot end in time is not begun
    while (left_s := deadline_s - session.stopwatch.elapsed_s()) > _POLL_GAP_S:
        if not await _turn_comes(session, left_s):
            break
        left_s = deadline_s - session.stopwatch.elapsed_s()
        polls += 1
        headers = _poll_headers(session.traits, left_s)
        later = await exchange(
            session.client, "GET", session.endpoint.url(path), timeout_s=left_s, headers=headers
        )
        if later.http_status != _ACCEPTED:
            is_lost = bool(later.failure) or later.http_status in _NO_SUCH_PATH
            return (accepted if is_lost else later), polls
    return accepted, polls


async def _turn_comes(session: ProviderSession, left_s: float) -> bool:
    """Wait a little and for the pacer; False where that takes all the time that is left."""
    try:
        async with asyncio.timeout(left_s):
            await asyncio.sleep(_POLL_GAP_S)
            await session.pace()
    except TimeoutError:
        return False
    return True
