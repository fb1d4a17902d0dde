"""Months in an hour: `python -m tests.soak.months` makes 50,000 sweeps of 200 models through the real code.

Only time and the provider are simulated. Random faults come between: of the network, of the clock, of the
database, of the webhook, and the death or restart of the process. Exits with 1 where a figure breaks its
bound or a sweep that ended is not in the history.
"""

import argparse
import asyncio
import logging
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import select

from monitor.clock import SteadyClock, to_datetime, to_millis
from monitor.config import parse_settings
from monitor.core.domain.sweep import Observation
from monitor.demo import DemoServer, World
from monitor.errors import MonitorError
from monitor.process.loop import run as run_loop
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.sweep import ProgressListener
from tests.soak.database import DatabaseFaults
from tests.soak.figures import Figures, memory_kb
from tests.soak.hook import Hook, open_hook
from tests.soak.process import Process
from tests.soak.simulated import Provider
from tests.soak.trouble import KILLED, LOCKED, RESTARTED, Trouble
from tests.store.invariants import assert_sound

BEGINNING = datetime(2027, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PROVIDER = "simulated"
SAMPLE_EVERY = 20
SAY_EVERY = 200
REPLAYS = 5  # looks at the spool after the last sweep


class Killed(BaseException):
    """The process dies here, as far as the sweep can see."""


class Months:
    """A daemon's work in accelerated time: sweeps, replays, messages, summaries, pruning and page reads."""

    def __init__(
        self, directory: Path, hook: Hook, server: DemoServer, *, models: int, seed: int, odds: float
    ) -> None:
        text = f"""
            [database]
            url = "sqlite:///{directory}/monitor.db"
            [spool]
            directory = "{directory}/spool"
            [retention]
            observations = "31d"
            [summary]
            directory = "{directory}/summaries"
            [[notify]]
            name = "hook"
            type = "webhook"
            url = "{hook.address}"
            on = ["summary", "retired", "became_unavailable", "became_available"]
            [[providers]]
            name = "{PROVIDER}"
            base_url = "https://provider.test/v1"
        """
        names = tuple(f"acme/model-{number:03}" for number in range(models))
        self.chance = Random(seed)  # noqa: S311  # chance, not a secret
        self.provider = Provider(World(listed=names))
        self.settings = parse_settings(text, "soak")
        self.slot, self.number = BEGINNING, 0
        self.counts = hook.counts
        self.trouble = Trouble(
            chance=self.chance,
            names=names,
            provider=self.provider,
            server=server,
            hook=hook,
            database=DatabaseFaults(directory / "monitor.db", self.chance),
            counts=self.counts,
            odds=odds,
        )
        self.figures = Figures(
            SAMPLE_EVERY,
            directory / "monitor.db",
            steady_from=self.settings.retention.observations // QUARTER,
        )
        self.ended = bytearray()  # for each sweep whether it ended: then it must be in the history
        self.process = self._process()
        self._seen_at = time.monotonic()

    def _process(self) -> Process:
        clock = SteadyClock(
            wall=lambda: to_millis(self.slot + self.trouble.step), boot=lambda: to_millis(self.slot)
        )
        return Process(self.settings, self.provider, clock, interval=QUARTER)

    async def live(self, sweeps: int, until: float, say: Callable[[str], None]) -> None:
        """Make so many sweeps until then, with everything that a daemon does between them."""
        await self.process.start()
        while self.number < sweeps and time.monotonic() < until:
            await self.turn()
            if self.number % SAY_EVERY == 0:
                self._say_so_far(say)
        if not self.figures.memory:  # a short life
            self.figures.sample()

    async def turn(self) -> None:
        """Make the sweep of the next slot, and do what is to be done after it."""
        self.number += 1
        self.slot += QUARTER
        await self._sweep()
        await self._work_between()
        self.trouble.database.pass_sweep()
        # of the history itself, not of what stands in its place for a while
        if self.number >= SAMPLE_EVERY * (len(self.figures.memory) + 1) and not self.trouble.database.is_on:
            self.figures.sample()

    def _say_so_far(self, say: Callable[[str], None]) -> None:
        say(f"{self.number:,} sweeps: {memory_kb() / 1024:.0f} MB, {self.words()}")
        if self.number % (10 * SAY_EVERY) == 0:
            for text, _ in self.figures.lines():
                say(f"so far {text}")

    def words(self) -> str:
        """Return what has happened, and how often."""
        return ", ".join(f"{name} {count:,}" for name, count in sorted((self.counts).items()))

    async def _work_between(self) -> None:
        """Do what the daemon does beside its sweeps; what fails there is tried again later."""
        try:
            await self.process.replayer.look()
            await self.process.files.look()
            await self.process.announcer.publisher.publish()
            if self.number % 4 == 0:
                self.counts[f"HTTP {await self.process.read(self.chance)}"] += 1
            if self.number % 24 == 0:
                await asyncio.to_thread(self.process.announcer.announce_days)
                await self.process.prune()
        except MonitorError as error:
            self.counts[f"work put off: {type(error).__name__}"] += 1

    async def _sweep(self) -> None:
        self.trouble.change_world()
        act = self.trouble.choose()
        if act == RESTARTED:
            await self._restart()
        watch = ProgressListener(on_observation=self._killing() if act == KILLED else self._note)
        locking = threading.Thread(target=self.trouble.lock) if act == LOCKED else None
        if locking:
            locking.start()
        self.ended.append(0)
        try:
            await self._sweep_with(watch)
        except* Killed:
            if not self.trouble.database.is_on and self.chance.random() < 0.5:
                await self._restart()
        except* MonitorError as errors:
            self.counts.update(f"not recorded: {type(error).__name__}" for error in errors.exceptions)
        finally:
            if locking:
                locking.join()

    async def _sweep_with(self, watch: ProgressListener) -> None:
        swept = await self.process.sweep(self.slot, watch)
        if swept is None:
            return
        self.ended[-1] = 1
        self.counts[str(swept.decision.cause or "conclusive")] += 1
        if swept.sweep_id is None:
            self.counts["spooled"] += 1
        else:
            self.figures.writes_ms.append((time.monotonic() - self._seen_at) * 1000)

    async def _restart(self) -> None:
        await self.process.stop()
        self.process = self._process()
        await self.process.start()

    def _note(self, _observation: Observation) -> None:
        self._seen_at = time.monotonic()

    def _killing(self) -> Callable[[Observation], None]:
        left = self.chance.randrange(1, len(self.trouble.names))

        def count(_observation: Observation) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed

        return count

    async def close(self) -> None:
        """Bring in what waits, look at the history, and close what was opened."""
        self.trouble.database.end()
        for _ in range(REPLAYS):
            await self.process.replayer.look()
        self._assert_nothing_lost()
        assert_sound(self.process.engine, PROVIDER)
        await self.process.stop()

    def _assert_nothing_lost(self) -> None:
        with reading(self.process.engine) as connection:
            finished = select(t.sweep.c.slot).where(t.sweep.c.finished_at.is_not(None))
            recorded = {to_datetime(slot) for slot in connection.scalars(finished) if slot}
        ended = {BEGINNING + number * QUARTER for number, has_ended in enumerate(self.ended, 1) if has_ended}
        assert ended <= recorded, f"{len(ended - recorded)} sweeps that ended are not in the history"


async def run(
    sweeps: int,
    models: int,
    seed: int,
    say: Callable[[str], None],
    *,
    until: float = math.inf,
    odds: float = 1.0,
) -> tuple[Figures, Counter[str]]:
    """Live through so many sweeps in a directory of its own; raises AssertionError for an unsound history."""
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        async with open_hook() as hook, DemoServer(World()) as server:
            months = Months(Path(directory), hook, server, models=models, seed=seed, odds=odds)
            await months.live(sweeps, until, say)
            say(months.words())
            for text, is_kept in months.figures.lines():  # before the long look at the history
                say(("ok     " if is_kept else "BROKEN ") + text)
            await months.close()
        return months.figures, months.counts


def main() -> int:
    """Run, print the figures, and say with the exit code whether all keep their bounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--sweeps", type=int, default=50_000, help="of all lives together")
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first life; the others' follow it")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end before all are made")
    parser.add_argument(
        "--lives", type=int, default=os.cpu_count() or 1, help="side by side, a core for each"
    )
    options = parser.parse_args()
    return _several(options) if options.lives > 1 else _one(options)


def _several(options: argparse.Namespace) -> int:
    """Divide the sweeps among processes of their own; returns the worst exit code."""
    share = math.ceil(options.sweeps / options.lives)
    command = [sys.executable, "-m", "tests.soak.months", "--lives=1", f"--sweeps={share}"]
    command += [f"--models={options.models}", f"--minutes={options.minutes}"]
    seeds = range(options.seed, options.seed + options.lives)
    lives = [subprocess.Popen([*command, f"--seed={seed}"]) for seed in seeds]
    return max(abs(life.wait()) for life in lives)


def _one(options: argparse.Namespace) -> int:
    logging.getLogger("monitor").setLevel(logging.CRITICAL)
    began, cpu = time.monotonic(), time.process_time()

    def say(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:8.0f} s  seed {options.seed}: {line}\n")
        sys.stdout.flush()

    until = began + 60 * options.minutes
    # by the daemon's own loop, which has more threads
    figures, _ = run_loop(run(options.sweeps, options.models, options.seed, say, until=until))
    made = f"{len(figures.writes_ms):,} recorded sweeps of {options.models} models"
    say(f"{made}, {time.process_time() - cpu:.0f} s of CPU: the history is that of a rebuild")
    return 0 if all(is_kept for _, is_kept in figures.lines()) else 1


if __name__ == "__main__":
    sys.exit(main())
