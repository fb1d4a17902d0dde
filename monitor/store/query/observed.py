"""The view `observation_history` read from its tables, model by model and as columns.

The database joins the numbers of thousands of rows to one text a column: that is several times faster than a
row each. The sweep and the finding of a row, which repeat, are looked up here and not for every row.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, cast, func, select

from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.columns.view import Columns, Numbers, Repeated, Sums
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
            if texts[0] is not None and (columns := self._as_columns(model_id, names, begin, texts)):
                yield columns

    def _as_columns(self, model_id: int, names: Row, begin: int, texts: Sequence[str]) -> Columns:
        """Return the columns of rows, none where all of them are of sweeps outside the scope."""
        run = self._sweeps.run(begin, texts[0])
        if run is None:
            texts, run = self._sweeps.chosen(begin, texts)
        sweep_ids, findings, latencies, at_ms = texts
        if not sweep_ids:
            return []
        starts, kinds = run
        numbers = findings.split(",")
        place_of = {number: place for place, number in enumerate(dict.fromkeys(numbers))}
        rows = self._rows_of(model_id, [*map(int, place_of)])
        places = [*map(place_of.__getitem__, numbers)]
        return [
            Repeated([names], bytes(len(numbers))),
            Numbers(sweep_ids),
            Repeated([kind[:1] for kind in self._sweeps.of_kind], kinds),
            Sums(starts, Numbers(at_ms)),
            Repeated([row[_OUTCOME] for row in rows], places),
            Numbers(latencies),
            Repeated([row[_ATTEMPTS] for row in rows], places),
            Repeated([kind[1:] for kind in self._sweeps.of_kind], kinds),
            Repeated([row[_KIND] for row in rows], places),
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


_OfSweeps = tuple[Sequence[int], Sequence[int]]
"""Of some rows' sweeps: when they started (ms), and their kinds."""


class _Sweeps:
    """A provider's sweeps by their ids; few bytes for each, as there may be millions."""

    def __init__(self) -> None:
        self.ids, self.starts, self.kinds = array("q"), array("q"), array("q")
        self.of_kind: Sequence[tuple[str, bool]] = ()  # vantage, and whether it is conclusive
        self._begin, self._places, self._text = -1, dict[str, int](), ""

    def run(self, begin: int, ids: str) -> _OfSweeps | None:
        """Return what is known of these sweeps if they follow each other, as those of a model mostly do."""
        places = self._places_from(begin)
        if ids == self._text:
            first, count = begin, len(places)
        else:
            first, count = places.get(ids.partition(",")[0], -1), ids.count(",") + 1
            if first < 0 or ids != ",".join(map(str, self.ids[first : first + count])):
                return None
        return self.starts[first : first + count], self.kinds[first : first + count]

    def chosen(self, begin: int, texts: Sequence[str]) -> tuple[Sequence[str], _OfSweeps]:
        """Return the rows that are of sweeps in the scope, and what is known of those."""
        places = self._places_from(begin)  # ids follow the starts only roughly: others may be among them
        rows = [row for row in zip(*(text.split(",") for text in texts), strict=True) if row[0] in places]
        numbers = [places[row[0]] for row in rows]
        of_sweeps = [self.starts[place] for place in numbers], [self.kinds[place] for place in numbers]
        return [",".join(column) for column in zip(*rows, strict=True)] or [""] * len(texts), of_sweeps

    def _places_from(self, begin: int) -> Mapping[str, int]:
        """Return by their ids the places of the sweeps that are read at once from a place on."""
        if begin != self._begin:
            texts = [*map(str, self.ids[begin : begin + _SWEEPS_AT_ONCE])]
            self._places = {text: place for place, text in enumerate(texts, start=begin)}
            self._begin, self._text = begin, ",".join(texts)
        return self._places


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
