"""What a spool holds, read record by record: for `monitor db check` and `monitor doctor`."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import RecordError
from monitor.spool.directory import Spool, set_aside_in, size_of
from monitor.spool.record import parse_spooled


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolReport:
    """What waits for the database, and what is wrong with it.

    `waiting` records can be replayed; the first of their sweeps began at `since`. `faults` are sentences, one
    for each record that cannot. `others` wait for other databases, `set_aside` for the operator:
    `set_aside_sound` of them can be imported, all of them take `set_aside_size`. Sizes are in bytes.
    """

    waiting: int
    since: datetime | None
    faults: tuple[str, ...]
    set_aside: int
    set_aside_sound: int
    set_aside_size: int
    others: int
    size: int


def look_into(spool: Spool) -> SpoolReport:
    """Read every record of a spool; changes nothing."""
    sound, faults = list[datetime](), list[str]()
    for file in spool.ready():
        try:
            record = parse_spooled(file.read_bytes(), str(file))
        except FileNotFoundError:  # replayed meanwhile
            continue
        except RecordError as error:
            faults.append(str(error))
        except OSError as error:
            faults.append(f"{file}: cannot be read: {error.strerror}")
        else:
            sound.append(record.late.sweep.started_at)
    aside = set_aside_in(spool.directory)
    return SpoolReport(
        waiting=len(sound),
        since=min(sound, default=None),
        faults=tuple(faults),
        set_aside=len(aside),
        set_aside_sound=sum(map(_is_sound, aside)),
        set_aside_size=sum(map(size_of, aside)),
        others=spool.others(),
        size=spool.size(),
    )


def _is_sound(file: Path) -> bool:
    with suppress(OSError, RecordError):
        return bool(parse_spooled(file.read_bytes(), file.name))
    return False
