"""What a provider does chapter by chapter: a function of a seed and of the chapter's number, not of time.

Each chapter is held until it was swept twice or more, so that everything that needs two sweeps is confirmed
in it. More sweeps of the same chapter confirm nothing else: the events are those of the chapters, however
often each was swept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from random import Random

from monitor.core.domain.vocabulary import Cause
from monitor.demo import World
from monitor.demo.world import CatalogMode

STEADY = tuple(f"steady/model-{number}" for number in range(9))  # more than half: no guard blames the run
SWEEPS_OF_A_CHAPTER = 2
_CAST = 7
_CHANGES = 3  # at most, in a chapter
_TROUBLE_EVERY = 9  # chapters, about
_TROUBLES = (
    (Cause.CREDENTIAL, {"everywhere": "key_rejected"}),
    (Cause.PROVIDER_OUTAGE, {"everywhere": "server_error"}),
    (Cause.CATALOG_UNREADABLE, {"catalog": CatalogMode.ERROR}),
)
_DELISTED = "delisted"
_ENDED = "end_of_life:2026-05-14T00:00:00Z"
_BEHAVIOURS = (
    *("ok",) * 6,
    *("not_found", "not_for_account", "server_error", "degraded", "saturated"),
    *("served_as:other/model", "retiring:2027-01-15T00:00:00Z", "retiring:2027-03-01T00:00:00Z"),
    *(_DELISTED, _DELISTED, _ENDED),
)


@dataclass(frozen=True)
class Chapter:
    """What the provider plays, why an undisturbed sweep of it is inconclusive, and models that have ended."""

    world: World
    cause: Cause | None = None
    ended: frozenset[str] = frozenset()


@dataclass
class Story:
    """The chapters of a seed, made when they are needed."""

    seed: int
    _chapters: list[Chapter] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = _chapters(Random(self.seed))  # noqa: S311 - chance, not a secret

    def chapter(self, number: int) -> Chapter:
        """Return a chapter, counted from 0."""
        while len(self._chapters) <= number:
            self._chapters.append(next(self._next))
        return self._chapters[number]


def _chapters(chance: Random) -> Iterator[Chapter]:
    names = map("cast/model-{}".format, count())
    roles = dict.fromkeys(islice(names, _CAST), "ok")
    yield _ordinary(roles)
    while True:
        for _ in range(chance.randint(1, _CHANGES)):
            _change(roles, names, chance)
        chapter = _ordinary(roles)
        if chance.random() < 1 / _TROUBLE_EVERY:
            cause, how = chance.choice(_TROUBLES)
            listed, behaviours = chapter.world.listed, chapter.world.behaviours
            yield Chapter(World(listed=listed, behaviours=behaviours, **how), cause, chapter.ended)
        yield chapter


def _change(roles: dict[str, str], names: Iterator[str], chance: Random) -> None:
    """Let one model behave otherwise; one that has ended leaves the catalog to a new one."""
    model = chance.choice(sorted(roles))
    if roles[model] == _ENDED:
        del roles[model]
        roles[next(names)] = "ok"
    else:
        # a gap would bring one back that is off the list, where its answer leaves it retired (rules.md 20)
        without = {roles[model], _ENDED} if roles[model] == _DELISTED else {roles[model]}
        roles[model] = chance.choice([behaviour for behaviour in _BEHAVIOURS if behaviour not in without])


def _ordinary(roles: dict[str, str]) -> Chapter:
    listed = {model: behaviour for model, behaviour in roles.items() if behaviour != _DELISTED}
    ended = frozenset(model for model, behaviour in listed.items() if behaviour == _ENDED)
    return Chapter(World(listed=(*STEADY, *listed), behaviours=listed), ended=ended)
