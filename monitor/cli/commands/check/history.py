"""`monitor check` by what the history says of models now."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.app.wiring.application import App
from monitor.cli.commands.check.answers import CheckedModel
from monitor.cli.terminal.history_names import named_model, selected_models, selection_of
from monitor.cli.terminal.listing import columns_of
from monitor.cli.terminal.staleness import stale_words
from monitor.core.domain.vocabulary import Status
from monitor.core.history.model_names import shown_names
from monitor.core.history.requirement import CheckAnswer, Requirement
from monitor.core.history.rows import ModelRow
from monitor.core.history.selection import Selection
from monitor.errors import UnknownModel
from monitor.report.words.codes import answer_words, shown_id
from monitor.report.words.outcomes import busy_words, reason_now
from monitor.store import query
from monitor.store.connection.engine import Engine


@dataclass(frozen=True, slots=True)
class Wanted:
    """What models must meet, over how many days, and how old the knowledge of them may be."""

    requirement: Requirement
    days: int
    max_age: timedelta | None


def checked(
    app: App, names: Sequence[str], providers: Sequence[str], wanted: Wanted, *, is_all: bool
) -> list[CheckedModel]:
    """Return the answer for each name, or without any for each model of the selection that is not retired.

    Raises UsageError for a name that several have.
    """
    engine = app.history()
    checker = _Checker(app, engine, selection_of(app, engine, providers, is_all=is_all), wanted)
    if names:
        return [checker.by_name(name) for name in names]
    rows = selected_models(engine, checker.selection)
    shown = shown_names((row.provider, row.model) for row in rows)
    kinds = wanted.requirement.kinds
    return [
        checker.of(row, shown[row.provider, row.model])
        for row in rows
        if row.status != Status.RETIRED and (not kinds or row.kind in kinds)
    ]


@dataclass(frozen=True, slots=True)
class _Checker:
    app: App
    engine: Engine
    selection: Selection
    wanted: Wanted

    def by_name(self, name: str) -> CheckedModel:
        try:
            return self.of(named_model(self.engine, self.selection, name), name)
        except UnknownModel as error:
            facts: dict[str, object] = dict.fromkeys(field.name for field in dataclasses.fields(ModelRow))
            facts |= {"model": name, "watched": False, "nearest": error.nearest}
            return CheckedModel(answer=CheckAnswer.UNKNOWN, line="", trouble=str(error), facts=facts)

    def of(self, row: ModelRow, name: str) -> CheckedModel:
        answer, words = self.wanted.requirement.answer(row, self._uptime(row))
        if trouble := self._distrust(row):
            answer = CheckAnswer.UNKNOWN
        elif answer is CheckAnswer.UNKNOWN:
            trouble = f"{shown_id(name)}: {words}"
        is_watched = self.selection.watched.covers(row.provider, row.model)
        line = self._status_words(row)
        line = line if is_watched else f"not watched, last {line}"
        line += f", but {words}" if words and answer is CheckAnswer.NO else ""
        facts = {**columns_of(row, self.selection), "nearest": ()}
        return CheckedModel(answer=answer, line=f"{shown_id(name)}: {line}", trouble=trouble, facts=facts)

    def _status_words(self, row: ModelRow) -> str:
        is_busy = bool(query.busy_models(self.engine, row.provider, model=row.model))
        why = answer_words(reason_now(row, is_busy=is_busy), row.served_as)
        if is_busy:
            return ": ".join(filter(None, (busy_words(row.http_status), why)))
        return f"{row.status} ({why})"

    def _uptime(self, row: ModelRow) -> float | None:
        if self.wanted.requirement.min_uptime is None:
            return None  # it is not asked for, and costs a look at every day
        rows = query.uptime(self.engine, self.wanted.days, provider=row.provider, model=row.model)
        return rows[0].uptime_percent if rows else None

    def _distrust(self, row: ModelRow) -> str:
        """Say why the history cannot answer for a model now, nothing where it can."""
        is_watched = self.selection.watched.covers(row.provider, row.model)
        if not is_watched and not self.selection.is_all:
            name = f"{shown_id(row.provider)}/{shown_id(row.model)}"
            return f"{name}: not watched, as the configuration leaves it out; --all answers from its history"
        one = dataclasses.replace(self.selection, providers=frozenset({row.provider}))
        return "; ".join(stale_words(self.app, self.engine, one, self.wanted.max_age))
