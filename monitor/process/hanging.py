"""What still goes on when a process is to end: its tasks and threads, by names that a person understands."""

import sys
import threading
from collections.abc import Collection, Iterable
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # commands that run no loop start sooner without it
    import asyncio

_OURS = "monitor."
_NOT_WORK = "monitor.process."  # what waits there is the process's own


def names_of(tasks: Iterable["asyncio.Task[Any]"], threads: Iterable[threading.Thread]) -> str:
    """Name tasks as they were named, and threads by the function of this program that they are in."""
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see where a thread hangs
    places = {_place(frames.get(thread.ident or 0)) or thread.name for thread in threads}
    named = {task.get_name() for task in tasks if not task.get_name().startswith("Task-")}
    return ", ".join((*sorted(named), *sorted(places)))


def others_than(before: Collection[threading.Thread], within_s: float = 0.0) -> list[threading.Thread]:
    """Return the threads that came since and that Python would wait for, once they had this time to end."""
    give_up_at = monotonic() + within_s
    ours = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in ours:
        thread.join(max(0.0, give_up_at - monotonic()))
    return [thread for thread in ours if thread.is_alive()]


def _place(frame: FrameType | None) -> str:
    """Return the innermost function of ours that a thread is in; empty where there is none."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_OURS) and not module.startswith(_NOT_WORK):
            return f"{module.removeprefix(_OURS)}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""
