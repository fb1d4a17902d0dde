"""The models that the reader named, ahead of all others: what happened to each, and how many answer."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from monitor.core.domain.vocabulary import Status
from monitor.core.summary.values import ProviderSummary
from monitor.report.summary.counts import came_back, down_now, gone
from monitor.report.summary.lines import Lines, why
from monitor.report.words.codes import readable, shown_id
from monitor.report.words.numbers import counted


def only(part: ProviderSummary, is_wanted: Callable[[str], bool]) -> ProviderSummary:
    """Return what happened to some models of a provider."""
    return replace(
        part,
        arrivals=tuple(row for row in part.arrivals if is_wanted(row.model)),
        retirements=tuple(row for row in part.retirements if is_wanted(row.model)),
        going=tuple(row for row in part.going if is_wanted(row.model)),
        outages=tuple(row for row in part.outages if is_wanted(row.model)),
        still_down=tuple(row for row in part.still_down if is_wanted(row.model)),
        flaps=tuple(row for row in part.flaps if is_wanted(row.model)),
        switches=tuple(row for row in part.switches if is_wanted(row.model)),
        swaps=tuple(row for row in part.swaps if is_wanted(row.model)),
    )


def split(part: ProviderSummary) -> tuple[ProviderSummary, ProviderSummary]:
    """Return what happened to the favourites, and to all others."""
    names = {row.model for row in part.favourites}
    return only(part, names.__contains__), only(part, lambda model: model not in names)


def favourite_lines(favourites: ProviderSummary, lines: Lines) -> Iterator[tuple[str, str]]:
    """Give the lines of the favourites: an id and what to say of it, what one must act on first."""
    rows = [*_needs(favourites, lines), *_news(favourites, lines)]
    yield from rows
    named = {model for model, _ in rows}
    for row in favourites.favourites:
        if row.status != Status.AVAILABLE and row.model not in named:
            yield row.model, f"{readable(row.status)}{why(row.reason)}"


def _needs(part: ProviderSummary, lines: Lines) -> Iterator[tuple[str, str]]:
    yield from ((row.model, f"will be retired {lines.going(row)}") for row in part.going)
    yield from ((row.model, f"retired: {lines.retirement(row)}") for row in gone(part))
    yield from ((row.model, f"down {lines.down(row)}") for row in (*down_now(part), *part.still_down))


def _news(part: ProviderSummary, lines: Lines) -> Iterator[tuple[str, str]]:
    yield from ((model, f"is back: {lines.back(downs)}") for model, downs in came_back(part).items())
    yield from ((row.model, f"changed its kind {lines.switch(row)}") for row in part.switches)
    yield from ((row.model, lines.swap(row)) for row in part.swaps)
    yield from ((row.model, lines.arrival(row)) for row in part.arrivals)
    yield from ((row.model, f"flapping {lines.flap(row)}") for row in part.flaps)


def favourite_words(part: ProviderSummary) -> str:
    """`3 of 4 favourites available`; an empty text where the provider has none."""
    available = sum(row.status == Status.AVAILABLE for row in part.favourites)
    return (
        f"{available:,} of {counted(len(part.favourites), 'favourite')} available" if part.favourites else ""
    )


def favourite_news(part: ProviderSummary) -> Iterator[str]:
    """Say in a few words which favourites one must act on: by its id what is one, several by their number."""
    own, _ = split(part)
    happened = {
        "will be retired": [row.model for row in own.going if row.is_new],
        "was retired": [row.model for row in gone(own)],
        "went down": [row.model for row in down_now(own)],
    }
    for verb, models in happened.items():
        if len(models) == 1:
            yield f"{shown_id(models[0])} {verb}"
        elif models:
            yield f"{len(models)} favourites {verb.replace('was', 'were')}"
