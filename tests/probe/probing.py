"""Probe one model over a real socket, and see what was sent."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from monitor.core.answer.answer import Answer
from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import PLAIN_CHAT, RequestForm
from monitor.http import open_client
from monitor.probe.probe import ProviderSession, probe_model
from monitor.probe.stopwatch import Stopwatch
from tests.probe.wire import Play, Request, serve

STARTED = datetime(2026, 11, 21, tzinfo=UTC)
MODEL = "acme/chat-1.5"


async def probe_wire(
    play: Play,
    *,
    model: str = MODEL,
    form: RequestForm = PLAIN_CHAT,
    traits: ProviderTraits | None = None,
    timeout_s: float = 30.0,
    pace: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0),
) -> tuple[Answer, list[Request]]:
    """Serve what is to be said, and probe a model there once."""
    clock = asyncio.get_running_loop().time
    async with serve(play) as wire, open_client(wire.endpoint()) as client:
        session = ProviderSession(
            client=client,
            endpoint=wire.endpoint(),
            stopwatch=Stopwatch.start(STARTED, clock),
            traits=traits or ProviderTraits(),
            pace=pace,
        )
        found = await probe_model(session, model, form=form, timeout_s=timeout_s)
        return found, wire.requests


def probe(
    play: Play,
    *,
    model: str = MODEL,
    form: RequestForm = PLAIN_CHAT,
    traits: ProviderTraits | None = None,
    timeout_s: float = 30.0,
) -> tuple[Answer, list[Request]]:
    return asyncio.run(probe_wire(play, model=model, form=form, traits=traits, timeout_s=timeout_s))
