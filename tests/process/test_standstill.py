"""What arrived while a process was frozen is read before the timers that came due meanwhile."""

import asyncio
import socket

from monitor.process.loop import Loop


class Clock:
    """A clock in seconds that is set."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_an_answer_that_came_during_a_freeze_is_read_and_not_timed_out() -> None:
    clock = Clock()
    ours, theirs = socket.socketpair()

    def freeze() -> None:
        theirs.send(b"answer")
        clock.now_s += 90.0

    async def ask() -> tuple[bytes, float]:
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        async with asyncio.timeout(10.0):
            loop.call_soon(freeze)
            answer = await loop.sock_recv(ours, 100)
        return answer, loop.time() - sent_at

    with ours, theirs, asyncio.Runner(loop_factory=lambda: Loop(clock)) as runner:
        ours.setblocking(False)
        assert runner.run(ask()) == (b"answer", 0.0)


def test_time_that_passes_as_it_should_is_counted() -> None:
    clock = Clock()

    async def wait() -> float:
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        for _ in range(4):
            clock.now_s += 4.0
            await asyncio.sleep(0)
        return loop.time() - begun_at

    with asyncio.Runner(loop_factory=lambda: Loop(clock)) as runner:
        assert runner.run(wait()) == 16.0
