"""Rounds of two builds, and the figures that follow: medians, and the median ratio of the rounds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from types import MappingProxyType

from benchmarks.builds.build import CPU, WALL, WRITTEN, Build, Costs
from benchmarks.figures import Figure

_MOST = 1.03
_USUAL: Mapping[str, float] = MappingProxyType({})
_UNITS = {WALL: (1000, "ms"), CPU: (1000, "ms"), WRITTEN: (1, "kB a check")}

Pair = tuple[Build, Build]
"""The build before, and this one."""

Rounds = Sequence[tuple[Costs, Costs]]
"""What each round took of the build before, and of this one."""


def in_turns(pair: Pair, repeats: int, measure: Callable[[Build], Costs]) -> Rounds:
    """Measure one after the other, once more than `repeats`: the first round fills caches.

    Who begins changes with each round.
    """
    before, after = pair
    rounds = list[tuple[Costs, Costs]]()
    for number in range(repeats + 1):
        if number % 2:
            late, early = measure(after), measure(before)
            rounds.append((early, late))
        else:
            rounds.append((measure(before), measure(after)))
    return rounds[1:]


def figures(case: str, rounds: Rounds, *, most: Mapping[str, float] = _USUAL) -> Iterator[Figure]:
    """Return a line for each thing measured: both medians, and the median of the rounds' ratios.

    `most` are the targets of the ratios where they are not the usual one.
    """
    for what in rounds[0][0]:
        factor, unit = _UNITS.get(what, (1, "MB"))
        before, after = (median(costs[side][what] for costs in rounds) * factor for side in (0, 1))
        yield Figure(
            name=f"{case}: {what}, {before:,.1f} {unit} before, {after:,.1f} {unit} now",
            value=median(late[what] / early[what] for early, late in rounds),
            at_most=most.get(what, _MOST),
        )
