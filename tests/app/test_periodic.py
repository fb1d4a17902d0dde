"""What is done again and again: no error of a round ends it, a stop does."""

import asyncio
import logging

import pytest

from monitor.app.periodic import every
from monitor.errors import StoreError


def test_a_rounds_error_is_logged_and_the_next_round_is_made(caplog: pytest.LogCaptureFixture) -> None:
    async def rounds() -> int:
        stop, made = asyncio.Event(), 0

        async def act() -> None:
            nonlocal made
            made += 1
            if made == 1:
                raise StoreError("no luck")
            if made == 2:
                raise ValueError("a secret")
            stop.set()

        await every(0, act, stop, "work")
        return made

    with caplog.at_level(logging.ERROR, "monitor"):
        assert asyncio.run(rounds()) == 3
    assert [record.message for record in caplog.records] == ["work_failed", "work_crashed"]
    assert "a secret" not in caplog.text


def test_nothing_is_done_once_it_is_time_to_stop() -> None:
    async def rounds() -> list[int]:
        stop, made = asyncio.Event(), list[int]()
        stop.set()

        async def act() -> None:
            made.append(1)

        await every(0, act, stop, "work")
        return made

    assert asyncio.run(rounds()) == []
