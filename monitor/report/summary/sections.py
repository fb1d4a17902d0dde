"""What happened to a provider's models, section by section, in the order in which readers must act."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from monitor.core.domain.percentages import percent_words
from monitor.core.history.calendar import Span
from monitor.core.summary.standing_values import ModelOutages
from monitor.core.summary.values import Arrival, Down, Going, ProviderSummary, Retirement, Trouble
from monitor.report.layout.content import MOST_ITEMS, MOST_MEMBERS, FigureTable, Item, Section
from monitor.report.summary.choices import choice_lists
from monitor.report.summary.counts import came_back, down_now, gone, over
from monitor.report.summary.favourites import favourite_lines, split
from monitor.report.summary.lines import Lines
from monitor.report.summary.together import together
from monitor.report.words.numbers import counted
from monitor.report.words.paths import Links

MOST_REMINDERS = 2  # the next that end; each was news once
_SECONDS_OF_AN_HOUR = 3600

_Moved = TypeVar("_Moved", Arrival, Down, Going, Retirement)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionWriter:
    """Writes the sections of a provider in a span; `until` is up to when it is known."""

    span: Span
    until: datetime
    provider: str
    links: Links | None

    def sections(self, summary: ProviderSummary) -> tuple[Section, ...]:
        """Return the sections that have something in them; favourites are in a section of their own."""
        favourites, others = split(summary)
        sections = (
            self._favourites(favourites),
            *self._going(others),
            *self._down(others),
            *self._back(others),
            *self._others(others),
            *self._figures(summary),
            *self._choices(summary),
        )
        return tuple(section for section in sections if not section.is_empty)  # an empty section says nothing

    def minor_sections(self, summary: ProviderSummary) -> Iterator[Section]:
        """Give what came back, what is new and what flaps, of a day on which nothing needs the reader."""
        favourites, others = split(summary)
        first = replace(self._favourites(favourites), is_in_line=True)
        sections = (first, *self._back(others), *self._others(others), *self._figures(summary))
        return (section for section in sections if not section.is_empty and section.is_in_line)

    @property
    def _lines(self) -> Lines:
        return Lines(span=self.span, until=self.until)

    def _section(self, title: str, items: Iterable[Item], note: str = "") -> Section:
        url = self.links.span(self.span) if self.links else ""
        return Section(title=title, items=tuple(items), note=note, url=url)

    def _in_line(self, title: str, items: Iterable[Item], *, most: int | None = None) -> Section:
        """Return a section of names in one line, with their number."""
        section = self._section(title, items)
        models = sum(len(item.members) or 1 for item in section.items)
        return replace(section, title=f"{title} ({models:,})", is_in_line=True, most=most)

    def _item(self, model: str, words: str, *, short: str = "", opening: str = "") -> Item:
        url = self.links.model(self.provider, model) if self.links else ""
        return Item(words=words, model=model, short=short, opening=opening, url=url)

    def _moved(
        self,
        groups: Iterable[Sequence[_Moved]],
        one: Callable[[_Moved], str],
        many: Callable[[_Moved], str],
        short: Callable[[_Moved], str] = lambda _: "",
    ) -> Iterator[Item]:
        """Give one line for each model alone, and one for all that moved together: `177 models, ...`."""
        for rows in groups:
            first = rows[0]
            if len(rows) == 1:
                yield self._item(first.model, one(first), short=short(first))
            else:
                words = f"{counted(len(rows), 'model')}, {many(first)}"
                members = tuple(self._item(row.model, "") for row in rows)
                yield Item(words=f"{words}:", short=words, members=members)

    def _favourites(self, summary: ProviderSummary) -> Section:
        rows = favourite_lines(summary, self._lines)
        return self._section("Favourites", (self._item(model, words, short=words) for model, words in rows))

    # What needs the reader

    def _going(self, summary: ProviderSummary) -> Iterator[Section]:
        lines = self._lines
        open_troubles = [row for row in summary.troubles if row.ended_at is None]
        yield self._section(
            "Trouble with the provider",
            (Item(words=lines.trouble(row)) for row in open_troubles),
            "Until it is over, nothing is concluded about single models.",  # rules.md 12
        )
        fresh = [row for row in summary.going if row.is_new]
        groups = together(fresh, lambda row: (row.on, row.was), lambda row: row.on)
        yield self._section("Will be retired", self._moved(groups, lines.going, lines.going))
        earlier = [[row] for row in summary.going if not row.is_new]
        yield self._in_line(
            "Announced before" if fresh else "Will be retired, announced before",
            self._moved(earlier, lines.going, lines.going, lines.short_going),
            most=MOST_REMINDERS,
        )
        retired = together(gone(summary), lambda row: row.reason, lambda row: row.at)
        yield self._section("Retired", self._moved(retired, lines.retirement, lines.retirement))

    def _down(self, summary: ProviderSummary) -> Iterator[Section]:
        lines, earlier = self._lines, over(summary)
        groups = together(down_now(summary), lambda row: row.reason, lambda row: row.began_at)
        yield self._section(
            "Went down and still down",
            # a model that went down again had outages before
            self._moved(groups, lambda row: lines.down(row, earlier.get(row.model, ())), lines.many_down),
        )
        groups = together(summary.still_down, lambda row: row.reason, lambda row: row.began_at)
        yield self._in_line(
            "Still down from before", self._moved(groups, lines.down, lines.many_down, lines.age)
        )

    # What came back, and the rest

    def _back(self, summary: ProviderSummary) -> Iterator[Section]:
        if self.span.days > 1:  # the table of outages has them
            return
        lines, downs = self._lines, came_back(summary)
        last = [rows[-1] for rows in downs.values()]
        groups = together(last, lambda row: (row.reason, len(downs[row.model])), lambda row: row.began_at)
        yield self._in_line(
            "Came back",
            self._moved(
                (
                    part
                    for group in groups
                    for part in together(group, lambda _: 0, lambda row: row.ended_at or self.until)
                ),
                lambda row: lines.back(downs[row.model]),
                lines.many_back,
                lambda row: lines.short_back(downs[row.model]),
            ),
        )

    def _others(self, summary: ProviderSummary) -> Iterator[Section]:
        lines, item = self._lines, self._item
        yield self._section(
            "Changed kind",
            (item(row.model, lines.switch(row)) for row in summary.switches),
            "The kind is the endpoint that serves a model: adapt your calls.",
        )
        yield self._section(
            "Answered by another model",
            (item(row.model, lines.swap(row), opening="Silent swap:") for row in summary.swaps),
            "Their answers name another model than before: check that the results still suit you.",
        )
        arrivals = together(
            summary.arrivals,
            lambda row: (row.way, row.kind, row.status, row.reason, row.is_busy),
            lambda row: row.at,
        )
        yield self._in_line(
            "New or back", self._moved(arrivals, lines.arrival, lines.arrival, lines.short_arrival)
        )
        # apart, as the headline counts them
        for title, is_over in (("Flapping", False), ("Stopped flapping", True)):
            flaps = [flap for flap in summary.flaps if (flap.stopped_at is not None) == is_over]
            items = (item(flap.model, lines.flap(flap), short=lines.short_flap(flap)) for flap in flaps)
            yield self._in_line(title, items)

    def _figures(self, summary: ProviderSummary) -> Iterator[Section]:
        if self.span.days > 1:
            table = FigureTable(
                columns=("outages", "hours down", "uptime", "coverage", "model"),
                lines=tuple(self._figure_lines(summary.by_model)),
            )
            yield replace(self._section(f"Outages by model ({len(summary.by_model):,})", ()), table=table)
        past = defaultdict[str | None, list[Trouble]](list)
        for trouble in summary.troubles:
            if trouble.ended_at is not None:
                past[trouble.cause].append(trouble)
        words = (self._lines.past_troubles(troubles) for troubles in past.values())
        section = self._in_line("Trouble with the provider, over", (Item(words=each) for each in words))
        yield replace(section, title=f"Trouble with the provider, over ({sum(map(len, past.values())):,})")

    def _figure_lines(self, rows: Sequence[ModelOutages]) -> Iterator[tuple[Item, tuple[str, ...]]]:
        """Give a line for each model; of more than a message shows one for many with the same figures."""
        is_long = len(rows) > MOST_ITEMS
        alike = defaultdict[tuple[str, ...], list[Item]](list)
        for row in rows:
            alike[_cells(row)].append(self._item(row.model, ""))
        for cells, items in alike.items():
            if len(items) > MOST_MEMBERS and is_long:
                yield Item(words=f"{len(items):,} models:", members=tuple(items)), cells
            else:
                yield from ((item, cells) for item in items)

    # What to choose

    def _choices(self, summary: ProviderSummary) -> Iterator[Section]:
        for choice in choice_lists(summary, self.span):
            rows = zip(choice.rows, choice.short, strict=True)
            items = [self._item(model, words, short=short) for (model, words), short in rows]
            yield replace(self._in_line(choice.title, items, most=len(items)), note=choice.note)


def _cells(row: ModelOutages) -> tuple[str, ...]:
    return (
        f"{row.outages:,}",
        f"{row.down_s / _SECONDS_OF_AN_HOUR:,.1f}",
        percent_words(row.uptime_percent),
        percent_words(row.coverage_percent),
    )
