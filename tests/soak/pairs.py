"""A random hour of pairs of faults: `python -m tests.soak.pairs` disturbs a real daemon, on both databases.

A story (tests/soak/story.py) is swept by `monitor run`, which two overlapping faults at a time disturb, and
by an undisturbed run in this process. The events of both must be the same for each model. That can be asked
although a disturbed run misses slots, as the story does not follow the time:

- The provider turns a chapter only at a reading of the catalog, and only once the log names two
  sweeps that saw all of it: each model was answered, and the verdict is the one that an undisturbed sweep
  has. A sweep that was missed, cut, fenced or blamed on the network is made again before the world moves
  on.
- Two sweeps confirm whatever a chapter holds (`confirm_down`, `confirm_unlisted`, a swapped model), and a
  third one, as where a daemon is killed between its commit and its log, adds no event. So the events are a
  function of the chapters. Flapping alone counts how often a state was seen: its threshold is out of reach
  here.
- What the log calls finished may not be lost later, in the database or in the spool: then the chapter's
  events are missing, and the runs differ.

After each pair also: a sweep is recorded within 35 seconds of the faults' end; nothing waits in the spool;
the history holds each answer of a steady model, by a serial number that it carried, but those that were
sent within the second before a kill; no slot has two sweeps, and each has one or is known as missed. At the
end `db check` and `db rebuild` are clean, and the webhook got every event. Exits with 1 where anything of
that is not so.
"""

import argparse
import logging
import math
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

from tests.soak.faults.table import any_pair
from tests.soak.paired.run import Run, Say, disturbed
from tests.soak.paired.stage import stage
from tests.soak.paired.story import Story
from tests.soak.paired.verdict import Truth

KEEP = Path("build/pairs")  # what a run leaves in which something is wrong


def _play(
    kind: str, truth: Truth, story: Story, say: Say, options: argparse.Namespace
) -> tuple[Counter[str], list[str]]:
    """Disturb a run by random pairs; returns how often each fault was made, and what is wrong."""
    chance = Random(f"{story.seed} {kind}")  # noqa: S311 - chance, not a secret
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="pairs-") as place, stage(Path(place), kind, story) as play:
        run = Run(play, truth, say, chance)
        pairs = partial(any_pair, kind, chance, has_own_disk=play.has_own_disk)
        troubles = disturbed(run, pairs, until=until, most=options.pairs)
        if troubles:
            shutil.copytree(place, KEEP / f"{kind}-{story.seed}-{time.time_ns()}")
    return run.pairs, troubles


def main() -> int:
    """Disturb until the time is over, say what happened, and with the exit code whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--pairs", type=float, default=math.inf, help="end after so many, if that is earlier")
    options = parser.parse_args()
    logging.getLogger("monitor").setLevel(logging.CRITICAL)
    began, story = time.monotonic(), Story(options.seed)
    kinds = ("sqlite", "postgres") if options.database == "both" else (options.database,)

    def saying(kind: str) -> Say:
        def say(line: str) -> None:
            sys.stdout.write(f"{time.monotonic() - began:7.0f} s  {kind:8}  {line}\n")
            sys.stdout.flush()

        return say

    with (
        tempfile.TemporaryDirectory(prefix="truth-") as directory,
        Truth(story, Path(directory)).lived() as truth,
        ThreadPoolExecutor() as pool,
    ):
        runs = [pool.submit(_play, kind, truth, story, saying(kind), options) for kind in kinds]
        results = [run.result() for run in runs]
    for kind, (made, troubles) in zip(kinds, results, strict=True):
        names = ", ".join(f"{name} {count}" for name, count in sorted(made.items()))
        saying(kind)(f"{sum(made.values()) // 2} pairs, {len(troubles)} faults found: {names}")
    return 1 if any(troubles for _, troubles in results) else 0


if __name__ == "__main__":
    sys.exit(main())
