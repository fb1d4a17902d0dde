"""Which models of each kind are worth choosing now."""

from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Final

from monitor.core.domain.vocabulary import Kind, Status
from monitor.core.history.rows import StatusAt, WindowRow
from monitor.core.summary.values import Best

BEST_OF_A_KIND: Final = 5

_KINDS: Final[tuple[str, ...]] = (*(kind for kind in Kind if kind != Kind.UNKNOWN), Kind.UNKNOWN)


def best_models(
    models: Iterable[StatusAt], listed: Collection[str], recent: Iterable[WindowRow]
) -> tuple[Best, ...]:
    """Return the most reliable models of each kind, by kind: listed ones that answer, stay and do not flap.

    `recent` are the counts that reliability is read from; a model that never answered in them is left out.
    """
    ranked = sorted(_good(models, listed, recent), key=_rank)
    return tuple(best for _, same in groupby(ranked, key=_place) for best in list(same)[:BEST_OF_A_KIND])


def shortlist(
    models: Iterable[StatusAt], listed: Collection[str], recent: Iterable[WindowRow]
) -> frozenset[str]:
    """Return the ids of those that may be among the best, whatever their latencies are: ties stay in."""
    chosen = set[str]()
    for _, same in groupby(sorted(_good(models, listed, recent), key=_rank), key=_place):
        ranked = list(same)
        last = _merit(ranked[:BEST_OF_A_KIND][-1])
        chosen.update(best.model for best in ranked if _merit(best) <= last)
    return frozenset(chosen)


def _good(models: Iterable[StatusAt], listed: Collection[str], recent: Iterable[WindowRow]) -> list[Best]:
    counts = {row.model: row for row in recent if row.answered}
    return [
        Best(
            model=now.model,
            kind=now.kind,
            uptime_percent=counts[now.model].uptime_percent or 0.0,
            coverage_percent=counts[now.model].coverage_percent,
            latency_p50_ms=counts[now.model].latency_p50_ms,
        )
        for now in models
        if now.status == Status.AVAILABLE and not now.flapping and now.retires_at is None
        if now.model in listed and now.model in counts
    ]


# by kind, uptime, coverage, then latency; the id makes it certain
def _rank(best: Best) -> tuple[tuple[int, str], tuple[float, float], float, str]:
    latency = float("inf") if best.latency_p50_ms is None else best.latency_p50_ms
    return _place(best), _merit(best), latency, best.model


def _merit(best: Best) -> tuple[float, float]:
    """Return what counts before the latency; less is better."""
    return -best.uptime_percent, -(best.coverage_percent or 0.0)


def _place(best: Best) -> tuple[int, str]:
    """Return where a kind stands: in the order of the vocabulary, then kinds of imported records."""
    return _KINDS.index(best.kind) if best.kind in _KINDS else len(_KINDS), best.kind
