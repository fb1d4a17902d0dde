"""A look at a model's metadata, which is free where the provider has it."""

from urllib.parse import quote

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.http import exchange
from monitor.probe.probe import ProviderSession


async def look_up(session: ProviderSession, model: str, *, timeout_s: float, kind: str) -> Observation:
    """Read `GET {base_url}/models/{id}`. Whatever it says, the observation is unknown (rules.md 28)."""
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
