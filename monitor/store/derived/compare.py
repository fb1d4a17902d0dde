"""Puts the derived rows that stand beside those that follow from the facts, and writes nothing (rules.md 29).

A history is folded in memory, a bounded number of sweeps at a time.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, select

from monitor.clock import EPOCH, to_datetime, to_millis
from monitor.core.domain.event import Decision
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.calendar import begin_of
from monitor.core.history.comparison import Columns, Comparison, RowKind
from monitor.core.history.daily import DayCounter, DayCounts
from monitor.core.lifecycle.fold import fold
from monitor.store.connection.codecs import batches, event_id, moment
from monitor.store.connection.engine import reading
from monitor.store.derived.checkpoints import checkpoints_of
from monitor.store.derived.decisions import event_columns
from monitor.store.derived.differences import DifferenceCounter
from monitor.store.derived.horizon import is_kept, read_horizon
from monitor.store.derived.monthly import added_up
from monitor.store.derived.periods import differing_periods
from monitor.store.derived.recorded import RecordedRows, read_recorded, read_strays
from monitor.store.derived.states import provider_memory, state_document, state_row
from monitor.store.facts.identities import find_provider
from monitor.store.facts.sweeps import StoredSweep, counts_of, gaps_of, read_stored
from monitor.store.schema import daily, model, model_state, monthly, provider_state
from monitor.store.schema.typecheck import require_derived_types

_SWEEPS_AT_ONCE = 100
MOST_SHOWN = 20
_TIMES = frozenset({"since", "last_checked_at", "last_available_at", "retires_at"})
_PERIOD_TIMES = frozenset({"began_at", "confirmed_at", "ended_at", "end_confirmed_at"})
_DAY_COLUMNS = tuple(DayCounts.__dataclass_fields__)


def compare(
    engine: Engine, provider: str, policy: Policy | None = None, *, most: int = MOST_SHOWN
) -> Comparison:
    """Compare a provider's derived rows with those that its finished sweeps give, at one moment.

    Each sweep is decided with the policy stored beside it, or all with `policy`. The first `most` differences
    are returned in full, the others counted.
    """
    with reading(engine) as connection:
        owner = find_provider(connection, provider)
        if owner is None:
            return Comparison(provider=provider, sweeps=0)
        return compare_provider(connection, owner, provider, policy, most=most)


def compare_provider(
    connection: Connection, provider_id: int, provider: str, policy: Policy | None, *, most: int = MOST_SHOWN
) -> Comparison:
    """As `compare`, in the transaction at hand. Raises StoreError for rows of wrong types."""
    require_derived_types(connection)
    replay = _Replay(connection, provider_id, policy, DifferenceCounter(most))
    sweeps = replay.run()
    return replay.differences.result(provider, sweeps)


@dataclass(slots=True)
class _Replay:
    """One pass over a provider's history: what is believed so far, and the days that are being counted."""

    connection: Connection
    provider_id: int
    policy: Policy | None
    differences: DifferenceCounter
    checkpoints: dict[int, str] = field(default_factory=dict)

    def run(self) -> int:
        """Compare everything; returns how many sweeps there were."""
        since = read_horizon(self.connection, self.provider_id)
        state, days, sweeps, compared = since.state, DayCounter(since.day), 0, since.day
        if self.policy is None:  # what is believed by another policy is no fault of what stands
            stand = checkpoints_of(self.connection, self.provider_id)
            self.checkpoints = {at: document for at, document in stand.items() if at > since.started_at}
        kept = is_kept(self.provider_id, since)
        # the days before a batch's first sweep get no more counts: they are compared and let go
        for batch in batches(read_stored(self.connection, *kept), _SWEEPS_AT_ONCE):
            begun = batch[0].sweep.started_at.date()
            self._compare_days(days, compared, begun)
            sweeps, compared = sweeps + len(batch), max(begun, compared)
            recorded = read_recorded(self.connection, self.provider_id, [stored.id for stored in batch])
            for stored in batch:
                policy = self.policy or stored.policy
                state = self._step(state, days, replace(stored, policy=policy), recorded)
        self._compare_days(days, compared, date.max)
        for stray in read_strays(self.connection, self.provider_id):
            self.differences.event(stray, None)
        for at, document in self.checkpoints.items():
            self._compare_checkpoint(at, document, None)
        self._compare_months()
        self._compare_periods()
        self._compare_states(state)
        return sweeps

    def _step(
        self,
        state: ProviderState,
        days: DayCounter,
        stored: StoredSweep,
        recorded: Mapping[int, RecordedRows],
    ) -> ProviderState:
        """Fold one sweep and compare what it gives with what stands."""
        at = to_millis(stored.sweep.started_at) - 1
        if (document := self.checkpoints.pop(at, None)) is not None:
            self._compare_checkpoint(at, document, state_document(state))
        decision = fold(state, stored.sweep, stored.policy)
        if decision.verdict is Verdict.CONCLUSIVE:
            days.add(state, stored.sweep, stored.policy)
        stands = recorded[stored.id]
        follows = {
            "verdict": decision.verdict.value,
            "cause": None if decision.cause is None else str(decision.cause),
            **counts_of(stored.sweep, stored.policy, decision.verdict),
            "gaps": tuple(sorted(gaps_of(stored.sweep, stored.policy))),
        }
        self.differences.compare(RowKind.SWEEP, None, stored.sweep.started_at, stands.decision, follows)
        self._compare_events(stands, stored, decision)
        return decision.state

    def _compare_checkpoint(self, at: int, stands: str, follows: str | None) -> None:
        columns = {"checkpoint": _mark(stands)}
        expected = None if follows is None else {"checkpoint": _mark(follows)}
        self.differences.compare(RowKind.STATE, None, to_datetime(at), columns, expected)

    def _compare_events(self, stands: RecordedRows, stored: StoredSweep, decision: Decision) -> None:
        left = list(stands.events)
        for place, event in enumerate(decision.events):
            follows = {
                "event_id": event_id(stored.id, place),
                "model": event.model,
                "swept_at": stored.sweep.started_at,
                **_with_moments(event_columns(event), {"began_at", "confirmed_at"}),
            }
            # by model and kind: one missing event must not make all behind it differ
            same = [row for row in left if (row["model"], row["kind"]) == (event.model, event.kind)]
            for row in same[:1]:
                left.remove(row)
            self.differences.event(same[0] if same else None, follows)
        for row in left:
            self.differences.event(row, None)

    def _compare_days(self, days: DayCounter, first: date, before: date) -> None:
        """Compare the days from the first on and before another, which no later sweep adds to."""
        query = (
            select(model.c.name, daily)
            .join_from(model, daily)
            .where(model.c.provider_id == self.provider_id, daily.c.day >= first, daily.c.day < before)
        )
        stands = {
            (row["name"], row["day"]): {name: row[name] for name in _DAY_COLUMNS}
            for row in self.connection.execute(query).mappings()
        }
        follows = {(name, day): asdict(counted) for name, day, counted in days.take(before)}
        for name, day in sorted(stands.keys() | follows.keys(), key=lambda key: (key[1], key[0])):
            pair = stands.get((name, day)), follows.get((name, day))
            self.differences.compare(RowKind.DAY, name, begin_of(day, UTC), *pair)

    def _compare_months(self) -> None:
        """Compare the months with those that the days give, where these are right."""
        if self.differences.has(RowKind.DAY):
            return
        query = (
            select(model.c.name, monthly)
            .join_from(model, monthly)
            .where(model.c.provider_id == self.provider_id)
        )
        rows = self.connection.execute(query).mappings().all()
        names = {row["model_id"]: row["name"] for row in rows}
        stands = {_month_key(row): {name: row[name] for name in _DAY_COLUMNS} for row in rows}
        follows = {
            _month_key(row): {name: row[name] for name in _DAY_COLUMNS}
            for row in added_up(self.connection, self.provider_id)
        }
        for number, month in sorted(stands.keys() | follows.keys()):
            name = names.get(number) or self._name_of(number)
            pair = stands.get((number, month)), follows.get((number, month))
            self.differences.compare(RowKind.MONTH, name, begin_of(month, UTC), *pair)

    def _name_of(self, number: int) -> str | None:
        return self.connection.scalar(select(model.c.name).where(model.c.id == number))

    def _compare_periods(self) -> None:
        """Compare the periods with those that the events give, where these are right."""
        if self.differences.has(RowKind.EVENT):  # else reported twice: wrong events make wrong periods
            return
        for stands, follows in differing_periods(self.connection, self.provider_id):
            row = stands or follows
            if row is not None:
                pair = _period_columns(stands), _period_columns(follows)
                began_at = to_datetime(row["began_at"])
                self.differences.compare(RowKind.PERIOD, self._name_of(row["model_id"]), began_at, *pair)

    def _compare_states(self, state: ProviderState) -> None:
        query = (
            select(model.c.name, model_state)
            .join_from(model, model_state)
            .where(model.c.provider_id == self.provider_id)
        )
        stands = {row["name"]: _state_columns(row) for row in self.connection.execute(query).mappings()}
        follows = {name: _state_columns(state_row(0, believed)) for name, believed in state.models.items()}
        for name in sorted(stands.keys() | follows.keys()):
            self.differences.state(name, stands.get(name), follows.get(name))
        memory = select(provider_state.c.memory).where(provider_state.c.provider_id == self.provider_id)
        stored = self.connection.scalar(memory) or provider_memory(ProviderState())
        since = state.folded_until or EPOCH
        pair = {"memory": stored}, {"memory": provider_memory(state)}
        self.differences.compare(RowKind.STATE, None, since, *pair)


def _mark(document: str) -> str:
    """Return a short mark of a document of many kilobytes."""
    return sha256(document.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _month_key(row: Mapping[str, Any] | RowMapping) -> tuple[int, date]:
    return row["model_id"], row["month"]


def _state_columns(row: Mapping[str, Any] | RowMapping) -> Columns:
    shown = {name: value for name, value in row.items() if name not in {"name", "model_id"}}
    return _with_moments(shown, _TIMES)


def _period_columns(row: RowMapping | None) -> Columns | None:
    if row is None:
        return None
    return _with_moments({name: row[name] for name in row if name != "model_id"}, _PERIOD_TIMES)


def _with_moments(row: Mapping[str, Any], times: frozenset[str] | set[str]) -> Columns:
    return {name: moment(value) if name in times else value for name, value in row.items()}
