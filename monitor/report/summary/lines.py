"""What a summary says of a model or a trouble, as the words that follow its name; short ones for lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.core.domain.vocabulary import Kind, Reason, Status
from monitor.core.history.calendar import Span, announced_day, day_of
from monitor.core.summary.values import (
    Arrival,
    Down,
    Flap,
    Going,
    Retirement,
    SilentSwap,
    Switch,
    Trouble,
    Way,
)
from monitor.report.summary.counts import past_cause
from monitor.report.summary.times import between, clock, days_after, is_of_the_day, period
from monitor.report.words.codes import readable, reason_words, shown_id
from monitor.report.words.outcomes import busy_words
from monitor.report.words.times import rounded_duration

_STAYED: Final = {Status.AVAILABLE: "up", Status.UNAVAILABLE: "down"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Words for the readers of a span; `until` is up to when it is known."""

    span: Span
    until: datetime

    # The provider

    def trouble(self, trouble: Trouble) -> str:
        """Return `the key was rejected, since 22:00 (2 h), not over yet: "HTTP 401"`."""
        when = self.period(trouble.began_at, trouble.ended_at)
        detail = f': "{shown_id(trouble.detail)}"' if trouble.detail else ""
        return f"{past_cause(trouble.cause)}, {when}{detail}"

    def past_troubles(self, troubles: Sequence[Trouble]) -> str:
        """Say of troubles of one cause that are over how often and how long it was so."""
        if len(troubles) == 1:
            return self.trouble(troubles[0])
        total = sum((row.ended_at - row.began_at for row in troubles if row.ended_at), timedelta())
        last = troubles[-1]
        return (
            f"{past_cause(last.cause)} {len(troubles)} times ({rounded_duration(total)} in all), "
            f"last since {clock(last.began_at, self.span)}"
        )

    # Going and coming

    def retirement(self, retirement: Retirement) -> str:
        """`left the catalog at 03:00`."""
        words = reason_words(retirement.reason) or "gone"
        if retirement.reason == Reason.UNAVAILABLE_TOO_LONG:  # rules.md 17: when it went down
            return f"{words}, down since {day_of(retirement.at, self.span.zone)}"
        return f"{words} {self.at(retirement.at)}"

    def going(self, going: Going) -> str:
        """`on 2026-05-14 (in 37 days), newly announced`; the days are counted from the summary's last."""
        day = announced_day(going.on, self.span.zone)
        words = f"on {day} ({days_after(day, self.span)})"
        if going.was:
            earlier = announced_day(going.was, self.span.zone)
            return f"{words}, {'postponed' if going.was < going.on else 'brought forward'} from {earlier}"
        return f"{words}, newly announced" if going.is_new else words

    def short_going(self, going: Going) -> str:
        """`2026-05-14, in 37 days`."""
        day = announced_day(going.on, self.span.zone)
        return f"{day}, {days_after(day, self.span)}"

    def arrival(self, arrival: Arrival) -> str:
        """`appeared at 04:00 (chat), available`."""
        kind = "" if arrival.kind == Kind.UNKNOWN else f" ({readable(arrival.kind)})"
        at = self.at(arrival.at)
        if arrival.way == Way.ANSWERED:
            busy = f", {busy_words(arrival.http_status)}" if arrival.is_busy else ""
            return f"began to answer {at}{kind}{busy}"
        if arrival.way == Way.REFUSED:
            return f"turned out to be unavailable {at}{kind}{why(arrival.reason)}"
        verb = "appeared" if arrival.way == Way.APPEARED else "reappeared"
        return f"{verb} {at}{kind}, {_standing(arrival)}"

    def short_arrival(self, arrival: Arrival) -> str:
        """`chat`, `chat, unavailable`, `back, chat`."""
        verb = {Way.REAPPEARED: "back", Way.ANSWERED: "first answer"}.get(arrival.way, "")
        kind = "" if arrival.kind == Kind.UNKNOWN else readable(arrival.kind)
        is_plain = arrival.status == Status.AVAILABLE and not arrival.is_busy
        status = "" if is_plain else "busy" if arrival.is_busy else _bare_standing(arrival)
        return ", ".join(filter(None, (verb, kind, status)))

    def switch(self, switch: Switch) -> str:
        """`at 05:00 from completions to chat`."""
        return f"{self.at(switch.at)} from {readable(switch.before)} to {readable(switch.after)}"

    def swap(self, swap: SilentSwap) -> str:
        """`is now answered by b instead of a since 09:00 (3 changes)`."""
        since = f"since {clock(swap.at, self.span)}"
        often = f" ({swap.changes} changes)" if swap.changes > 1 else ""
        if swap.before == swap.after:  # A, B, A within the span ends where it began
            return f"is answered by {shown_id(swap.after)} again {since}{often}"
        return f"is now answered by {shown_id(swap.after)} instead of {shown_id(swap.before)} {since}{often}"

    # Down and up

    def down(self, down: Down, before: Sequence[Down] = ()) -> str:
        """`since 22:00 (2 h): server error; before that down once, 45 min in all`."""
        more = f"; before that {_times(before)}, {_in_all(before)}" if before else ""
        return f"since {clock(down.began_at, self.span)} ({self.age(down)}){why(down.reason)}{more}"

    def many_down(self, down: Down) -> str:
        """`server error, since 11:45 (2 h)`, of all that went down with this one."""
        return f"{_first_words(down)}since {clock(down.began_at, self.span)} ({self.age(down)})"

    def many_back(self, down: Down) -> str:
        """`server error, from 11:45 to 12:30 (45 min)`, of all that went down and came back with this one."""
        return f"{_first_words(down)}down {self.period(down.began_at, down.ended_at)}"

    def age(self, down: Down) -> str:
        """Say how long an outage lasted, up to now where it is not over."""
        return between(down.began_at, down.ended_at or self.until)

    def back(self, downs: Sequence[Down]) -> str:
        """`down from 10:15 to 11:00 (45 min): server error`."""
        last = downs[-1]
        if len(downs) == 1:
            words = f"down {self.period(last.began_at, last.ended_at)}"
        else:
            up = clock(last.ended_at or self.until, self.span)
            words = f"{_times(downs)}, {_in_all(downs)}, up again since {up}"
        return f"{words}{why(last.reason)}"

    def short_back(self, downs: Sequence[Down]) -> str:
        """`45 min`, `2 times, 4 h`."""
        last = downs[-1]
        if len(downs) == 1:
            return self.age(last)
        return f"{len(downs)} times, {rounded_duration(_sum(downs))}"

    def flap(self, flap: Flap) -> str:
        """`since 06:00, 12 changes; up since 07:00`."""
        changes = f", {flap.changes} changes" if flap.changes > 1 else ""
        if flap.stopped_at is None:
            return f"since {clock(flap.started_at, self.span)}{changes}; {self._flap_standing(flap)}"
        often = f"{flap.times} times, last " if flap.times > 1 else ""
        is_steady = flap.since <= flap.stopped_at and flap.status in _STAYED
        after = f"; it stayed {_STAYED[Status(flap.status)]}" if is_steady else ""
        return f"{often}{self.period(flap.started_at, flap.stopped_at)}{changes}{after}"

    def short_flap(self, flap: Flap) -> str:
        """`down since 22:00`; no words where the model is up."""
        if flap.status == Status.UNAVAILABLE:
            return f"down since {clock(flap.since, self.span)}"
        return ""

    def _flap_standing(self, flap: Flap) -> str:
        since = clock(flap.since, self.span)
        if flap.status == Status.UNAVAILABLE:
            return f"down since {since} ({between(flap.since, self.until)}){why(flap.reason)}"
        if flap.status != Status.AVAILABLE:
            return f"{readable(flap.status)}{why(flap.reason)}"
        is_mild = flap.since <= flap.started_at and not flap.changes  # single failures make no outage
        return "single requests failed, but no outage" if is_mild else f"up since {since}"

    # Times

    def at(self, moment: datetime) -> str:
        """`at 04:00`, `on 2026-04-06 04:00`."""
        return f"{'at' if is_of_the_day(moment, self.span) else 'on'} {clock(moment, self.span)}"

    def period(self, began_at: datetime, ended_at: datetime | None) -> str:
        """`from 10:15 to 11:00 (45 min)`, `since 22:00 (2 h), not over yet`."""
        if ended_at is None:
            return f"since {clock(began_at, self.span)} ({between(began_at, self.until)}), not over yet"
        return f"{period(began_at, ended_at, self.span)} ({between(began_at, ended_at)})"


def why(reason: str | None) -> str:
    """Return a reason as the end of a sentence."""
    return f": {reason_words(reason)}" if reason else ""


def _first_words(down: Down) -> str:
    return f"{reason_words(down.reason)}, " if down.reason else ""


def _standing(arrival: Arrival) -> str:
    if arrival.status == Status.AVAILABLE:
        return busy_words(arrival.http_status) if arrival.is_busy else arrival.status
    return _bare_standing(arrival) + ("" if arrival.status == Status.NEW else why(arrival.reason))


def _bare_standing(arrival: Arrival) -> str:
    return "no clear answer yet" if arrival.status == Status.NEW else readable(arrival.status)


def _times(downs: Sequence[Down]) -> str:
    return "down once" if len(downs) == 1 else f"down {len(downs)} times"


def _in_all(downs: Sequence[Down]) -> str:
    return f"{rounded_duration(_sum(downs))} in all"


def _sum(downs: Sequence[Down]) -> timedelta:
    return sum((down.ended_at - down.began_at for down in downs if down.ended_at), timedelta())
