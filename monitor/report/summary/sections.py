"""What happened to a provider's models, section by section, in the order in which readers must act."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.core.domain.vocabulary import Kind, Reason, Status
from monitor.core.history.calendar import Span
from monitor.core.summary.values import (
    Arrival,
    Down,
    Flap,
    Going,
    ProviderSummary,
    Retirement,
    SilentSwap,
    Trouble,
    Way,
)
from monitor.report.layout.content import Item, Section
from monitor.report.summary.choices import choice_lists
from monitor.report.summary.counts import came_back, down_now, over, past_cause
from monitor.report.summary.times import between, clock, date_words, is_of_the_day, period
from monitor.report.words.codes import readable, reason_words, shown_id
from monitor.report.words.outcomes import busy_words
from monitor.report.words.paths import Links
from monitor.report.words.times import rounded_duration

_STAYED: Final[Mapping[str, str]] = {Status.AVAILABLE: "up", Status.UNAVAILABLE: "down"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionWriter:
    """Writes the sections of a provider in a span; `until` is up to when it is known."""

    span: Span
    until: datetime
    provider: str
    links: Links | None

    def sections(self, summary: ProviderSummary) -> tuple[Section, ...]:
        """Return the sections that have something in them."""
        sections = (*self._news(summary), *self._choices(summary))
        return tuple(section for section in sections if section.items)  # an empty section says nothing

    def _section(self, title: str, items: Iterable[Item], note: str = "") -> Section:
        url = self.links.span(self.span) if self.links else ""
        return Section(title=title, items=tuple(items), note=note, url=url)

    def _item(self, model: str, words: str, opening: str = "") -> Item:
        url = self.links.model(self.provider, model) if self.links else ""
        return Item(words=words, model=model, opening=opening, url=url)

    def _news(self, summary: ProviderSummary) -> Iterator[Section]:
        item = self._item
        yield self._section(
            "Trouble with the provider",
            (Item(words=self._trouble(row)) for row in summary.troubles),
            "Until it is over, nothing is concluded about single models.",  # rules.md 12
        )
        yield self._section(
            "Retired", (item(row.model, self._retirement(row)) for row in summary.retirements)
        )
        yield self._section("Will be retired", (item(row.model, self._going(row)) for row in summary.going))
        yield self._section("Went down and still down", self._down(summary))
        still_down = (item(row.model, self._since(row)) for row in summary.still_down)
        yield self._section("Still down from before", still_down)
        yield self._section("Came back", self._back(summary))
        flaps = sorted(summary.flaps, key=lambda flap: flap.stopped_at is not None)
        yield self._section(
            "Flapping",
            (item(flap.model, self._flap(flap)) for flap in flaps),
            "They go up and down so often that single changes are not listed.",
        )
        yield self._section("New or back", (item(row.model, self._arrival(row)) for row in summary.arrivals))
        yield self._section(
            "Changed kind",
            (
                item(row.model, f"{self._at(row.at)} from {readable(row.before)} to {readable(row.after)}")
                for row in summary.switches
            ),
            "The kind is the endpoint that serves a model: adapt your calls.",
        )
        yield self._section(
            "Answered by another model",
            (item(row.model, self._swap(row), "Silent swap:") for row in summary.swaps),
            "Their answers name another model than before: check that the results still suit you.",
        )

    # The provider

    def _trouble(self, trouble: Trouble) -> str:
        words = past_cause(trouble.cause)
        when = self._period(trouble.began_at, trouble.ended_at)
        return f"{words}, {when}" + (f': "{shown_id(trouble.detail)}"' if trouble.detail else "")

    # Going and coming

    def _retirement(self, retirement: Retirement) -> str:
        back = ", but it is back" if retirement.is_back else ""
        words = reason_words(retirement.reason) or "gone"
        if retirement.reason == Reason.UNAVAILABLE_TOO_LONG:  # rules.md 17: when it went down
            return f"{words}, down since {clock(retirement.at, self.span)}{back}"
        return f"{words} {self._at(retirement.at)}{back}"

    def _going(self, going: Going) -> str:
        words = f"on {date_words(going.on, self.span)}"
        if going.was:
            return (
                f"{words}, postponed from {date_words(going.was, self.span)}"
                if going.was < going.on
                else (f"{words}, brought forward from {date_words(going.was, self.span)}")
            )
        return f"{words}, newly announced" if going.is_new else f"{words}, announced before"

    def _arrival(self, arrival: Arrival) -> str:
        kind = "" if arrival.kind == Kind.UNKNOWN else f" ({readable(arrival.kind)})"
        at = self._at(arrival.at)
        if arrival.way == Way.ANSWERED:
            busy = f", {busy_words(arrival.http_status)}" if arrival.is_busy else ""
            return f"began to answer {at}{kind}{busy}"
        if arrival.way == Way.REFUSED:
            return f"turned out to be unavailable {at}{kind}{_why(arrival.reason)}"
        verb = "appeared" if arrival.way == Way.APPEARED else "reappeared"
        return f"{verb} {at}{kind}, {_standing(arrival)}"

    def _swap(self, swap: SilentSwap) -> str:
        since = f"since {clock(swap.at, self.span)}"
        often = f" ({swap.changes} changes)" if swap.changes > 1 else ""
        if swap.before == swap.after:  # A, B, A within the span ends where it began
            return f"is answered by {shown_id(swap.after)} again {since}{often}"
        return f"is now answered by {shown_id(swap.after)} instead of {shown_id(swap.before)} {since}{often}"

    # Down and up

    def _down(self, summary: ProviderSummary) -> Iterator[Item]:
        earlier = over(summary)  # a model that went down again had outages before
        for outage in down_now(summary):
            before = earlier.get(outage.model, ())
            more = f"; before that {_times(before)}, {_in_all(before)}" if before else ""
            yield self._item(outage.model, f"{self._since(outage)}{more}")

    def _since(self, down: Down) -> str:
        age = between(down.began_at, self.until)
        return f"since {clock(down.began_at, self.span)} ({age}){_why(down.reason)}"

    def _back(self, summary: ProviderSummary) -> Iterator[Item]:
        for model, downs in came_back(summary).items():
            last = downs[-1]
            if len(downs) == 1:
                words = f"down {self._period(last.began_at, last.ended_at)}"
            else:
                up = clock(last.ended_at or self.until, self.span)
                words = f"{_times(downs)}, {_in_all(downs)}, up again since {up}"
            yield self._item(model, f"{words}{_why(last.reason)}")

    def _flap(self, flap: Flap) -> str:
        changes = f", {flap.changes} changes" if flap.changes > 1 else ""
        if flap.stopped_at is None:
            return f"since {clock(flap.started_at, self.span)}{changes}; {self._flap_standing(flap)}"
        often = f"{flap.times} times, last " if flap.times > 1 else ""
        period = self._period(flap.started_at, flap.stopped_at)
        is_steady = flap.since <= flap.stopped_at and flap.status in _STAYED
        after = f"; it stayed {_STAYED[flap.status]}" if is_steady else ""
        return f"{often}{period}{changes}{after}"

    def _flap_standing(self, flap: Flap) -> str:
        since = clock(flap.since, self.span)
        if flap.status == Status.UNAVAILABLE:
            return f"down since {since} ({between(flap.since, self.until)}){_why(flap.reason)}"
        if flap.status != Status.AVAILABLE:
            return f"{readable(flap.status)}{_why(flap.reason)}"
        is_mild = flap.since <= flap.started_at and not flap.changes  # single failures make no outage
        return "single requests failed, but no outage" if is_mild else f"up since {since}"

    # What to choose

    def _choices(self, summary: ProviderSummary) -> Iterator[Section]:
        for choice in choice_lists(summary, self.span):
            items = (self._item(model, words) for model, words in choice.rows)
            yield self._section(choice.title, items, choice.note)

    def _at(self, moment: datetime) -> str:
        return f"{'at' if is_of_the_day(moment, self.span) else 'on'} {clock(moment, self.span)}"

    def _period(self, began_at: datetime, ended_at: datetime | None) -> str:
        if ended_at is None:
            return f"since {clock(began_at, self.span)} ({between(began_at, self.until)}), not over yet"
        return f"{period(began_at, ended_at, self.span)} ({between(began_at, ended_at)})"


def _standing(arrival: Arrival) -> str:
    if arrival.status == Status.NEW:
        return "no clear answer yet"
    if arrival.status == Status.AVAILABLE:
        return busy_words(arrival.http_status) if arrival.is_busy else arrival.status
    return f"{readable(arrival.status)}{_why(arrival.reason)}"


def _why(reason: str | None) -> str:
    return f": {reason_words(reason)}" if reason else ""


def _times(downs: Sequence[Down]) -> str:
    return "down once" if len(downs) == 1 else f"down {len(downs)} times"


def _in_all(downs: Sequence[Down]) -> str:
    total = sum((down.ended_at - down.began_at for down in downs if down.ended_at), timedelta())
    return f"{rounded_duration(total)} in all"
