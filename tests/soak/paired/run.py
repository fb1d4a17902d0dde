"""One disturbed run of a story: pairs of faults, the return to normal after each, and what is wrong then."""

import math
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from operator import itemgetter
from random import Random
from typing import Any

import psycopg

from monitor.core.lifecycle.rules import BASELINE
from tests.soak.faults.table import Fault
from tests.soak.paired.stage import INTERVAL_S, Stage
from tests.soak.paired.verdict import EVENTS, Truth, by_model, differences, lost_answers
from tests.support.process import Process

BACK_WITHIN_S = 35.0
_GIVE_UP_S = 180.0
_DELIVERED_WITHIN_S = 600.0  # a channel that was refused for long rests for minutes
_LOOK_S = 0.1
LAST_SECOND_S = 1.0
DEADLINE_MS = 800 * INTERVAL_S  # a sweep that lasts so long may have met its deadline
_ON_ITS_WAY_S = 0.5  # a busy machine may need that to read what was sent
_LATE_S = 2.0  # what is sent to a sweep that has ended
_SETTLED_WITHIN_S = 10.0

Say = Callable[[str], None]
End = tuple[float, ExitStack]


@dataclass
class Run:
    """A story on a stage, disturbed by pairs of faults."""

    play: Stage
    truth: Truth
    say: Say
    chance: Random
    longest_s: float = 45.0  # of a fault
    back_within_s: float = BACK_WITHIN_S
    pairs: Counter[str] = field(default_factory=Counter)
    now: str = "the start"  # the pair at hand
    differing: set[str] = field(default_factory=set)  # models and sentences that were named
    checked: int = 0  # attempts whose answers were looked for

    def begin(self) -> None:
        """Let the daemon sweep the first chapter undisturbed."""
        self._until(lambda: self.play.provider.number > 0)

    def disturb(self, pair: tuple[Fault, Fault]) -> list[str]:
        """Make two faults at once, wait for the return to normal, and return what is wrong."""
        self._wait(self.chance.uniform(0, INTERVAL_S))
        self.pairs.update(fault.name for fault in pair)
        with ExitStack() as one, ExitStack() as other:
            first, second = (min(self.chance.choice(fault.lengths), self.longest_s) for fault in pair)
            self.now = f"{pair[0].name} {first:g} s + {pair[1].name} {second:g} s"
            overlap_from = self.chance.uniform(0, first)
            one.enter_context(pair[0].make(self.play, self.chance))
            self._wait(overlap_from)
            other.enter_context(pair[1].make(self.play, self.chance))
            for left_s, stack in _in_turn((first - overlap_from, one), (second, other)):
                self._wait(left_s)
                stack.close()
        took = self._recover()
        self.play.expected.clear()
        self.say(f"{self.now}: back after {took:.0f} s, chapter {self.play.provider.number}")
        return [f"{self.now}: {trouble}" for trouble in (*self._late(took), *self.troubles())]

    def _ends(
        self, one: tuple[float, ExitStack], other: tuple[float, ExitStack]
    ) -> Iterator[tuple[float, ExitStack]]:
        """Return which fault ends after how many seconds, and which after how many more."""
        (first_s, first), (last_s, last) = sorted((one, other), key=itemgetter(0))
        yield first_s, first
        yield last_s - first_s, last

    def _late(self, took: float) -> Iterator[str]:
        if took > self.back_within_s:
            yield f"back to normal only after {took:.0f} s"

    def _recover(self) -> float:
        """Wait until one more sweep is recorded, and nothing waits; return the seconds."""
        ended, before = time.monotonic(), self.play.recorded
        self._until(
            lambda: self.play.recorded > before and self.play.is_as_before and not self.play.spool.ready()
        )
        return time.monotonic() - ended

    def _is_replayed(self) -> bool:
        return not self.play.spool.ready()

    def _until(self, is_so: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + _GIVE_UP_S
        while not is_so():
            self._wait(_LOOK_S)
            if time.monotonic() > give_up_at:
                raise AssertionError(
                    f"in vain for {_GIVE_UP_S:g} s after {self.now}: {self.play.last_words()}"
                )

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.play.tick()
            time.sleep(min(left, _LOOK_S))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the disturbed history."""
        if self.play.postgres:
            with psycopg.connect(self.play.postgres.url, options="-c timezone=UTC") as connection:
                return connection.execute(query.encode()).fetchall()
        address = f"file:{self.play.data}/monitor.db?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as file:
            return file.execute(query).fetchall()

    def troubles(self) -> list[str]:
        """Return what is wrong with the history so far, and with how daemons ended."""
        ended = self.play.provider.number - 1
        events = by_model(self.rows(EVENTS))
        begun = self.play.provider.number  # maybe another one by now
        wrong = differences(events, self.truth.until(ended), self.truth.until(begun))
        news = [words for model, words in wrong.items() if model not in self.differing]
        self.differing |= {*wrong}
        slots = [words for words in self._slots() if words not in self.differing]
        self.differing |= {*slots}
        others, self.play.troubles = self.play.troubles, []
        return [*others, *news, *self._lost(), *slots]

    def _lost(self) -> Iterator[str]:
        attempts = self.play.provider.attempts
        begin, self.checked = self.checked, len(attempts) - 1
        query = "SELECT served_as FROM observation_history WHERE served_as LIKE 'serial-%'"
        kept, excused = {name for (name,) in self.rows(query)}, self._excused()
        for model, at in lost_answers(attempts[begin : self.checked], kept, excused):
            ends = (*self.play.deaths, *self.play.provider.cut_at)
            after = min((end - at for end in ends if end > at), default=math.inf)
            moment = f"{time.time() - time.monotonic() + at:.2f}"  # noqa: TID251 - to be found in the logs
            yield f"an answer of {model} at {moment} is lost; the next cut came {after:.2f} s after it"

    def _excused(self) -> Callable[[float], bool]:
        """Return whether an answer need not be kept: it came before a cut, was not read, or had no room."""
        ends = [(end - LAST_SECOND_S, end) for end in (*self.play.deaths, *self.play.provider.cut_at)]
        late = f"SELECT finished_at FROM sweep WHERE finished_at - started_at >= {DEADLINE_MS}"  # noqa: S608
        to_monotonic = time.monotonic() - time.time()  # noqa: TID251 - the moments of sweeps are wall times
        deadlines = [at / 1000 + to_monotonic for (at,) in self.rows(late)]
        unread = [*self.play.unread, *((at, at + _LATE_S) for at in deadlines)]
        full = [(begin - LAST_SECOND_S, end) for begin, end in self.play.refused]
        spans = [*ends, *full, *((begin - _ON_ITS_WAY_S, end) for begin, end in unread)]
        return lambda sent_at: any(begin <= sent_at <= end for begin, end in spans)

    def _slots(self) -> Iterator[str]:
        claimed = Counter(slot for (slot,) in self.rows("SELECT slot FROM sweep WHERE slot IS NOT NULL"))
        missed = {slot for (slot,) in self.rows("SELECT slot FROM missed_slot")}
        first, last = min(claimed), max(claimed)
        due = {*range(first, last + 1, 1000 * INTERVAL_S)}
        known = {slot for slot in {*claimed, *missed} if slot >= first}
        if doubled := [slot for slot, count in claimed.items() if count > 1 or slot in missed]:
            yield f"slots with two sweeps, or with one and missed: {sorted(doubled)}"
        if strange := {slot for slot in known if slot <= last} - due:
            yield f"slots that were not due: {sorted(strange)}"
        if unknown := due - known:
            yield f"slots that are neither swept nor missed: {sorted(unknown)}"

    def end(self) -> list[str]:
        """Wait for messages, stop the daemon, and return what is wrong with what it leaves."""
        try:
            self._until_delivered()
        finally:
            self.play.stop()
        return [*self._commands(), *self.troubles()]

    def _until_delivered(self) -> None:
        give_up_at = time.monotonic() + _DELIVERED_WITHIN_S
        while missing := self._undelivered():
            self._wait(1.0)
            if time.monotonic() > give_up_at:
                raise AssertionError(f"events that the webhook does not know: {missing}")

    def _undelivered(self) -> set[tuple[str, str, str]]:
        query = "SELECT kind, model, confirmed_at, detail FROM change_history"
        happened = {
            (kind, model or "", str(at)[:19])
            for kind, model, at, detail in self.rows(query)
            if detail != BASELINE
        }
        delivered = {
            (event["kind"], event["model"] or "", event["confirmed_at"][:19].replace("T", " "))
            for posted in list(self.play.hook.taken)
            for event in _events_in(posted.document)
        }
        return happened - delivered

    def _commands(self) -> Iterator[str]:
        for words in (("db", "check"), ("db", "rebuild")):
            command = Process(self.play.config, *words)  # not in this process, which plays on two stages
            if code := command.wait():
                yield f"monitor {' '.join(words)}: exit code {code}: {command.out}{command.err}"


def _in_turn(one: End, other: End) -> Sequence[End]:
    """Return which fault ends after how many seconds, and which after how many more."""
    (first_s, first), (last_s, last) = sorted((one, other), key=itemgetter(0))
    return ((first_s, first), (last_s - first_s, last))


def _events_in(document: object) -> Iterator[dict[str, Any]]:
    """Find the events in a message, whatever its form."""
    if isinstance(document, dict):
        if "confirmed_at" in document:
            yield document
        else:
            for value in document.values():
                yield from _events_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from _events_in(value)


def disturbed(
    run: Run, pairs: Callable[[], tuple[Fault, Fault]], *, until: float = math.inf, most: float = math.inf
) -> list[str]:
    """Disturb a run until then, with so many pairs at most; returns what is wrong."""
    troubles = list[str]()

    def note(found: Iterable[str]) -> None:
        for trouble in found:
            run.say(f"WRONG {trouble}")
            troubles.append(trouble)

    try:
        run.begin()
        while time.monotonic() < until and run.pairs.total() < 2 * most:
            note(run.disturb(pairs()))
        note(run.end())
    except AssertionError as error:
        note([str(error)])
    return troubles
