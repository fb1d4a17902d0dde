"""One model asked now, as a sweep would ask it: found on its endpoint, and asked again where unclear."""

from datetime import datetime

from monitor.core.model import Observation
from monitor.http import open_client
from monitor.probe.probe import Line
from monitor.probe.stopwatch import Stopwatch
from monitor.sweep.agenda import Known, course_of
from monitor.sweep.looking import ask_all
from monitor.sweep.values import Target


async def ask_now(target: Target, model: str, known: Known, now: datetime) -> Observation:
    """Ask one model; nothing is recorded. Raises ConfigError where the request cannot be put on the wire."""
    async with open_client(target.endpoint) as client:
        line = Line(
            client=client,
            endpoint=target.endpoint,
            stopwatch=Stopwatch.start(now),
            quirks=target.quirks,
            pace=target.pacer.acquire,
        )
        result = await ask_all([course_of(model, known, target, now)], target, line)
    return result.observations[0]
