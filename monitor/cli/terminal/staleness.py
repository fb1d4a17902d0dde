"""Warn or refuse when the last conclusive sweep is too old (rules.md 35)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import click

from monitor.app.wiring.application import App
from monitor.cli.terminal.moments import as_duration
from monitor.clock import utc_now
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history import staleness
from monitor.core.history.selection import Selection
from monitor.errors import NoVerdict
from monitor.report.words.codes import cause_words
from monitor.report.words.times import duration_words
from monitor.store import query
from monitor.store.connection.engine import Engine

_UNFINISHED: Final = 5  # sweeps to read: more than can be under way

max_age_option = click.option(
    "--max-age",
    metavar="TIME",
    callback=as_duration,
    help="Maximum age of the last conclusive sweep [default: 3 intervals].",
)


def refuse_stale(app: App, engine: Engine, selection: Selection, max_age: timedelta | None) -> None:
    """Raise NoVerdict where the last conclusive sweep is too old to go by, or nothing is swept any more."""
    words = list(stale_words(app, engine, selection, max_age))
    if not selection.is_all:
        words += [
            f"{name}: not watched, as it is not in the configuration; --all accepts that"
            for name in sorted(selection.providers - selection.watched.policies.keys())
        ]
    if words:
        raise NoVerdict("; ".join(words))


def stale_words(app: App, engine: Engine, selection: Selection, max_age: timedelta | None) -> Iterator[str]:
    """Say of each watched provider of the selection whose knowledge is too old how old it is.

    Providers that are named without being watched are old by nature: only `max_age` judges them.
    """
    unwatched = selection.providers - selection.watched.policies.keys() if max_age else ()
    for name in [*filter(selection.has, selection.watched.policies), *sorted(unwatched)]:
        oldest, now = max_age or staleness.max_age(app.interval_named(name)), utc_now()
        last = query.last_conclusive_at(engine, name)
        if last is None:
            yield f"{name}: no conclusive sweep yet{_trouble(engine, name)}"
        elif staleness.is_older(last, oldest, now):
            age = f"{duration_words(now - last)} old (more than {duration_words(oldest)})"
            yield f"{name}: the last conclusive sweep is {age}{_trouble(engine, name)}"


def _trouble(engine: Engine, provider: str) -> str:
    """Say why the latest sweep that has ended is inconclusive, an empty text where it is not."""
    ended = (one for one in query.sweeps(engine, provider, _UNFINISHED) if one.verdict is not None)
    last = next(ended, None)
    if last is None or last.verdict is Verdict.CONCLUSIVE:
        return ""
    return f"; the last sweep was inconclusive: {cause_words(last.cause) or 'no cause was recorded'}"
