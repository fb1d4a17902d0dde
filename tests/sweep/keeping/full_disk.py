"""Sweeps whose spool's disk fills up and is written again; it runs in a mount namespace of its own."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from monitor.demo.stories import steady
from monitor.errors import NotSpooled, StoreUnavailable
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from tests.support import gateway as g
from tests.sweep.keeping.test_away import Process

_MODELS = 6
_DISK = "256k"


def _call(*command: str) -> None:
    subprocess.run(command, check=True)


def run(directory: Path) -> dict[str, Any]:
    """Let the disk have no room, and then be read-only, while the database is away."""
    said = list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("monitor").addHandler(handler)
    place = directory / "spool"
    place.mkdir()
    _call("mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(place))
    engine = open_engine(f"sqlite:///{directory}/monitor.db")
    prepare(engine)
    refusals = list[str]()
    with g.gateway(steady(_MODELS)) as there:
        process = Process(engine, directory, there.base_url)
        process.sweep(0)
        process.recorder.lost(StoreUnavailable("away"))
        process.sweep(1)

        def refused(hour: int) -> None:
            try:
                process.sweep(hour)
            except NotSpooled:
                refusals.append(process.recorder.refusal)

        _in_trouble(place, refused)
        process.sweep(6)
        refusal_then = process.recorder.refusal
        waiting = len(process.spool.waiting())
        process.spool.max_size = 1
        refused(7)
        process.come_back()
    query = "SELECT slot, cause FROM missed_slot ORDER BY slot"
    return {
        "refusals": refusals,
        "not_spooled": said.count("not_spooled"),
        "refusal_with_room": refusal_then,
        "refusal_at_the_end": process.recorder.refusal,
        "waiting": waiting,
        "swept": [each.slot.hour for each in g.finished(engine) if each.slot],
        "missed": [list(row) for row in g.rows(engine, query)],
    }


def _in_trouble(place: Path, refused: Callable[[int], None]) -> None:
    ballast = place / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as out:
        while out.write(b"x" * 4096):
            pass
    refused(2)
    refused(3)
    ballast.unlink()
    _call("mount", "-o", "remount,ro", str(place))
    refused(4)
    _call("mount", "-o", "remount,rw", str(place))


if __name__ == "__main__":
    _call("ip", "link", "set", "lo", "up")
    print(json.dumps([run(Path(sys.argv[2]))]))  # noqa: T201 - for the test
