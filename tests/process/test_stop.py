"""Asked once a process drains, asked twice it hurries."""

import asyncio

from monitor.process.stop import Stop

PATIENCE_S = 60.0  # who needs longer hangs


def test_the_first_request_asks_and_the_second_one_hurries() -> None:
    stop = Stop()
    stop.ask()
    assert (stop.asked.is_set(), stop.hurried.is_set()) == (True, False)
    stop.ask()
    assert (stop.asked.is_set(), stop.hurried.is_set()) == (True, True)


def test_who_waits_is_woken_by_a_request() -> None:
    async def body() -> None:
        stop = Stop()
        assert not await stop.within(0.01)
        waiting = asyncio.create_task(stop.within(2 * PATIENCE_S))
        await asyncio.sleep(0)
        stop.ask()
        assert await asyncio.wait_for(waiting, PATIENCE_S)

    asyncio.run(body())
