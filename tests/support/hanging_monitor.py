"""`monitor` in which something hangs as no server can make it: `python -m tests.support.hanging_monitor`.

What hangs is named by the file `hangs` in the working directory: `lookups` of names that end with .test at
once; a `thread` that never ends, or the event `loop`, when a file `hang-now` is there. The file `hangs-now`
says that it does.
"""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

from monitor.cli.main import main

_NEVER = threading.Event()
_LOOPS: list[asyncio.BaseEventLoop] = []


def _hang() -> None:
    Path("hangs-now").touch()
    _NEVER.wait()


def _block_loop() -> None:
    """Block the event loop of the main thread as soon as the test wants it."""
    _wait_for_the_test()
    for loop in _LOOPS:
        loop.call_soon_threadsafe(_hang)


def _note_loops() -> None:
    real = asyncio.BaseEventLoop.run_forever

    def run_forever(loop: asyncio.BaseEventLoop) -> None:
        _LOOPS.append(loop)
        real(loop)

    asyncio.BaseEventLoop.run_forever = run_forever  # type: ignore[method-assign, assignment]


def _start_late() -> None:
    """Start a thread that Python waits for at its end, once the command runs."""
    _wait_for_the_test()
    threading.Thread(target=_hang, name="a thread that never ends", daemon=False).start()


def _wait_for_the_test() -> None:
    while not Path("hang-now").exists():
        _NEVER.wait(0.05)


def _alter(what: str) -> None:
    if what == "lookups":
        real = socket.getaddrinfo

        def look_up(host: str, *arguments: Any, **names: Any) -> object:  # noqa: ANN401 - as they come
            if ".test" in str(host):  # text or bytes
                _hang()
            return real(host, *arguments, **names)

        socket.getaddrinfo = look_up  # type: ignore[assignment]
    else:
        _note_loops()
        late = {"thread": _start_late, "loop": _block_loop}[what]
        threading.Thread(target=late, daemon=True).start()


if __name__ == "__main__":
    _alter(Path("hangs").read_text("utf-8").strip())
    main()
