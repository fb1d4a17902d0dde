"""Who is listed when: a catalog with the real provider's ids, in which models make room for others."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from monitor.core.domain.vocabulary import Kind
from monitor.demo.stories import nim_ids

SWEEPS_A_DAY = 96
_DAYS_BETWEEN_CHANGES = 12.0  # in a catalog of 200
_ANNOUNCED_DAYS, _ENDED_DAYS = 14, 3
_SHARE_ANNOUNCED = 0.4
_KINDS = (("embed", Kind.EMBEDDINGS), ("rerank", Kind.RERANK), ("retriever", Kind.EMBEDDINGS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A model at its place in the catalog, listed in the sweeps [first, last).

    From `announced` on its answers name its end, from `ended` on they say that it has come.
    """

    name: str
    kind: Kind
    place: int
    first: int
    last: int
    announced: int
    ended: int


def lives(models: int, sweeps: int, chance: Random) -> list[Life]:
    """Return all lives, those that are there from the start first, then in the order of their first sweep."""
    names = _names()
    changes = _changes(models, sweeps, chance)
    taken = {place: (0, next(names)) for place in range(models)}
    told = list[Life]()
    for sweep, place in changes:
        first, name = taken[place]
        told.append(_life(name, place, first, sweep, chance))
        taken[place] = (sweep, next(names))
    told += [_life(name, place, first, None, chance) for place, (first, name) in taken.items()]
    return sorted(told, key=lambda life: (life.first, life.place))


def _changes(models: int, sweeps: int, chance: Random) -> list[tuple[int, int]]:
    """Return at which sweeps which places change; a place keeps its model for a while."""
    between = _DAYS_BETWEEN_CHANGES * SWEEPS_A_DAY * 200 / models
    free_from = [20 * SWEEPS_A_DAY] * models
    found, at = list[tuple[int, int]](), 0.0
    while (at := at + chance.expovariate(1 / between)) < sweeps:
        place = chance.randrange(models)
        if at > free_from[place]:
            found.append((int(at), place))
            free_from[place] = int(at) + 40 * SWEEPS_A_DAY
    return found


def _life(name: str, place: int, first: int, last: int | None, chance: Random) -> Life:
    kind = next((kind for word, kind in _KINDS if word in name), Kind.CHAT)
    never = 2**62
    end = never if last is None else last
    ended = end - _ENDED_DAYS * SWEEPS_A_DAY
    is_announced = last is not None and chance.random() < _SHARE_ANNOUNCED
    return Life(
        name=name,
        kind=kind,
        place=place,
        first=first,
        last=end,
        announced=ended - _ANNOUNCED_DAYS * SWEEPS_A_DAY if is_announced else never,
        ended=ended if is_announced else never,
    )


def _names() -> Iterator[str]:
    """Give the ids of the real catalog, then the same again as later versions."""
    known = list(dict.fromkeys(nim_ids()))
    yield from known
    for version in count(2):
        yield from (f"{name}-v{version}" for name in known)
