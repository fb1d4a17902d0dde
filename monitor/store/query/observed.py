"""The view `observation_history` read from its tables, model by model and as columns.

The database joins the numbers of thousands of rows to one text a column: that is several times faster than a
row each. The sweep and the finding of a row, which repeat, are looked up here and not for every row.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import add
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, cast, func, select

from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.columns import Columns, Numbers, Plain, Repeated
from monitor.core.history.views import Row
from monitor.store import schema as t
from monitor.store.connection.codecs import batches

_SWEEPS_AT_ONCE: Final = 5_000  # so many rows of a model are in memory
_MOST_FINDINGS: Final = 50_000  # kept from one model to the next
_OUTCOME, _ATTEMPTS, _KIND = slice(0, 3), slice(3, 4), slice(4, 7)  # columns of the view in a finding's row
_COLUMNS_OF_FINDING: Final = ("outcome", "reason", "http_status", "attempts", "kind", "detail", "alias")


class Observed:
    """Reads one model after the other; what they share is kept between them."""

    def __init__(self, connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> None:
        self._connection = connection
        self._conditions = conditions  # on `sweep`
        self._owner: int | None = None
        self._sweeps = _Sweeps()
        self._findings: dict[int, Row] = {}

    def columns(self, owner: int, model_id: int, names: Row) -> Iterator[Columns]:
        """Give a model's rows by the ids of their sweeps, some thousands at a time.

        `owner` is the id of its provider, `names` are the values of the first two columns.
        """
        if owner != self._owner:
            self._owner = owner
            self._sweeps = _read_sweeps(self._connection, owner, self._conditions)
        for begin in range(0, len(self._sweeps.ids), _SWEEPS_AT_ONCE):
            ids = self._sweeps.ids[begin : begin + _SWEEPS_AT_ONCE]
            bounds = {"model": model_id, "first": ids[0], "last": ids[-1]}
            texts = self._connection.execute(_joined(), bounds).one()
            if texts[0] is None:
                continue
            numbers = [text.split(",") for text in texts]
            if self._conditions:  # ids follow the starts only roughly: others may be among them
                numbers = _with_ids(numbers, self._sweeps.places(begin))
            if numbers[0]:
                yield self._as_columns(model_id, names, begin, numbers)

    def _as_columns(self, model_id: int, names: Row, begin: int, numbers: Sequence[Sequence[str]]) -> Columns:
        sweep_ids, finding_ids, latencies, at_ms = numbers
        starts, kinds = self._sweeps.of(begin, sweep_ids)
        distinct = list(dict.fromkeys(finding_ids))
        findings = self._rows_of(model_id, [*map(int, distinct)])
        place_of = {number: place for place, number in enumerate(distinct)}
        places = list(map(place_of.__getitem__, finding_ids))
        return [
            Repeated([names], bytes(len(sweep_ids))),
            Numbers(sweep_ids),
            Repeated([kind[:1] for kind in self._sweeps.of_kind], kinds),
            Plain(list(map(add, starts, map(int, at_ms)))),
            Repeated([row[_OUTCOME] for row in findings], places),
            Numbers(latencies),
            Repeated([row[_ATTEMPTS] for row in findings], places),
            Repeated([kind[1:] for kind in self._sweeps.of_kind], kinds),
            Repeated([row[_KIND] for row in findings], places),
        ]

    def _rows_of(self, model_id: int, findings: Sequence[int]) -> Sequence[Row]:
        """Return what findings say, with the name in the answer last."""
        if len(self._findings) > _MOST_FINDINGS:
            self._findings.clear()
        query = select(t.finding.c.id, *(t.finding.c[name] for name in _COLUMNS_OF_FINDING))
        for batch in batches(number for number in findings if number not in self._findings):
            for number, *values in self._connection.execute(query.where(t.finding.c.id.in_(batch))):
                self._findings[number] = tuple(values)
        rows = [self._findings[number] for number in findings]
        served = self._names(model_id) if any(row[-1] for row in rows) else {}
        return [(*row[:-1], served.get(row[-1])) for row in rows]

    def _names(self, model_id: int) -> Mapping[object, str]:
        query = select(t.alias.c.number, t.alias.c.name).where(t.alias.c.model_id == model_id)
        return {number: name for number, name in self._connection.execute(query)}  # noqa: C416 - rows are no pairs


class _Sweeps:
    """A provider's sweeps by their ids; few bytes for each, as there may be millions."""

    def __init__(self) -> None:
        self.ids, self.starts, self.kinds = array("q"), array("q"), array("H")
        self.of_kind: Sequence[tuple[str, bool]] = ()  # vantage, and whether it is conclusive
        self._begin, self._places, self._texts = -1, dict[str, int](), list[str]()

    def places(self, begin: int) -> Mapping[str, int]:
        """Return by their ids the places of the sweeps that are read at once from a place on."""
        if begin != self._begin:
            ids = self.ids[begin : begin + _SWEEPS_AT_ONCE]
            self._begin = begin
            self._places = {str(number): place for place, number in enumerate(ids, start=begin)}
            self._texts = [*self._places]
        return self._places

    def of(self, begin: int, ids: Sequence[str]) -> tuple[Sequence[int], Sequence[int]]:
        """Return the starts and the kinds of sweeps."""
        places = self.places(begin)
        first = places[ids[0]]
        if self._texts[first - begin : first - begin + len(ids)] == ids:  # mostly a model is in every sweep
            run = slice(first, first + len(ids))
            return self.starts[run], self.kinds[run]
        numbers = [*map(places.__getitem__, ids)]
        return [*map(self.starts.__getitem__, numbers)], [*map(self.kinds.__getitem__, numbers)]


@cache
def _joined() -> Select[Any]:
    """Ask for a model's observations in a range of sweeps: one row of texts, NULL where there is none."""
    own = t.observation.c
    rows = (
        select(own.sweep_id, own.finding_id, own.latency_ms, own.at_ms)
        .where(own.model_id == bindparam("model"))
        .where(own.sweep_id.between(bindparam("first"), bindparam("last")))
        .order_by(own.sweep_id)
        .subquery()
    )
    texts: list[ColumnElement[Any]] = [
        func.aggregate_strings(func.coalesce(cast(column, Text), ""), ",") for column in rows.c
    ]
    return select(*texts)


def _with_ids(numbers: Sequence[Sequence[str]], ids: Mapping[str, int]) -> list[list[str]]:
    rows = [row for row in zip(*numbers, strict=True) if row[0] in ids]
    return [[*column] for column in zip(*rows, strict=True)] or [[]]


def _read_sweeps(connection: Connection, owner: int, conditions: Sequence[ColumnElement[bool]]) -> _Sweeps:
    own, sweeps, numbers = t.sweep.c, _Sweeps(), dict[tuple[str, bool], int]()
    query = select(own.id, own.started_at, own.vantage, own.verdict).where(
        own.provider_id == owner, *conditions
    )
    result = connection.execute(query.order_by(own.id), execution_options={"yield_per": _SWEEPS_AT_ONCE})
    for number, start, vantage, verdict in result:
        sweeps.ids.append(number)
        sweeps.starts.append(start)
        kind = (vantage, verdict == Verdict.CONCLUSIVE)
        sweeps.kinds.append(numbers.setdefault(kind, len(numbers)))
    sweeps.of_kind = tuple(numbers)
    return sweeps
