"""The verdict on the mutants that survive: too many of a package, or others than are written down.

A run (tests/support/mutation.py) fails where less than LEAST of a package's mutants are killed, and where the
survivors are not those that are written down with a reason each.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LEAST = 0.9

Mutant = Mapping[str, Any]
Key = tuple[str, str, str]
"""A mutant's path and its lines before and after: what stays when lines move."""


def read_survivors(file: Path) -> Counter[Key]:
    """Return the survivors that are written down. Raises ValueError where one has no reason."""
    keys = Counter[Key]()
    for path, entries in tomllib.loads(file.read_text("utf-8")).items():
        for entry in entries:
            if not entry["why"].strip():
                raise ValueError(f"{path}: {entry['after']}: needs a reason")
            keys[path, entry["before"], entry["after"]] += 1
    return keys


def compare(mutants: Sequence[Mutant], survivors: Sequence[Mutant], accepted: Counter[Key]) -> list[str]:
    """Return what is wrong: survivors without a reason, reasons without one, a package below LEAST."""
    alive = Counter(_key(mutant) for mutant in survivors)
    made = {mutant["path"] for mutant in mutants}
    idle = [key for key in (accepted - alive).elements() if key[0] in made]
    return [
        *(
            f"survives: {path}\n  - {before}\n  + {after}"
            for path, before, after in (alive - accepted).elements()
        ),
        *(f"written down, but killed: {path}\n  - {before}\n  + {after}" for path, before, after in idle),
        *(
            f"{package}: less than {LEAST:.0%} killed"
            for package, (killed, all_of_it) in _counts(mutants, survivors).items()
            if killed < LEAST * all_of_it
        ),
    ]


def killed_of_each_package(mutants: Sequence[Mutant], survivors: Sequence[Mutant]) -> list[str]:
    """Return a line for each package."""
    return [
        f"{package}: {killed} of {all_of_it} mutants killed ({killed / all_of_it:.1%})"
        for package, (killed, all_of_it) in _counts(mutants, survivors).items()
    ]


def _counts(mutants: Sequence[Mutant], survivors: Sequence[Mutant]) -> dict[str, tuple[int, int]]:
    counts = defaultdict[str, tuple[int, int]](lambda: (0, 0))
    alive = {id(mutant) for mutant in survivors}
    for mutant in mutants:
        package = str(Path(mutant["path"]).parent)
        killed, all_of_it = counts[package]
        counts[package] = killed + (id(mutant) not in alive), all_of_it + 1
    return dict(counts)


def _key(mutant: Mutant) -> Key:
    return mutant["path"], mutant["before"], mutant["after"]
