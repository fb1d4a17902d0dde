"""Messages for the tests of channels, and logs as they are written."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from monitor import logs
from monitor.core.notification.message import Message

MESSAGE = Message(
    id="monitor-7-19d6c3a1b00",
    title="nvidia: 2 models went down",
    text="Sweep of noon.\n\nMessage monitor-7-19d6c3a1b00",
    markdown="Sweep of **noon**.\n\n_Message monitor-7-19d6c3a1b00_",
    html="<p>Sweep of <b>noon</b>.</p><p>Message monitor-7-19d6c3a1b00</p>",
    document={"id": "monitor-7-19d6c3a1b00", "topic": "changes", "events": []},
)


@contextmanager
def logged(*, secrets: tuple[str, ...] = (), level: int = logging.DEBUG) -> Iterator[io.StringIO]:
    """Give everything that the program and its libraries write to the log, as a user would get it."""
    root, written = logging.getLogger(), io.StringIO()
    before, levels = root.handlers[:], (root.level, logging.getLogger("monitor").level)
    logs.configure(written, level=level, secrets=secrets)
    try:
        yield written
    finally:
        root.handlers[:] = before
        root.setLevel(levels[0])
        logging.getLogger("monitor").setLevel(levels[1])
