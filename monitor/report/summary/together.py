"""Models that moved together for one reason: they are one line, however many they are."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

SWEEP: Final = timedelta(minutes=10)  # what begins within it is of one sweep, or of one incident

_T = TypeVar("_T")


def together(
    rows: Iterable[_T], reason: Callable[[_T], Hashable], moment: Callable[[_T], datetime]
) -> list[list[_T]]:
    """Return rows in groups of one reason whose moments lie within SWEEP of the first of them.

    Groups come in the order of their first rows, and rows of a group in the order in which they came.
    """
    ordered = list(rows)
    groups, open_groups = list[list[int]](), dict[Hashable, list[int]]()
    for place in sorted(range(len(ordered)), key=lambda place: moment(ordered[place])):
        row = ordered[place]
        group = open_groups.get(reason(row))
        if group is None or moment(row) - moment(ordered[group[0]]) > SWEEP:
            group = open_groups[reason(row)] = []
            groups.append(group)
        group.append(place)
    return [[ordered[place] for place in sorted(group)] for group in sorted(groups, key=min)]
