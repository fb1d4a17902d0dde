"""What waits in a socket is read before a time-out that the loop comes to late, whatever made it late."""

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import pytest

from monitor.process.loop import Loop
from tests.process.test_standstill import Clock

T = TypeVar("T")

LATE_S = 3.0  # less than counts as a frozen process


def run(clock: Clock, main: Coroutine[Any, Any, T]) -> T:
    """Run in the program's own loop, by a clock that is set."""
    with asyncio.Runner(loop_factory=lambda: Loop(clock)) as runner:
        return runner.run(main)


def test_an_answer_that_came_while_the_loop_was_blocked_is_read_and_not_timed_out() -> None:
    """In two pieces, as head and body of a response are read by a step of their own each."""
    clock = Clock()
    ours, theirs = socket.socketpair()

    def block() -> None:
        theirs.send(b"head\nbody\n")
        clock.now_s += LATE_S

    async def ask() -> list[bytes]:
        reader, writer = await asyncio.open_connection(sock=ours)
        async with asyncio.timeout(LATE_S / 2):
            asyncio.get_running_loop().call_soon(block)
            head = await reader.readline()
            await asyncio.sleep(0)
            lines = [head, await reader.readline()]
        writer.close()
        return lines

    with theirs:
        assert run(clock, ask()) == [b"head\n", b"body\n"]


def test_a_time_out_without_an_answer_comes_also_after_the_loop_was_blocked() -> None:
    clock = Clock()

    def block() -> None:
        clock.now_s += LATE_S

    async def wait() -> None:
        async with asyncio.timeout(LATE_S / 2):
            asyncio.get_running_loop().call_soon(block)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(clock, wait())


def test_one_who_always_has_something_to_say_holds_no_time_out_up() -> None:
    clock = Clock()
    ours, theirs = socket.socketpair()

    def chatter() -> None:
        ours.recv(1)
        theirs.send(b"x")
        clock.now_s += 0.1

    async def wait() -> float:
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, chatter)
        begun_at = loop.time()
        theirs.send(b"x" * 40)
        loop.call_soon(lambda: setattr(clock, "now_s", clock.now_s + LATE_S))
        with suppress(TimeoutError):
            async with asyncio.timeout(LATE_S / 2):
                await asyncio.Event().wait()
        loop.remove_reader(ours)
        return loop.time() - begun_at

    ours.setblocking(False)
    with ours, theirs:
        assert run(clock, wait()) == pytest.approx(LATE_S + 1.0, abs=0.35)


def test_a_timer_that_is_cancelled_while_it_waits_does_not_run() -> None:
    clock, rang = Clock(), list[str]()

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(1.0, rang.append, "rang")
        clock.now_s += LATE_S
        for _ in range(3):
            await asyncio.sleep(0)  # it is due, and waits
        timer.cancel()
        for _ in range(100):
            await asyncio.sleep(0)

    run(clock, wait())
    assert rang == []
