"""Faults of the daemon itself: how it ends, stops, reloads, and what time it reads."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.soak.paired.stage import UNREADABLE, Seat, Stage
from tests.support.stepped_monitor import set_clock


def _seat(stage: Stage, chance: Random) -> Seat:
    """Choose a daemon that runs now."""
    return chance.choice([seat for seat in stage.seats if seat.process] or [stage.seats[0]])


@contextmanager
def killed(stage: Stage, chance: Random) -> Iterator[None]:
    """Kill a daemon, as a power cut does."""
    stage.send(_seat(stage, chance), signal.SIGKILL)
    yield


@contextmanager
def terminated(stage: Stage, chance: Random) -> Iterator[None]:
    """Tell a daemon to stop, as a service's manager or a terminal does."""
    stage.send(_seat(stage, chance), chance.choice((signal.SIGTERM, signal.SIGINT)))
    yield


@contextmanager
def hurried(stage: Stage, chance: Random) -> Iterator[None]:
    """Tell a daemon twice to stop."""
    seat = _seat(stage, chance)
    stage.send(seat, signal.SIGTERM)
    time.sleep(0.1)
    stage.send(seat, signal.SIGTERM)
    yield


@contextmanager
def frozen(stage: Stage, chance: Random) -> Iterator[None]:
    """Stop a daemon where it is, and let it go on."""
    seat = _seat(stage, chance)
    process = seat.process
    began = time.monotonic()
    stage.send(seat, signal.SIGSTOP)
    yield
    stage.unread.append((began, time.monotonic()))
    if process and process is seat.process:
        stage.send(seat, signal.SIGCONT)


@contextmanager
def second(stage: Stage, _chance: Random) -> Iterator[None]:
    """Start a second daemon, which leads if the first one cannot, and stop it in the end."""
    seat = stage.seats[1]
    seat.is_wanted = True
    yield
    seat.is_wanted = False
    stage.send(seat, signal.SIGTERM)


@contextmanager
def reloaded(stage: Stage, chance: Random) -> Iterator[None]:
    """Reload another configuration, and the one before."""
    before = stage.config.read_text("utf-8")
    other = before.replace("concurrency = 4", f"concurrency = {chance.randint(3, 6)}")
    stage.config.write_text(other, "utf-8")
    _hang_up(stage)
    yield
    stage.config.write_text(before, "utf-8")
    _hang_up(stage)


@contextmanager
def spoiled(stage: Stage, _chance: Random) -> Iterator[None]:
    """Break the configuration: a daemon that runs keeps its own, one that starts meanwhile cannot."""
    before = stage.config.read_text("utf-8")
    stage.expected.add(UNREADABLE)
    stage.config.write_text(before + "\n[web]\nlisten = broken\n", "utf-8")
    _hang_up(stage)
    yield
    stage.config.write_text(before, "utf-8")
    _hang_up(stage)


def _hang_up(stage: Stage) -> None:
    for seat in stage.seats:
        if seat.process and ("status page" in seat.process.out or "standby" in seat.process.out):
            stage.send(seat, signal.SIGHUP)


@contextmanager
def stepped(stage: Stage, chance: Random) -> Iterator[None]:
    """Set the wall clock, and set it back."""
    set_clock(stage.directory, ahead_s=chance.choice((-86_400.0, -3600.0, 3600.0, 86_400.0)))
    yield
    set_clock(stage.directory)
