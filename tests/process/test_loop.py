"""The end of a loop: what is left behind is said, and once."""

import logging
import threading

import pytest

from monitor.process.loop import run, say_what_is_left


async def nothing() -> None:
    """End at once."""


def test_what_is_left_is_said_once_for_each_run(caplog: pytest.LogCaptureFixture) -> None:
    """The end of the loop and the last resort may come to it at the same moment."""
    caplog.set_level(logging.WARNING, logger="monitor.process.loop")
    for runs in (1, 2):
        run(nothing())
        for _ in range(2):
            say_what_is_left((), [threading.current_thread()])
        assert [record.message for record in caplog.records] == ["stopped_with_work_left"] * runs
