"""Records a sweep that has ended: its facts, and what follows from them, in the transaction at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row

from monitor.clock import DAY_MS, to_day, to_millis
from monitor.core.domain.event import Decision
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import ANSWERED, Outcome, Status, Verdict
from monitor.core.lifecycle.fold import observations_of
from monitor.store.derived.checkpoints import is_due, keep_checkpoint
from monitor.store.derived.daily import Counted, counts_of_sweep
from monitor.store.derived.decisions import read_decision, write_decision
from monitor.store.derived.latest import Latest
from monitor.store.derived.rebuild import days_of, is_waiting, last_folded, settle
from monitor.store.derived.running import RunningCounts
from monitor.store.derived.states import read_state, save_changes, save_state
from monitor.store.facts.progress import Progress
from monitor.store.facts.sweeps import StoredSweep, write_facts
from monitor.store.memory.acceptance import consume_acceptance


@dataclass(slots=True)
class Closing:
    """A sweep whose row is locked, and its provider, whose rows were derived `folds` times before.

    `latest` is what this process remembers, if anything; `progress` what it has written of the sweep.
    """

    connection: Connection
    row: Row[Any]
    stored: StoredSweep
    folds: int
    latest: Latest | None
    progress: Progress | None
    stands: bool = False

    def record(self, decision: Decision) -> Decision:
        """Write the facts and what follows from them; returns the decision that is recorded."""
        connection, stored, owner = self.connection, self.stored, self.row.provider_id
        last, token = last_folded(connection, owner)
        # whether the decision was made on what is still the latest state
        self.stands = (
            self.folds == self.row.folds_before
            and last < self.row.started_at
            and not is_waiting(connection, owner)
        )
        if self.latest and (self.latest.folds, self.latest.token) != (self.folds, token):
            self.latest = None  # others derived rows since
        models = write_facts(connection, owner, self.row.policy_id, stored, self.progress)
        if self.stands:
            self._write(decision, models, last)
        else:
            settle(connection, owner)
            decision = read_decision(connection, owner, stored.id)
        if stored.sweep.accepted and decision.verdict is Verdict.CONCLUSIVE:
            consume_acceptance(connection, owner)
        return decision

    def _write(self, decision: Decision, models: Mapping[str, int], last: int) -> None:
        connection, stored, owner = self.connection, self.stored, self.row.provider_id
        if is_due(last, self.row.started_at):
            state = self.latest.state if self.latest else read_state(connection, owner)
            keep_checkpoint(connection, owner, self.row.started_at, state)
        write_decision(connection, owner, stored, decision)
        if self.latest:
            before, counts = self.latest.state, self.latest.counts
            save_changes(connection, owner, before, decision.state, models)
        else:
            before, counts = None, RunningCounts()
            save_state(connection, owner, decision.state)
        if decision.verdict is Verdict.CONCLUSIVE:  # rules.md 27: only conclusive sweeps count
            added = (
                _counts_of(before, stored, models)
                if before
                else counts_of_sweep(connection, owner, stored.id, *days_of(stored))
            )
            counts.add(connection, owner, added)
        self.latest = Latest(self.folds + 1, self.row.token, decision.state, counts)


def _counts_of(
    before: ProviderState, stored: StoredSweep, models: Mapping[str, int]
) -> Mapping[date, Sequence[Counted]]:
    """Count a conclusive sweep as `counts_of_sweep` does from its rows; `before` is the state before it."""
    counts = dict[date, list[Counted]]()
    start = to_millis(stored.sweep.started_at)
    for name, observation in observations_of(stored.sweep, stored.policy).items():
        state = before.models.get(name)
        if state is None or state.status is not Status.RETIRED:
            day = (start + observation.at_ms) // DAY_MS
            counts.setdefault(to_day(day * DAY_MS), []).append(_counted(models[name], day, observation))
    return counts


def _counted(model_id: int, day: int, observation: Observation) -> Counted:
    outcome, latency = observation.outcome, observation.latency_ms
    return Counted(
        model_id,
        day,
        answered=int(outcome in ANSWERED),
        unavailable=int(outcome is Outcome.UNAVAILABLE),
        unknown=int(outcome is Outcome.UNKNOWN),
        latencies=[latency] if outcome is Outcome.AVAILABLE and latency is not None else [],
    )
