"""What an ad hoc query gives, and the words for what is wrong with it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.core.domain.names import did_you_mean, unknown_words
from monitor.core.history.views import VIEWS
from monitor.errors import StoreUnavailable, UsageError

ROWS_AT_ONCE: Final = 2_000
_ONLY_SELECT: Final = (
    'only one SELECT is run, which changes nothing, as in "SELECT model, status FROM model_status"'
)
_COLUMN: Final = re.compile(r'no such column: (\S+)|column "?([^"\s]+)"? does not exist')
_VIEW: Final = re.compile(r'no such table: (\S+)|relation "?([^"\s]+)"? does not exist')
_WORD: Final = re.compile(r"\w+")
_COMMENTS: Final = re.compile(r"(?:\s|;|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_BEGINNINGS: Final = ("select", "with", "values", "(")

Rows = Sequence[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Selected:
    """The names of the columns, and the rows as plain values, some thousands at a time."""

    names: tuple[str, ...]
    parts: Iterator[Rows]


def require_select(query: str) -> None:
    """Raise UsageError for a text that begins with anything but a SELECT; the database judges the rest."""
    text = query[_beginning(query) :]
    if not text:
        raise UsageError("the query is empty: write a SELECT, or nothing for a list of the views")
    if not text.lower().startswith(_BEGINNINGS):
        raise not_select()


def _beginning(query: str) -> int:
    blank = _COMMENTS.match(query)
    return blank.end() if blank else 0


def not_select() -> UsageError:
    """Return the error of a statement that would do something else than select."""
    return UsageError(_ONLY_SELECT)


def too_long(within_s: float) -> StoreUnavailable:
    """Return the error of a query that gave nothing in time."""
    return StoreUnavailable(
        f"the query gave no row within {within_s:g} s: narrow it (docs/sql.md, How to ask fast), "
        "or give it more time with --timeout"
    )


def faulty(message: str, query: str) -> UsageError:
    """Return the error of a query with a fault, from what the database says of it.

    A name that no view has comes with the nearest that there is: of columns, of the views in the query.
    """
    if unknown := _VIEW.search(message):
        return UsageError(unknown_words("view", _name(unknown), VIEWS))
    if unknown := _COLUMN.search(message):
        return UsageError(_unknown_column(_name(unknown), query))
    return UsageError(f"the query has a fault: {message}")


def _name(unknown: re.Match[str]) -> str:
    name: str = next(filter(None, unknown.groups()))
    return name.strip('"')


def _unknown_column(name: str, query: str) -> str:
    column = name.rpartition(".")[2]
    views = [VIEWS[word] for word in dict.fromkeys(_WORD.findall(query.lower())) if word in VIEWS]
    if not views:
        return f'no column "{name}"; `monitor sql` lists the views and their columns'
    names: Iterable[str] = dict.fromkeys(field.name for view in views for field in view.columns)
    if len(views) == 1:
        return unknown_words("column", column, names, f" in {views[0].name}")
    places = ", ".join(view.name for view in views)
    return f'no column "{name}" in {places}{did_you_mean(column, names)}'
