"""One probe: ask one model once, and say what was observed."""

from dataclasses import dataclass

from monitor.core.classify import Finding, classify
from monitor.core.exchange import Exchange
from monitor.core.model import Kind, Observation
from monitor.core.ratelimit import retry_after_s
from monitor.http import Client, Endpoint, exchange
from monitor.probe.requests import REQUESTS
from monitor.probe.stopwatch import Stopwatch

_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Answer:
    """An observation, and the seconds the provider's pacer must pause: Retry-After of a 429 (rules.md 7)."""

    observation: Observation
    pause_s: float | None = None


async def probe_model(
    client: Client,
    endpoint: Endpoint,
    model: str,
    *,
    timeout_s: float,
    stopwatch: Stopwatch,
    known_kind: str = Kind.UNKNOWN,
    asked_kind: Kind = Kind.CHAT,
    listed: bool = True,
) -> Answer:
    """Send one request and read its answer. A sick model is an observation; only cancellation is raised.

    The observation is timed when the answer came. Its kind is the one the answer proves, else `known_kind`.
    """
    request = REQUESTS[asked_kind](model)
    answer = await exchange(
        client, "POST", endpoint.url(request.path), timeout_s=timeout_s, json=request.body
    )
    now = stopwatch.now()
    finding = classify(
        answer, known_kind=known_kind, now=now, model=model, listed=listed, secrets=endpoint.secrets
    )
    pause_s = None
    if answer.http_status == _TOO_MANY_REQUESTS:
        pause_s = retry_after_s(answer.headers, answer.body, now)
    return Answer(_observation(model, answer, finding, known_kind, stopwatch.at_ms()), pause_s)


def _observation(model: str, answer: Exchange, finding: Finding, known_kind: str, at_ms: int) -> Observation:
    return Observation(
        model=model,
        outcome=finding.outcome,
        reason=finding.reason,
        at_ms=at_ms,
        kind=finding.proves or known_kind,
        http_status=answer.http_status,
        latency_ms=answer.latency_ms,
        retires_at=finding.retires_at,
        detail=finding.detail,
    )
