"""A look at a model's metadata, which is free where the provider has it."""

from urllib.parse import quote

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.http import exchange
from monitor.probe.probe import Line


async def look_up(line: Line, model: str, *, timeout_s: float, kind: str) -> Observation:
    """Read `GET {base_url}/models/{id}`. Whatever it says, the observation is unknown (rules.md 28)."""
    url = line.endpoint.url(f"/models/{quote(model)}")
    answer = await exchange(line.client, "GET", url, timeout_s=timeout_s)
    return Observation(
        model=model,
        outcome=Outcome.UNKNOWN,
        reason=Reason.LOOKED_UP,
        at_ms=line.stopwatch.at_ms(),
        kind=kind,
        http_status=answer.http_status,
    )
