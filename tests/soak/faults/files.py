"""Faults of files: a SQLite history, its disk, and the spool."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random

from monitor.clock import utc_now
from monitor.core.domain.sweep import Sweep
from tests.soak.faults.around import again_and_again
from tests.soak.paired.stage import AWAY, Stage
from tests.support.command import PROVIDER


@contextmanager
def moved(stage: Stage, chance: Random) -> Iterator[None]:
    """Move the file, or the directory with all that is in it, away and back."""
    stage.expected.add(AWAY)
    away = stage.disk / "away"
    places = [stage.data] if chance.random() < 0.5 else sorted(stage.data.glob("monitor.db*"))
    away.mkdir()
    for place in places:
        with suppress(FileNotFoundError):
            place.rename(away / place.name)
    yield
    if any(
        place.name == "monitor.db" or (place / "monitor.db").exists() for place in places if place.exists()
    ):
        stage.troubles.append("a new file was made in the place of the one that was moved away")
    for place in reversed(places):  # the log first: without it the file is an older history
        if (away / place.name).exists():
            _put_back(away / place.name, place)
    shutil.rmtree(away)


def _put_back(source: Path, place: Path) -> None:
    """Move what was moved away back, beside what was made there meanwhile."""
    if not place.is_dir():
        source.rename(place)
        return
    for each in source.iterdir():
        _put_back(each, place / each.name)


@contextmanager
def held(stage: Stage, _chance: Random) -> Iterator[None]:
    """Keep the file for another program alone."""
    stage.expected.add(AWAY)
    with closing(sqlite3.connect(stage.data / "monitor.db", isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def checkpointed(stage: Stage, _chance: Random) -> Iterator[None]:
    """Let another program move the write-ahead log into the file, again and again."""
    address = f"file:{stage.data}/monitor.db?mode=rw"

    def checkpoint() -> None:
        with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True, timeout=1)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    with again_and_again(checkpoint, 0.2):
        yield


@contextmanager
def full(stage: Stage, _chance: Random) -> Iterator[None]:
    """Fill the disk of the history and of its spool."""
    stage.expected.add(AWAY)
    filler = stage.disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"\0" * 65_536):
            pass
    began = time.monotonic()
    yield
    filler.unlink()
    stage.refused.append((began, time.monotonic()))


@contextmanager
def no_room(stage: Stage, _chance: Random) -> Iterator[None]:
    """Let the spool be full: while the database is away no sweep is begun."""
    directory = stage.spool.directory
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "filler").write_bytes(b"\0" * stage.spool.max_size)
    began = time.monotonic()
    yield
    for place in (directory, stage.disk / "away/data/spool", stage.disk / "away/spool"):
        (place / "filler").unlink(missing_ok=True)
    stage.refused.append((began, time.monotonic()))


@contextmanager
def littered(stage: Stage, chance: Random) -> Iterator[None]:
    """Put files into the spool that are no records, under the names of some."""
    for _ in range(3):
        began = utc_now() - timedelta(days=chance.randint(1, 300))
        sweep = Sweep(provider=PROVIDER, vantage="default", slot=None, started_at=began, finished_at=began)
        stage.spool.create()
        stage.spool.path_of(sweep).write_bytes(chance.randbytes(200))
    yield
