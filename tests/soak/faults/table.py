"""The faults that are made in pairs: each a context that begins one and ends it.

None may make a sweep believe what is not so: what a fault spoils is inconclusive, asked again, or made anew.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import permutations
from random import Random

from tests.soak.faults import around, daemon, files, postgres
from tests.soak.paired.stage import Stage

_SQLITE, _POSTGRES = "sqlite", "postgres"

Make = Callable[[Stage, Random], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """A fault by its name: how it is made, for how many seconds, on which databases.

    Two that take hold of the same thing make no pair.
    """

    name: str
    make: Make
    thing: str
    lengths: tuple[float, ...]
    kinds: tuple[str, ...] = (_SQLITE, _POSTGRES)


_SHORT, _LONG = (2.0, 5.0, 10.0), (4.0, 20.0, 40.0)

FAULTS: tuple[Fault, ...] = (
    Fault("killed", daemon.killed, "process", (1.0,)),
    Fault("terminated", daemon.terminated, "process", (1.0,)),
    Fault("hurried", daemon.hurried, "process", (1.0,)),
    Fault("frozen", daemon.frozen, "freeze", (1.0, 4.0, 20.0, 45.0)),
    Fault("second daemon", daemon.second, "second", _LONG),
    Fault("reloaded", daemon.reloaded, "configuration", _SHORT),
    Fault("broken configuration", daemon.spoiled, "configuration", _SHORT),
    Fault("clock stepped", daemon.stepped, "clock", _LONG),
    Fault("server stopped", postgres.stopped, "database", _LONG, (_POSTGRES,)),
    Fault("server frozen", postgres.silent, "database", _LONG, (_POSTGRES,)),
    Fault("sessions ended", postgres.cut_off, "database", _SHORT, (_POSTGRES,)),
    Fault("tables locked", postgres.locked_tables, "database", _LONG, (_POSTGRES,)),
    Fault("read only", postgres.read_only, "database", _LONG, (_POSTGRES,)),
    Fault("file moved", files.moved, "file", _LONG, (_SQLITE,)),
    Fault("file held", files.held, "database", _LONG, (_SQLITE,)),
    Fault("log checkpointed", files.checkpointed, "database", _SHORT, (_SQLITE,)),
    Fault("disk full", files.full, "disk", _LONG, (_SQLITE,)),
    Fault("spool full", files.no_room, "spool", _LONG),
    Fault("spool littered", files.littered, "spool", _SHORT),
    Fault("provider unreachable", around.unreachable, "provider", _SHORT),
    Fault("provider slow", around.slow, "provider", _SHORT),
    Fault("connections torn", around.torn, "provider", _SHORT),
    Fault("web server crowded", around.crowd, "web", _LONG),
    Fault("receiver hangs", around.hanging_hook, "hook", _LONG),
    Fault("receiver refuses", around.refusing_hook, "hook", _SHORT),
)
# What a restart would believe: a new process takes the time that the wall clock shows, and begins a new
# history where there is none. And what cannot be had of a file that is elsewhere.
_APART = {
    frozenset(things)
    for things in (
        ("clock", "process"),
        ("clock", "second"),
        ("file", "process"),
        ("file", "database"),
        ("file", "disk"),
        ("database", "disk"),
    )
}


def any_pair(kind: str, chance: Random, *, has_own_disk: bool) -> tuple[Fault, Fault]:
    """Choose two faults that can be made at once; none fills a disk that is not the test's own."""
    fitting = [fault for fault in FAULTS if kind in fault.kinds and (has_own_disk or fault.thing != "disk")]
    return chance.choice([pair for pair in permutations(fitting, 2) if _may_meet(*pair)])


def _may_meet(one: Fault, other: Fault) -> bool:
    return one.thing != other.thing and frozenset({one.thing, other.thing}) not in _APART
