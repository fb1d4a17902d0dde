"""The views as streams of rows, all of them at one moment of the database, in bounded memory.

A view that has a row for each observation is read model by model: every part is one range of a key, so that
neither database has to sort millions of rows.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Dialect,
    Double,
    Engine,
    Integer,
    Select,
    Text,
    TypeDecorator,
    column,
    false,
    func,
    select,
    table,
)
from sqlalchemy.types import TypeEngine

from monitor.clock import to_day, to_millis
from monitor.core.history.calendar import month_of
from monitor.core.history.columns.view import Columns, plain_columns
from monitor.core.history.views import OBSERVATIONS, ColumnType, Scope, TimeFilter, View
from monitor.store import schema as t
from monitor.store.connection.codecs import is_storable
from monitor.store.connection.engine import reading
from monitor.store.query.filters import MODEL, PROVIDER
from monitor.store.query.observed import Observed
from monitor.store.schema.naming import Month

_ROWS_AT_ONCE: Final = 2_000
_BY_MODEL: Final = frozenset({OBSERVATIONS, "stream_history"})


class _Second(TypeDecorator[int]):
    """A view's moment, as milliseconds since 1970."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the milliseconds; SQLite's text names no zone and is UTC."""
        if value is None:
            return None
        return to_millis(value.replace(tzinfo=UTC) if value.tzinfo is None else value)


_TYPES: Final[dict[ColumnType, TypeEngine[Any]]] = {
    ColumnType.TEXT: Text(),
    ColumnType.INTEGER: Integer(),
    ColumnType.LONG: BigInteger(),
    ColumnType.DOUBLE: Double(),
    ColumnType.FLAG: Boolean(),
    ColumnType.MOMENT: BigInteger(),
    ColumnType.SECOND: _Second(),
    ColumnType.DAY: Date(),
    ColumnType.MONTH: Month(),
}


@dataclass(frozen=True, slots=True)
class ViewPart:
    """A piece of a view that is read by itself: one model's rows, or all (`model_id` None)."""

    model_id: int | None = None
    owner: int = 0  # the id of its provider
    provider: str = ""
    model: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What stands in a scope, at one moment."""

    connection: Connection
    scope: Scope

    def parts(self, view: View) -> Sequence[ViewPart]:
        """Return the pieces of a view in the order of its key."""
        if view.name not in _BY_MODEL:
            return [ViewPart()]
        query = (
            select(t.model.c.id, t.provider.c.id, PROVIDER, MODEL)
            .join(t.provider, t.provider.c.id == t.model.c.provider_id)
            .where(*_of_provider(t.provider.c.name, self.scope))
            .order_by(t.provider.c.name, t.model.c.name)
        )
        return [ViewPart(*row) for row in self.connection.execute(query)]

    def columns(self, view: View, part: ViewPart) -> Generator[Columns, None, None]:
        """Give the rows of a part in the order of the view's key, some thousands at a time."""
        if view.name == OBSERVATIONS and part.model_id is not None:
            yield from self._observed.columns(part.owner, part.model_id, (part.provider, part.model))
            return
        query = self._query(view, part)
        with self.connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
            yield from map(plain_columns, result.partitions())

    @cached_property
    def _observed(self) -> Observed:
        return Observed(self.connection, list(_started_in(self.scope)))

    def _query(self, view: View, part: ViewPart) -> Select[Any]:
        source = table(view.name, *(column(field.name, _TYPES[field.form]) for field in view.columns))
        query = select(source).where(*_of_provider(source.c.provider, self.scope))
        if part.model_id is not None:
            query = query.where(source.c.provider == part.provider, source.c.model == part.model)
        if view.span is TimeFilter.SWEEPS:
            query = query.where(*self._in_time(source.c.sweep_id))
        if view.span is TimeFilter.DAYS:
            query = query.where(*_in_days(source.c.day, self.scope))
        if view.span is TimeFilter.MONTHS:
            query = query.where(*_in_days(source.c.month, self.scope, month_of))
        return query.order_by(*(source.c[name] for name in view.key))

    def _in_time(self, sweep_id: ColumnElement[int]) -> Sequence[ColumnElement[bool]]:
        """Return what holds for ids of sweeps of the scope: a range of the key, and the exact starts in it.

        Ids follow the starts only roughly: they are moved up where two sweeps start at once.
        """
        starts = list(_started_in(self.scope))
        if not starts:
            return []
        least, most = self._ids
        if least is None:
            return [false()]
        # BETWEEN enters the key, IN is exact
        return [sweep_id.between(least, most), sweep_id.in_(select(t.sweep.c.id).where(*starts))]

    @cached_property
    def _ids(self) -> tuple[int | None, int | None]:
        """The least and the greatest id of the scope's sweeps, None where there are none."""
        query = select(func.min(t.sweep.c.id), func.max(t.sweep.c.id)).where(*_started_in(self.scope))
        least, most = self.connection.execute(query).one()
        return least, most


@contextmanager
def snapshot(engine: Engine, scope: Scope) -> Iterator[Snapshot]:
    """Give the views as they are now, whatever is written meanwhile. Raises StoreError."""
    with reading(engine) as connection:
        yield Snapshot(connection, scope)


def _started_in(scope: Scope) -> Iterator[ColumnElement[bool]]:
    if scope.since is not None:
        yield t.sweep.c.started_at >= to_millis(scope.since)
    if scope.until is not None:
        yield t.sweep.c.started_at < to_millis(scope.until)


def _in_days(
    day: ColumnElement[date], scope: Scope, first_of: Callable[[date], date] = lambda day: day
) -> Iterator[ColumnElement[bool]]:
    """Give what holds for the UTC days that a range of time touches; of months by their `first_of`."""
    if scope.since is not None:
        yield day >= first_of(to_day(to_millis(scope.since)))
    if scope.until is not None:  # until is left out: its last millisecond decides
        yield day <= first_of(to_day(to_millis(scope.until) - 1))


def _of_provider(name: ColumnElement[str], scope: Scope) -> Iterator[ColumnElement[bool]]:
    if scope.providers:
        yield name.in_(filter(is_storable, scope.providers))  # Postgres refuses a NUL in a parameter
