"""The web server's loop is not the daemon's: health tells whether that one still turns."""

import asyncio

from sqlalchemy import Engine

from monitor.web.app import create_app
from monitor.web.liveness import Liveness
from tests.support.gateway import ON_SQLITE
from tests.web.history import START
from tests.web.served import ask_served


def test_half_a_minute_of_silence_is_stuck_and_one_beat_ends_it() -> None:
    liveness = Liveness()
    for _ in range(30):
        liveness.tick()
    assert not liveness.is_stuck
    liveness.tick()
    assert liveness.is_stuck

    async def beat_once() -> None:
        beating = asyncio.create_task(liveness.beat())
        await asyncio.sleep(0)
        beating.cancel()

    asyncio.run(beat_once())
    assert not liveness.is_stuck


@ON_SQLITE
def test_a_daemon_that_stands_still_is_not_well(engine: Engine) -> None:
    liveness = Liveness()
    app = create_app(engine, watched={}, now=lambda: START, liveness=liveness)
    assert ask_served(app, "/healthz").json() == {"status": "ok"}
    for _ in range(40):
        liveness.tick()
    answer = ask_served(app, "/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "stuck"})
