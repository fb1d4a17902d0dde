"""`monitor events`: the change log; with --follow new events as they are recorded."""

import asyncio
import select
import sys
from asyncio import to_thread
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice

import click

from monitor.app.tasks.follow import Follower
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.history_names import selected_models, selection_of
from monitor.cli.terminal.moments import as_duration, parse_range
from monitor.cli.terminal.options import all_option, json_option, model_option, provider_option
from monitor.cli.terminal.output import forget, json_text, note, print_json_list, print_table, unwritable
from monitor.cli.terminal.width import room, wide_option
from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.model_names import Key
from monitor.core.history.rows import EventRow
from monitor.core.history.selection import Selection
from monitor.errors import StoreUnavailable, UsageError
from monitor.process.run import run_until_stopped
from monitor.process.stop import Stop
from monitor.report.terminal.tables import event_line, events_table
from monitor.store import query
from monitor.store.connection.engine import Engine

_LOOK_SECONDS = 1.0  # seconds; events come with the end of a sweep, which takes longer
_AT_ONCE = 5_000  # events; bounds memory, and what rich lays out at once


@click.command()
@click.option(
    "--since", metavar="WHEN", help="Only events since this time: 2026-04-06, 2026-04-06T12:00Z or 24h."
)
@click.option("--until", metavar="WHEN", help="Only events before this time.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in EventKind]),
    multiple=True,
    help="Only events of this kind; repeat it for several.",
)
@click.option("--follow", is_flag=True, help="Keep printing new events as they are recorded, until Ctrl-C.")
@click.option("--for", "length", metavar="TIME", callback=as_duration, help="Stop following after this time.")
@model_option
@provider_option
@all_option
@wide_option
@json_option
@pass_context
def events(
    context: Context,
    *,
    since: str | None,
    until: str | None,
    kinds: Sequence[str],
    follow: bool,
    length: timedelta | None,
    models: Sequence[str],
    providers: Sequence[str],
    is_all: bool,
    as_json: bool,
) -> None:
    """Print events, oldest first; with --follow only new ones, unless --since is given.

    Example: monitor events --since 7d --kind retired
    """
    begin, end = parse_range(since, until)
    if length is not None and not follow:
        raise UsageError("--for needs --follow")
    if follow and until is not None:
        raise UsageError("--until does not apply to --follow; --for ends it")
    app = context.app
    engine = app.history()
    selection = selection_of(app, engine, providers, is_all=is_all)
    rows = selected_models(engine, selection, models) if models else ()
    is_wanted = partial(_is_wanted, selection, {(row.provider, row.model) for row in rows})
    if follow:
        follower = Follower(engine, kinds=kinds, is_wanted=is_wanted)
        run_until_stopped(partial(_keep_printing, follower, begin, length, as_json=as_json))
        return
    _print_all(filter(is_wanted, _all_events(engine, begin, end, kinds)), as_json=as_json)


def _print_all(rows: Iterator[EventRow], *, as_json: bool) -> None:
    if as_json:
        print_json_list(rows)
        return
    first = list(islice(rows, _AT_ONCE))
    if len(first) < _AT_ONCE:
        print_table(events_table(first))
    else:  # too many to be laid out together
        _print(chain(first, rows), as_json=False)


def _is_wanted(selection: Selection, keys: AbstractSet[Key], event: EventRow) -> bool:
    if keys:  # none are named: all of the selection
        return (event.provider, event.model) in keys
    return selection.covers(event.provider, event.model)


def _all_events(
    engine: Engine, since: datetime | None, until: datetime | None, kinds: Collection[str]
) -> Iterator[EventRow]:
    """Give the change log, a bounded number of events in memory at a time."""
    last: int | None = None
    while True:
        rows = query.events(engine, since=since, until=until, kinds=kinds, after_id=last, limit=_AT_ONCE)
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1].event_id  # by id, not by offset: rows that come meanwhile shift nothing


async def _keep_printing(
    follower: Follower, since: datetime | None, length: timedelta | None, stop: Stop, *, as_json: bool
) -> None:
    """Print new events every second until stopped, until the reader is gone or `length` has passed."""
    now = asyncio.get_running_loop().time
    ends_at = float("inf") if length is None else now() + length.total_seconds()
    is_read = _print(await stop.unless_asked(to_thread(follower.begin, since), ()), as_json=as_json)
    is_away = False
    while is_read and now() < ends_at:  # a reader that left would be noticed only at the next event
        if await stop.within(min(_LOOK_SECONDS, ends_at - now())):
            return
        try:
            rows = await stop.unless_asked(
                to_thread(follower.look), ()
            )  # in a thread: a signal is met while the database waits
        except StoreUnavailable as error:
            if not is_away:  # said once, not every second
                note(f"monitor: {error}; waiting for it")
            is_away = True
            continue
        if is_away:
            note("monitor: the database is back")
            is_away = False
        is_read = _print(rows, as_json=as_json)


def _print(rows: Iterable[EventRow], *, as_json: bool) -> bool:
    """Print a line for each event; return whether there is still a reader. Raises UsageError as `say`."""
    try:
        for row in rows:
            click.echo(json_text(row, indent=None) if as_json else event_line(row, room()))
    except BrokenPipeError:
        forget(sys.stdout)  # `head` has seen enough: no error
        return False
    except OSError as error:
        forget(sys.stdout)
        raise unwritable(error) from None
    return _has_reader()


def _has_reader() -> bool:
    """Return whether the reader of a pipe is still there; a file or terminal always is."""
    waiting = select.poll()  # POLLERR is always reported; no events are asked for
    waiting.register(sys.stdout.fileno(), 0)
    return not any(flags & select.POLLERR for _, flags in waiting.poll(0))
