"""Where a story is played: a provider, a database, a receiver of messages, daemons that are kept running."""

import ctypes
import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from monitor.app.wiring.application import App
from monitor.app.wiring.spool import spool_of
from monitor.config import load_settings
from monitor.spool.directory import Spool
from monitor.store.connection.engine import open_engine
from tests.soak.paired.provider import LATENCY_S, Ending, Provider
from tests.soak.paired.story import Story
from tests.support import gateway as g
from tests.support.command import config_file, environment
from tests.support.mailbox import Receiver, receiver
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.process import Process
from tests.support.stepped_monitor import set_clock

INTERVAL_S, GRACE_S = 5, 5
KINDS = (
    *("appeared", "reappeared", "became_available", "became_unavailable", "retirement_announced", "retired"),
    *("served_model_changed", "credential_rejected", "credential_accepted", "provider_down", "provider_up"),
)
AWAY = 4  # the exit code of a daemon that starts while the database is away
UNREADABLE = 2  # and of one whose configuration is wrong
_INTERRUPTED = 130  # by a signal before it listens
_CUT_SHORT = 3  # what hangs was left behind
_CUT_S = 2.0
_BACK_S = 1.0  # between an end and the next start, as of a service's manager


@dataclass
class Seat:
    """One place for a daemon: whatever ends there is started anew, as a container's engine does it."""

    config: Path
    is_wanted: bool = True
    process: Process | None = None
    back_at: float = 0.0
    is_signalled: bool = False
    is_stopping: bool = False


@dataclass
class Stage:
    """What faults are made on. `expected` are exit codes that the faults at hand explain.

    `deaths` are the moments of kills, `unread` the spans in which a process reads no answer, frozen or
    cutting its sweep, and `refused` those in which the spool could take nothing.
    """

    directory: Path
    disk: Path
    has_own_disk: bool
    page: str
    provider: Provider
    there: g.Gateway
    hook: Receiver
    seats: tuple[Seat, Seat]
    spool: Spool
    postgres: OwnPostgres | None = None
    processes: list[Process] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    deaths: list[float] = field(default_factory=list)
    unread: list[tuple[float, float]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    refused: list[tuple[float, float]] = field(default_factory=list)
    recorded: int = 0  # sweeps that are in the database, by the log
    _endings: list[Ending] = field(default_factory=list)
    _read: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def data(self) -> Path:
        """The directory of a SQLite history."""
        return self.disk / "data"

    @property
    def config(self) -> Path:
        """The configuration of the daemon that is always there."""
        return self.seats[0].config

    @property
    def is_as_before(self) -> bool:
        """Whether the one daemon that is always there runs, and no other."""
        return all((seat.process is not None) == seat.is_wanted for seat in self.seats)

    def last_words(self) -> str:
        """Return the end of what each daemon logged that runs."""
        return "\n".join(seat.process.err[-3000:] for seat in self.seats if seat.process)

    def tick(self) -> None:
        """Start what is to run and has ended, note ends that nothing explains, and read the logs."""
        self._gather()
        for seat in self.seats:
            if seat.process and not seat.process.is_alive:
                self._note_end(seat, seat.process.wait())
            if seat.is_wanted and seat.process is None and time.monotonic() > seat.back_at:
                words = ("--log-format", "json", "run")
                seat.process = Process(seat.config, *words, module="tests.support.stepped_monitor")
                self.processes.append(seat.process)

    def _note_end(self, seat: Seat, code: int) -> None:
        explained = {0, _CUT_SHORT, _INTERRUPTED, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGHUP}
        if code not in self.expected | (explained if seat.is_signalled else set()):
            said = seat.process.err[-2000:] if seat.process else ""
            self.troubles.append(f"the daemon ended by itself with exit code {code}: {said}")
        seat.process, seat.back_at = None, time.monotonic() + _BACK_S
        seat.is_signalled = seat.is_stopping = False

    def send(self, seat: Seat, number: signal.Signals) -> None:
        """Send a signal to the daemon of a seat, if there is one now."""
        if seat.process is None:
            return
        seat.is_signalled = seat.is_signalled or number not in {signal.SIGSTOP, signal.SIGCONT}
        now = time.monotonic()
        if number == signal.SIGKILL:
            self.deaths.append(now)
        elif number in {signal.SIGTERM, signal.SIGINT}:  # at the end of the grace requests are cut off
            begin = now if seat.is_stopping else now + GRACE_S
            self.unread.append((begin, begin + _CUT_S))
            seat.is_stopping = True
        seat.process.send(number)

    def endings(self) -> list[Ending]:
        """Return how sweeps have ended that the logs name since the last call."""
        self._gather()
        with self._lock:
            endings, self._endings = self._endings, []
        return endings

    def _gather(self) -> None:
        with self._lock:
            for line in self._new_lines():
                if line["event"] == "sweep_finished":
                    self._endings.append(Ending(line["cause"], line["unknown"]))
                    self.recorded += line["sweep_id"] is not None

    def _new_lines(self) -> Iterator[Mapping[str, Any]]:
        for place, process in enumerate(self.processes):
            begin = self._read.get(place, 0)
            whole = process.err.encode()[begin:].rpartition(b"\n")[0]
            if whole:
                self._read[place] = begin + len(whole) + 1
            for line in whole.splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    if line.startswith(b"monitor: "):  # what a command says that cannot begin
                        continue
                    self.troubles.append(f"no line of the log: {line.decode()}")

    def stop(self) -> None:
        """Tell every daemon to stop, as a service's manager does."""
        for seat in self.seats:
            seat.is_wanted = False
            if seat.process:
                seat.process.send(signal.SIGTERM)
                if code := seat.process.wait():
                    self.troubles.append(f"exit code {code} after SIGTERM: {seat.process.err[-2000:]}")
                seat.process = None

    def close(self) -> None:
        """End every daemon."""
        for seat in self.seats:
            if seat.process:
                seat.process.send(signal.SIGCONT)
                seat.process.kill()


@contextmanager
def stage(directory: Path, kind: str, story: Story) -> Iterator[Stage]:
    """Put up a stage on `sqlite` or `postgres`."""
    with ExitStack() as all_of:
        postgres = all_of.enter_context(own_postgres()) if kind == "postgres" else None
        disk, has_own_disk = all_of.enter_context(small_disk(directory / "disk"))
        url = postgres.url if postgres else f"sqlite:///{disk}/data/monitor.db"
        hook = all_of.enter_context(receiver())
        provider = Provider(story, latency_s=LATENCY_S)
        there = all_of.enter_context(g.running(provider))
        more = _MORE.format(spool=disk / "data/spool", hook=hook.base_url, on=json.dumps(KINDS))
        # a port of its own: a daemon that leads binds it while a frozen one still has the other
        configs = [_configured(directory, there.base_url, url, more, name) for name in ("one", "other")]
        app = App(load_settings(configs[0], environment()), environment())
        play = Stage(
            directory=directory,
            disk=disk,
            has_own_disk=has_own_disk,
            provider=provider,
            there=there,
            hook=hook,
            seats=(Seat(configs[0]), Seat(configs[1], is_wanted=False)),
            spool=spool_of(app.settings, open_engine(url)),
            page=f"http://{app.settings.web.listen}",
            postgres=postgres,
        )
        provider.endings = play.endings
        set_clock(directory)
        all_of.callback(play.close)
        yield play


_MORE = """
[policy]
flap_high = 100.0 # how often a chapter is swept decides about flapping, and that is no part of the story
[spool]
directory = "{spool}"
max_size = "4MB"
[[notify]]
name = "hook"
type = "webhook"
url = "{hook}/hook"
most_per_hour = 0
on = {on}
"""


def _configured(directory: Path, base_url: str, url: str, more: str, name: str) -> Path:
    config = config_file(
        directory,
        base_url,
        url,
        interval=f"{INTERVAL_S}s",
        listen=f"127.0.0.1:{g.closed_port()}",
        grace=f"{GRACE_S}s",
        name=f"{name}.toml",
        concurrency=4,
        timeout="5s",
        slow_timeout="10s",
    )
    config.write_text(config.read_text("utf-8") + more, "utf-8")
    return config


@contextmanager
def small_disk(place: Path) -> Iterator[tuple[Path, bool]]:
    """Mount a small disk there; gives False with it where this user may not, and it is a directory."""
    libc = ctypes.CDLL(None)
    place.mkdir()
    is_mounted = libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", 0, b"size=64m") == 0
    try:
        yield place, is_mounted
    finally:
        libc.umount2(str(place).encode(), 2)  # at once, whoever is still in it
