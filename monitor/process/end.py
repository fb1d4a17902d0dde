"""The end of a process: by the exit code of its command, whatever still hangs in it."""

import atexit
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Collection
from typing import Final, NoReturn

from monitor.process.hanging import others_than

_THREADS_END_S: Final = 0.3

# At the end the interpreter looks through all objects for cycles, which is most of what an end takes: 0.4 s
# of the processor, and many times that on a busy machine.
atexit.register(gc.freeze)

_on_leaving: list[Callable[[], None]] = []


def when_left(act: Callable[[], None]) -> None:
    """Have `act` called when the process has nothing more to do but to end."""
    _on_leaving.append(act)


def leave(code: int, before: Collection[threading.Thread]) -> NoReturn:
    """End the process; threads that hang are not waited for, unless they are of those `before`."""
    hanging = others_than(before, _THREADS_END_S)
    while _on_leaving:
        _on_leaving.pop()()
    if hanging:
        logging.shutdown()
        os._exit(code)  # the interpreter would wait for them
    sys.exit(code)
