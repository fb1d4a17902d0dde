"""Months in an hour: `python -m tests.soak.months` makes 50,000 sweeps of 200 models through the real code.

Only time and the provider are simulated. Random faults come between: of the network, of the clock, of the
database, and the death of the process. Exits with 1 where a figure breaks its bound.
"""

import argparse
import asyncio
import logging
import math
import sqlite3
import sys
import tempfile
import threading
import time
from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx

from monitor.app.daemon.pruner import Pruner
from monitor.app.notifications.announcer import Announcer
from monitor.app.wiring.application import App
from monitor.app.wiring.targets import target_of
from monitor.config import parse_settings
from monitor.core.domain.sweep import Observation
from monitor.demo import World
from monitor.errors import StoreError
from monitor.probe.gap import Gap
from monitor.probe.pacer import Pacer
from monitor.store.admin.migrate import prepare
from monitor.sweep import ProgressListener, Target, sweep_provider
from monitor.web.app import create_app
from tests.soak.figures import Figures
from tests.soak.simulated import InProcess, NetworkFault, Provider
from tests.store.invariants import assert_sound

BEGINNING = datetime(2027, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PROVIDER = "simulated"
SAMPLE_EVERY = 20
PAGES = ("/", "/readyz", "/v1/models", "/events.atom")
BEHAVIOURS = ("ok", "ok", "ok", "not_found", "server_error", "degraded", "not_for_account", "end_of_life")
LOCKED_S = 0.2


class Killed(BaseException):
    """The process dies here, as far as the sweep can see."""


class Months:
    """A daemon's work in accelerated time: sweeps, messages, summaries, pruning and page reads."""

    def __init__(self, directory: Path, hook: str, *, models: int, seed: int) -> None:
        text = f"""
            [database]
            url = "sqlite:///{directory}/monitor.db"
            [retention]
            observations = "31d"
            [summary]
            directory = "{directory}/summaries"
            [[notify]]
            name = "hook"
            type = "webhook"
            url = "{hook}"
            on = ["summary", "retired", "became_unavailable", "became_available"]
            [[providers]]
            name = "{PROVIDER}"
            base_url = "https://provider.test/v1"
        """
        self.chance = Random(seed)  # noqa: S311  # chance, not a secret
        self.names = tuple(f"acme/model-{number:03}" for number in range(models))
        self.behaviours: dict[str, str] = {}
        self.provider = Provider(World(listed=self.names))
        self.app = App(parse_settings(text, "soak"), {})
        self.engine = self.app.open_store()
        self.slot, self.step = BEGINNING, timedelta()
        self.target = self._target()
        self.announcer = Announcer(self.app.settings, {}, self.engine, now=self.now)
        self.pruner = Pruner(self.engine, self.app.settings.retention.observations, now=self.now)
        self.figures = Figures(
            SAMPLE_EVERY,
            directory / "monitor.db",
            steady_from=self.app.settings.retention.observations // QUARTER,
        )
        self.counts = Counter[str]()
        self._seen_at = time.monotonic()

    def now(self) -> datetime:
        """Return the simulated moment, by a wall clock that may have stepped."""
        return self.slot + self.step

    def _target(self) -> InProcess:
        real = target_of(self.app, self.app.settings.providers[0])
        values = {field.name: getattr(real, field.name) for field in fields(Target)}
        fast = Pacer(None, start_rate_per_s=1e9)
        return InProcess(**{**values, "pacer": fast, "gap": Gap()}, there=self.provider)

    async def live(self, sweeps: int, until: float, say: Callable[[str], None]) -> None:
        """Make so many sweeps until then, with everything that a daemon does between them."""
        await to_thread(prepare, self.engine)
        web = create_app(self.app.open_store(read_only=True), watched={PROVIDER: QUARTER}, now=self.now)
        transport = httpx.ASGITransport(web)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as reader:
            for number in range(1, sweeps + 1):
                self.slot += QUARTER
                await self._sweep()
                await self._work_between(number, reader)
                if number % SAMPLE_EVERY == 0:
                    self.figures.sample()
                if time.monotonic() > until:
                    break
                if number % 200 == 0:
                    say(f"{number:,} sweeps: {self.figures.memory[-1] / 1024:.0f} MB, {dict(self.counts)}")

    async def _work_between(self, number: int, reader: httpx.AsyncClient) -> None:
        await self.announcer.publisher.publish()
        if number % 4 == 0:
            answer = await reader.get(self.chance.choice(PAGES))
            self.counts[f"HTTP {answer.status_code}"] += 1
        if number % 24 == 0:
            await to_thread(self.announcer.announce_days)
            await self.pruner._prune(asyncio.Event())

    async def _sweep(self) -> None:
        self._change_world()
        act = self._fault()
        if act:
            self.counts[act] += 1
        watch = ProgressListener(on_observation=self._killing() if act == "killed" else self._note)
        locked = threading.Thread(target=self._lock) if act == "locked" else None
        if locked:
            locked.start()
        try:
            swept = await sweep_provider(
                self.target, self.engine, now=self.now, slot=self.slot, progress=watch
            )
            if swept is not None:
                self.counts[swept.decision.cause or "conclusive"] += 1
                self.figures.writes_ms.append((time.monotonic() - self._seen_at) * 1000)
        except* Killed:
            pass
        except* StoreError:
            self.counts["not recorded"] += 1
        finally:
            if locked:
                locked.join()

    def _change_world(self) -> None:
        """Let a few models behave otherwise, and some leave the catalog or come back to it."""
        for _ in range(self.chance.randrange(3)):
            self.behaviours[self.chance.choice(self.names)] = self.chance.choice(BEHAVIOURS)
        if self.chance.random() < 0.05:
            listed = [name for name in self.names if self.chance.random() < 0.97]
            self.provider.world = replace(self.provider.world, listed=tuple(listed))
        self.provider.world = replace(self.provider.world, behaviours=dict(self.behaviours))

    def _fault(self) -> str | None:
        """Choose what goes wrong with this sweep: mostly nothing."""
        self.provider.fault, self.provider.requests, self.step = None, 0, timedelta()
        luck = self.chance.random()
        if luck < 0.04:
            self.provider.fault = self.chance.choice(tuple(NetworkFault))
            self.provider.fails_from = self.chance.choice((0, 0, len(self.names) // 3))
            return f"network {self.provider.fault}"
        if luck < 0.043:
            # a whole day seldom: after it every sweep of a day is one in the past, which is derived anew
            hours = self.chance.choice((-24, *(-1, 1) * 10, 24))
            self.step = timedelta(hours=hours)
            return f"clock {hours:+} h"
        if luck < 0.06:
            return "killed"
        return "locked" if luck < 0.07 else None

    def _note(self, _observation: Observation) -> None:
        self._seen_at = time.monotonic()

    def _killing(self) -> Callable[[Observation], None]:
        left = self.chance.randrange(1, len(self.names))

        def count(_observation: Observation) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        return count

    def _lock(self) -> None:
        """Hold the database for a moment, as a backup or another program does."""
        with sqlite3.connect(self.figures.database, isolation_level=None, timeout=5) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(LOCKED_S)
                other.execute("COMMIT")
            except sqlite3.OperationalError:  # the sweep was quicker
                self.counts["not locked"] += 1
        other.close()

    def close(self) -> None:
        """Close what was opened, after a look at the history."""
        assert_sound(self.engine, PROVIDER)
        self.app.close()


@asynccontextmanager
async def hook(counts: Counter[str]) -> AsyncIterator[str]:
    """Take messages on loopback; gives the address."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        counts["messages"] += 1
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


async def run(
    sweeps: int, models: int, seed: int, say: Callable[[str], None], *, until: float = math.inf
) -> tuple[Figures, Counter[str]]:
    """Live through so many sweeps in a directory of its own; raises AssertionError for an unsound history."""
    messages = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        async with hook(messages) as address:
            months = Months(Path(directory), address, models=models, seed=seed)
            await months.live(sweeps, until, say)
            say(", ".join(f"{name} {count:,}" for name, count in sorted((months.counts + messages).items())))
            for text, is_kept in months.figures.lines():  # before the long look at the history
                say(("ok     " if is_kept else "BROKEN ") + text)
            months.close()
        return months.figures, months.counts + messages


def main() -> int:
    """Run, print the figures, and say with the exit code whether all keep their bounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--sweeps", type=int, default=50_000)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="end before all are made")
    options = parser.parse_args()
    logging.getLogger("monitor").setLevel(logging.CRITICAL)
    began, cpu = time.monotonic(), time.process_time()

    def say(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:8.0f} s  {line}\n")
        sys.stdout.flush()

    until = began + 60 * options.minutes
    figures, _ = asyncio.run(run(options.sweeps, options.models, options.seed, say, until=until))
    made = f"{len(figures.writes_ms):,} recorded sweeps of {options.models} models"
    say(f"{made}, {time.process_time() - cpu:.0f} s of CPU: the history is that of a rebuild")
    return 0 if all(is_kept for _, is_kept in figures.lines()) else 1


if __name__ == "__main__":
    sys.exit(main())
