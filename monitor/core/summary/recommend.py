"""Which models of each kind are worth choosing, as known at a moment (docs/summaries.md).

The best have a past of 7 days and 50 checks; what is younger is promising, however well it answers. Both are
ordered by how many of the window's conclusive sweeps they answered: a time without an answer is no merit,
whether the model failed, was not clear or was not there yet. Shares within 0.1 % are equal, and among equals
the lower median latency comes first, then the higher share, then the id.

Equal is not "at most 0.1 % apart": that is no order, as 99.85 would equal 99.93, which equals 100, which
99.85 does not. Instead the shares fall into steps of 0.1 % counted down from 100 %: the first from 100 to
99.9, the next down to 99.8, and so on. A step depends on the model alone, so the order is total and no model
changes the places of others.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from monitor.core.domain.vocabulary import Kind, Status
from monitor.core.history.rows import StatusAt, WindowRow, percent
from monitor.core.summary.values import Best

BEST_OF_A_KIND: Final = 5
PROMISING_OF_A_KIND: Final = 3
LEAST_AGE: Final = timedelta(days=7)
LEAST_CHECKS: Final = 50

_STEPS: Final = 1000  # of 0.1 %
_KINDS: Final[tuple[str, ...]] = (*(kind for kind in Kind if kind != Kind.UNKNOWN), Kind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What is known of a provider's models at the moment `until`, for a window that ends there.

    `sweeps` counts the window's conclusive sweeps, `counts` what they saw of each model. `first_seen` is the
    start of the first conclusive sweep that listed a model, `listed` the last believed catalog.
    """

    until: datetime
    models: Sequence[StatusAt] = ()
    listed: Collection[str] = ()
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    sweeps: int = 0
    counts: Sequence[WindowRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The best models and the promising ones, by kind, the first choice first.

    `changed` are the kinds whose best are others than before, or have another first; `changed_promising`
    those whose promising models are others. Places after the first move with every latency: they are no news.
    """

    best: tuple[Best, ...] = ()
    promising: tuple[Best, ...] = ()
    changed: tuple[str, ...] = ()
    changed_promising: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """A model of a provider that is worth choosing; `is_proven`: its past is long enough to say."""

    provider: str
    best: Best
    is_proven: bool


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A model and what it is ordered by; `step` counts steps of 0.1 % below 100 %."""

    best: Best
    step: int
    latency: float
    share: float
    is_proven: bool

    @property
    def key(self) -> tuple[tuple[int, str], bool, int, float, float, str]:
        """The place of the kind, then of the model in it."""
        return (
            _place(self.best.kind),
            not self.is_proven,
            self.step,
            self.latency,
            -self.share,
            self.best.model,
        )


def choose(now: Candidates, before: Candidates) -> Choice:
    """Return the choice of a moment, with what changed in it since an earlier one."""
    choice, earlier = best_models(now), best_models(before)
    models = {row.model for row in earlier.best}
    best = tuple(replace(row, is_new=row.model not in models) for row in choice.best)
    return replace(
        choice,
        best=best,
        changed=_changed(_by_kind(choice.best), _by_kind(earlier.best), _members_and_first),
        changed_promising=_changed(_by_kind(choice.promising), _by_kind(earlier.promising), frozenset),
    )


def best_models(candidates: Candidates) -> Choice:
    """Return the best and the promising models of each kind: listed ones that answer, stay and do not flap.

    A model that never answered in the window is left out.
    """
    ranked = _ranked(candidates)
    return Choice(
        best=tuple(_first(BEST_OF_A_KIND, (row for row in ranked if row.is_proven))),
        promising=tuple(_first(PROMISING_OF_A_KIND, (row for row in ranked if not row.is_proven))),
    )


def recommend(candidates: Mapping[str, Candidates], kinds: Collection[str]) -> list[Recommended]:
    """Return the models of these kinds that several providers have, in the order of one provider's choice.

    Kind by kind, proven ones first. `candidates` are by provider; equals are by id, then provider.
    """
    ranked = [
        (row.key, provider, row)
        for provider, known in candidates.items()
        for row in _ranked(known)
        if row.best.kind in kinds
    ]
    return [
        Recommended(provider=provider, best=row.best, is_proven=row.is_proven)
        for _, provider, row in sorted(ranked, key=lambda place: place[:2])
    ]


def shortlist(candidates: Candidates) -> frozenset[str]:
    """Return the ids of those that may be chosen, whatever their latencies are: equals stay in."""
    chosen = set[str]()
    for _, members in groupby(_ranked(candidates), key=lambda row: (_place(row.best.kind), row.is_proven)):
        rows = list(members)
        most = BEST_OF_A_KIND if rows[0].is_proven else PROMISING_OF_A_KIND
        last = rows[:most][-1].step
        chosen.update(row.best.model for row in rows if row.step <= last)
    return frozenset(chosen)


def _first(most: int, ranked: Iterable[_Ranked]) -> Iterator[Best]:
    for _, members in groupby((row.best for row in ranked), key=lambda row: row.kind):
        yield from list(members)[:most]


def _changed(
    now: Mapping[str, list[str]],
    before: Mapping[str, list[str]],
    essence: Callable[[list[str]], object],
) -> tuple[str, ...]:
    """Return the kinds whose lists differ in their essence, in the order of the vocabulary."""
    kinds = sorted({*now, *before}, key=_place)
    return tuple(kind for kind in kinds if essence(now.get(kind, [])) != essence(before.get(kind, [])))


def _by_kind(rows: Iterable[Best]) -> dict[str, list[str]]:
    models = dict[str, list[str]]()
    for row in rows:
        models.setdefault(row.kind, []).append(row.model)
    return models


def _members_and_first(models: list[str]) -> tuple[frozenset[str], list[str]]:
    return frozenset(models), models[:1]


def _ranked(candidates: Candidates) -> list[_Ranked]:
    counts = {row.model: row for row in candidates.counts if row.answered}
    rows = (
        _rank(now, counts[now.model], candidates)
        for now in candidates.models
        if now.status == Status.AVAILABLE and not now.flapping and now.retires_at is None
        if now.model in candidates.listed and now.model in counts
    )
    return sorted(rows, key=lambda row: row.key)


def _rank(now: StatusAt, row: WindowRow, candidates: Candidates) -> _Ranked:
    # an observation may lie in the window and the start of its sweep before it
    sweeps = max(candidates.sweeps, row.clear_or_answered)
    first_seen = candidates.first_seen.get(now.model)
    is_old = first_seen is not None and candidates.until - first_seen >= LEAST_AGE
    best = Best(
        model=now.model,
        kind=now.kind,
        uptime_percent=row.uptime_percent or 0.0,
        coverage_percent=percent(row.clear_or_answered, sweeps),
        latency_p50_ms=row.latency_p50_ms,
        checks=row.checks,
        first_seen_at=first_seen,
    )
    return _Ranked(
        best=best,
        step=_step(row.answered, sweeps),
        latency=float("inf") if row.latency_p50_ms is None else row.latency_p50_ms,
        share=row.answered / sweeps,
        is_proven=is_old and row.checks >= LEAST_CHECKS,
    )


def _step(answered: int, sweeps: int) -> int:
    """Return how many whole steps of 0.1 % below 100 % a share is: 99.9 % is in the first, number 0."""
    steps = -(-(sweeps - answered) * _STEPS // sweeps)  # rounded up in integers: floats would miss 99.9 %
    return max(steps - 1, 0)


def _place(kind: str) -> tuple[int, str]:
    """Return where a kind stands: in the order of the vocabulary, then kinds of imported records."""
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS), kind
