"""Puts made-up years into a history and into a naive table, in the order of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, insert

from benchmarks.naive import NAIVE_COLUMNS, create_naive_table
from benchmarks.years.believing import Believer, Meant
from benchmarks.years.bulk import hasty, put
from benchmarks.years.findings import Words, words
from benchmarks.years.lives import SWEEPS_A_DAY
from benchmarks.years.making import INTERVAL, Made, Maker
from monitor.clock import to_millis
from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Outcome
from monitor.store.connection.codecs import event_id
from monitor.store.connection.engine import Engine, writing
from monitor.store.derived.daily import count_days
from monitor.store.derived.decisions import event_columns
from monitor.store.derived.monthly import count_months
from monitor.store.derived.periods import write_periods
from monitor.store.derived.states import save_state
from monitor.store.facts.identities import catalog_id, finding_ids, model_ids, policy_id, provider_id
from monitor.store.schema import event

PROVIDER = "nvidia"
POLICY = Policy()
_DAYS_AT_ONCE = 16
_OBSERVATION = ("model_id", "sweep_id", "finding_id", "latency_ms", "at_ms")
_AT_MS = itemgetter(4)
_ANSWERED_MS = 15
_NOTHING: Words = ("", "", "", None, 0, None)


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made: [`start`, `end`) are whole UTC days, `models` the models listed at their end."""

    observations: int
    start: datetime
    end: datetime
    models: tuple[str, ...]


def fill(
    engine: Engine, naive: Engine | None, *, models: int, sweeps: int, end: datetime, seed: int = 1
) -> Filled:
    """Fill an empty history, and a database with the naive table, with sweeps that end before a midnight."""
    maker = Maker(models=models, sweeps=sweeps, start=end - sweeps * INTERVAL, seed=seed)
    filler, made, last = _Filler(maker), maker.made(), None
    with hasty(engine) as fast, hasty(naive or engine) as plain:
        with writing(fast) as connection:
            filler.begin(connection)
        if naive is not None:
            with writing(plain) as connection:
                create_naive_table(connection)
        while part := list(islice(made, _DAYS_AT_ONCE * SWEEPS_A_DAY)):
            with writing(fast) as connection:
                filler.add(connection, part)
            if naive is not None:
                with writing(plain) as connection:
                    filler.add_naive(connection, part)
            last = part[-1]
        with writing(fast) as connection:
            filler.end(connection)
    listed = tuple(maker.names[number - 1] for number in last.members) if last else ()
    return Filled(models * sweeps, maker.start, end, listed)


class _Filler:
    """Writes the sweeps of a maker."""

    def __init__(self, maker: Maker) -> None:
        self._maker, self._findings = maker, maker.findings
        self._believer = Believer(PROVIDER, maker.names, maker.findings, POLICY)
        self._numbers = {name: number for number, name in enumerate(maker.names, start=1)}
        self._registered = 0
        self._owner = self._policy = self._catalog = 0
        self._members: Sequence[int] = ()

    def begin(self, connection: Connection) -> None:
        """Register what sweeps point at."""
        self._owner, self._policy = provider_id(connection, PROVIDER), policy_id(connection, POLICY)
        known = model_ids(connection, self._owner, self._maker.names)
        _require_order([known[name] for name in self._maker.names])

    def add(self, connection: Connection, part: Sequence[Made]) -> None:
        """Write consecutive sweeps and what follows from them."""
        self._register(connection)
        rows, events = list[tuple[Any, ...]](), list[dict[str, Any]]()
        for made in part:
            meant = self._believer.believe(made)
            rows.append(self._sweep_row(connection, made, meant))
            events += self._event_rows(made, meant)
        put(connection, "sweep", _SWEEP, rows)
        for day in _days(part):
            put(connection, "observation", _OBSERVATION, list(chain.from_iterable(made.rows for made in day)))
        if events:
            connection.execute(insert(event), events)
            write_periods(connection, events)
        first, last = (each.started_at.date() for each in (part[0], part[-1]))
        count_days(connection, self._owner, first, last)
        count_months(connection, self._owner, first, last)

    def add_naive(self, connection: Connection, part: Sequence[Made]) -> None:
        """Write the same observations as words."""
        told, names = [_NOTHING, *words(self._findings.samples)], ["", *self._maker.names]
        for day in _days(part):
            rows = [
                (
                    PROVIDER,
                    names[number],
                    kind,
                    swept_at,
                    f"{seconds[at // 1000]}.{at % 1000:03}+00:00",
                    *rest,
                    latency,
                )
                for made in day
                for began, swept_at, seconds in (_moments(made),)
                for number, _, finding, latency, at_ms in made.rows
                for at, (kind, *rest) in ((began + at_ms, told[finding]),)
            ]
            put(connection, "naive", NAIVE_COLUMNS, rows)

    def end(self, connection: Connection) -> None:
        """Write what is believed in the end."""
        save_state(connection, self._owner, self._believer.state())

    def _register(self, connection: Connection) -> None:
        """Write the findings that came up since, in the order of their numbers."""
        new = self._findings.samples[self._registered :]
        for sample in new:
            self._registered += 1
            _require_order(list(finding_ids(connection, [sample]).values()), self._registered)

    def _sweep_row(self, connection: Connection, made: Made, meant: Meant) -> tuple[Any, ...]:
        if made.members is not self._members:
            self._members = made.members
            self._catalog = catalog_id(connection, self._owner, list(made.members))
        listed, started_at = len(made.rows), to_millis(made.started_at)
        observed_until = started_at + max(map(_AT_MS, made.rows))
        odd = [self._findings.sample(finding) for finding in made.odd.values()]
        counts = dict.fromkeys(Outcome, 0) | {Outcome.AVAILABLE: listed - len(odd)}
        for sample in odd:
            counts[sample.outcome] += 1
        requests = 1 + listed + sum(sample.attempts - 1 for sample in odd)
        slot, finished_at = to_millis(made.slot), observed_until + _ANSWERED_MS
        ids = (made.id, self._owner, "default", self._policy, self._catalog)
        cause = None if meant.cause is None else str(meant.cause)
        times = (slot, started_at, finished_at, observed_until)
        return (*ids, *times, meant.verdict.value, cause, requests, listed, listed, *counts.values())

    def _event_rows(self, made: Made, meant: Meant) -> Iterator[dict[str, Any]]:
        for place, each in enumerate(meant.events):
            yield {
                "id": event_id(made.id, place),
                "provider_id": self._owner,
                "sweep_id": made.id,
                "swept_at": to_millis(made.started_at),
                "model_id": None if each.model is None else self._numbers[each.model],
                **event_columns(each),
            }


_SWEEP = (
    *("id", "provider_id", "vantage", "policy_id", "catalog_id"),
    *("slot", "started_at", "finished_at", "observed_until"),
    *("verdict", "cause", "requests", "listed", "probed"),
    *(outcome.value for outcome in Outcome),
)


def _days(part: Sequence[Made]) -> Iterator[Sequence[Made]]:
    for first in range(0, len(part), SWEEPS_A_DAY):
        yield part[first : first + SWEEPS_A_DAY]


def _moments(made: Made) -> tuple[int, str, list[str]]:
    """Return a sweep's start (in ms after a full second; as words), and the words of its seconds."""
    began = made.started_at.microsecond // 1000
    longest = (began + max(map(_AT_MS, made.rows))) // 1000
    seconds = [
        f"{made.started_at + timedelta(seconds=each):%Y-%m-%dT%H:%M:%S}" for each in range(longest + 1)
    ]
    return began, made.started_at.isoformat(timespec="milliseconds"), seconds


def _require_order(numbers: Sequence[int], first: int = 1) -> None:
    if list(numbers) != list(range(first, first + len(numbers))):
        raise RuntimeError("the database did not count from 1 on: it was not empty")
