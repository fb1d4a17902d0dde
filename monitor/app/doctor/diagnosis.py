"""What a check says: one line each, and how a check that hangs or fails becomes one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.errors import MonitorError
from monitor.process.daemon_thread import run_in_daemon_thread

LIMIT_S: Final = 30.0  # seconds of one check in all


class CheckState(StrEnum):
    """How grave it is: a fault costs sweeps, answers or messages, a warning may do so."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line: the check's name, what it looked at, how that is, and what to do if it is not ok."""

    name: str
    subject: str
    state: CheckState
    detail: str
    advice: str = ""


def ok(name: str, subject: str, detail: str) -> Diagnosis:
    """Return a line that asks for nothing."""
    return Diagnosis(name, subject, CheckState.OK, detail)


def warning(name: str, subject: str, detail: str, advice: str) -> Diagnosis:
    """Return a line on what may go wrong."""
    return Diagnosis(name, subject, CheckState.WARNING, detail, advice)


def fault(name: str, subject: str, detail: str, advice: str) -> Diagnosis:
    """Return a line on what is wrong."""
    return Diagnosis(name, subject, CheckState.FAULT, detail, advice)


async def guarded(
    name: str, subject: str, check: Awaitable[Sequence[Diagnosis]], limit_s: float = LIMIT_S
) -> Sequence[Diagnosis]:
    """Return what a check says within its time; a check that hangs or fails is a fault of its own."""
    try:
        return await asyncio.wait_for(check, limit_s)
    except TimeoutError:
        return [fault(name, subject, f"not checked within {limit_s:g} s", "see what it waits for: it hangs")]
    except MonitorError as error:
        return [fault(name, subject, str(error), "")]
    except Exception as error:  # noqa: BLE001 - one check must not hide the others
        words = f"the check itself failed ({type(error).__name__})"
        return [fault(name, subject, words, "please report it, with the output of --log-level debug")]


async def in_thread(check: Callable[[], Sequence[Diagnosis]]) -> Sequence[Diagnosis]:
    """Run a check that blocks; one that hangs is left behind."""
    return await run_in_daemon_thread(check)
