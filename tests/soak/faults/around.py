"""Faults of what is around the daemon: the provider, visitors of its web server, the receiver of messages."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from random import Random
from urllib.parse import urlsplit

from tests.soak.paired.provider import LATENCY_S, SLOW_S
from tests.soak.paired.stage import Stage

_CROWD = 220


@contextmanager
def unreachable(stage: Stage, _chance: Random) -> Iterator[None]:
    """Refuse connections."""
    stage.there.call(stage.provider.refuse)
    yield
    stage.there.run(stage.provider.accept)


@contextmanager
def slow(stage: Stage, _chance: Random) -> Iterator[None]:
    """Let every answer take four times as long."""
    stage.provider.latency_s = SLOW_S
    yield
    stage.provider.latency_s = LATENCY_S


@contextmanager
def torn(stage: Stage, _chance: Random) -> Iterator[None]:
    """Cut the connections to the provider now and then."""
    with again_and_again(lambda: stage.there.call(stage.provider.cut_one), 2.5):
        yield


@contextmanager
def crowd(stage: Stage, chance: Random) -> Iterator[None]:
    """Open many connections to the web server that say nothing, or ask and never read."""
    page = urlsplit(stage.page)
    with ExitStack() as all_of:
        for _ in range(_CROWD):
            with suppress(OSError):
                visitor = socket.create_connection((page.hostname, page.port), timeout=2)
                all_of.enter_context(closing(visitor))
                if chance.random() < 0.5:
                    visitor.sendall(b"GET / HTTP/1.1\r\nHost: monitor\r\n\r\n" * 20)
        yield


@contextmanager
def hanging_hook(stage: Stage, _chance: Random) -> Iterator[None]:
    """Let the receiver of messages take none to its end."""
    stage.hook.hold = threading.Event()
    yield
    held, stage.hook.hold = stage.hook.hold, None
    held.set()


@contextmanager
def refusing_hook(stage: Stage, _chance: Random) -> Iterator[None]:
    """Refuse every message."""
    stage.hook.refusals = 1_000
    yield
    stage.hook.refusals = 0


@contextmanager
def again_and_again(act: Callable[[], object], every_s: float) -> Iterator[None]:
    """Do something now and every so many seconds."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(every_s):
            act()

    act()
    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()
