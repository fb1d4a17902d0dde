"""The group `monitor db` and where its commands are."""

from collections.abc import Mapping
from typing import Final

import click

from monitor.cli.terminal.help import LazyGroup, Place

_PLACES: Final[Mapping[str, Place]] = {
    "backup": Place(
        "db.backup",
        "backup",
        "Write a consistent copy of the SQLite database to FILE, even while the daemon runs.",
    ),
    "check": Place(
        "db.check",
        "check_database",
        "Check the schema, the integrity, and derived rows against the facts. Exits 1 if faults are found.",
    ),
    "copy": Place(
        "db.copy",
        "copy",
        "Copy the whole history into the empty or missing database TARGET_URL, and compare every row.",
    ),
    "grant": Place("db.grant", "grant", "Let the Postgres role ROLE read the views, and no tables."),
    "prune": Place(
        "db.prune", "prune", "Remove observations older than `[retention] observations`, by whole UTC days."
    ),
    "rebuild": Place(
        "db.rebuild",
        "rebuild",
        "Derive states, events, verdicts and daily figures from the observations again, "
        "and print what differs.",
    ),
    "restore": Place(
        "db.restore",
        "restore",
        "Put FILE, a copy made by `monitor db backup`, in the place of the SQLite database.",
    ),
    "upgrade": Place("db.upgrade", "upgrade", "Create or upgrade the database; all observations are kept."),
    "void": Place(
        "db.void", "void", "Mark SWEEP as bad: it counts as inconclusive; the derived history is recomputed."
    ),
}


@click.group(cls=LazyGroup, places=_PLACES)
def db() -> None:
    """Maintain the database: schema, integrity, derived rows, old observations.

    Example: monitor db upgrade
    """
