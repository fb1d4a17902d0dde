"""`monitor db upgrade|check|rebuild|prune|void`."""

from collections import Counter
from datetime import date

import click

from monitor.app.tasks import prune as retention
from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, json_option, pass_context, provider_option
from monitor.cli.terminal.output import note, print_json, say
from monitor.core.history.comparison import Comparison
from monitor.errors import UsageError
from monitor.report.words.numbers import counted
from monitor.report.words.rebuild_report import (
    consequence_lines,
    difference_lines,
    redecided_line,
    summary_line,
)
from monitor.report.words.times import moment_words
from monitor.store import query
from monitor.store.admin import check, migrate
from monitor.store.admin.prune import Pruned
from monitor.store.connection.errors import database_name
from monitor.store.derived.compare import compare
from monitor.store.derived.rebuild import rebuild as rebuild_provider
from monitor.store.write.void import undo_void
from monitor.store.write.void import void as void_sweep

_TODAYS = " with today's policy"
_SWEEP_IDS = click.IntRange(-(2**31), 2**31 - 1)  # seconds since 2020, in 32 bits


@click.group()
def db() -> None:
    """Maintain the database: schema, integrity, derived rows, old observations.

    Example: monitor db upgrade
    """


@db.command()
@pass_context
def upgrade(context: Context) -> None:
    """Create or upgrade the database; all observations are kept.

    If the rules have changed since, events and statuses are derived again and the differences printed. No
    notifications are sent.

    Example: MONITOR_DATABASE_URL=postgresql://monitor@db/monitor monitor db upgrade
    """
    engine = context.app.open_store()
    with Bar() as bar:
        done = migrate.upgrade(
            engine, lambda provider, swept, sweeps: bar.show(f"{provider}: deciding again", swept, sweeps)
        )
    words = "is up to date" if done.before == done.after else f"upgraded from {done.before or 'nothing'}"
    say(f"{database_name(engine)}: {words} (schema {done.after})")
    for change in done.redecided:
        say(redecided_line(change))
    if advice := retention.make_shrinkable(engine):  # files of older versions cannot shrink
        note(f"{database_name(engine)}: {advice}")


@db.command("check")
@json_option
@pass_context
def check_database(context: Context, *, as_json: bool) -> int:
    """Check the schema, the integrity, and derived rows against the facts. Exits 1 if faults are found.

    Example: monitor db check
    """
    engine = context.app.open_store(read_only=True)
    faults = check.check(engine)
    if as_json:
        print_json({"faults": faults})
    else:
        for fault in faults:
            say(fault)
        say(f"{database_name(engine)}: {counted(len(faults), 'fault')}")
    return 1 if faults else 0


@db.command()
@provider_option
@click.option("--write", is_flag=True, help="Write the derived rows; without it nothing is changed.")
@click.option(
    "--policy",
    type=click.Choice(["current"]),
    help="Apply today's policy to every sweep instead of the policy stored with it.",
)
@json_option
@pass_context
def rebuild(context: Context, *, provider: str | None, write: bool, policy: str | None, as_json: bool) -> int:
    """Derive states, events, verdicts and days from the observations again, and print what differs.

    Exits 1 if rows differ, also after --write. No notifications are sent.

    Example: monitor db rebuild --provider nvidia
    """
    app = context.app
    engine = app.history(read_only=not write)
    derive = rebuild_provider if write else compare
    comparisons = [
        # None: each sweep's own (rules.md 29)
        derive(engine, name, app.settings.policy_of(name) if policy else None)
        for name in query.chosen_providers(engine, provider)
    ]
    if as_json:
        print_json({"written": write, "providers": comparisons})
    for comparison in () if as_json else comparisons:
        _say_comparison(comparison, is_written=write, is_current=policy is not None)
    if not comparisons and not as_json:
        say("no sweeps yet: nothing to derive")
    return 1 if any(comparison.differs for comparison in comparisons) else 0


def _say_comparison(comparison: Comparison, *, is_written: bool, is_current: bool) -> None:
    say(summary_line(comparison))
    for line in difference_lines(comparison):
        say(f"  {line}")
    if is_written and comparison.differs:
        say(f"{comparison.provider}: the derived history was rewritten{_TODAYS if is_current else ''}")
    elif is_written and is_current:
        say(f"{comparison.provider}: today's policy is now stored with every sweep")


@db.command()
@provider_option
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@json_option
@pass_context
def prune(context: Context, *, provider: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove observations older than `[retention] observations`, by whole UTC days.

    Daily uptime, statuses, outages, events and sweeps are kept. The daemon does this by itself.

    Example: monitor db prune --dry-run
    """
    with Bar() as bar:
        done = Counter[str]()  # pruning reports steps, the bar wants sums

        def on_step(name: str, sweeps: int) -> None:
            done[name] += sweeps
            bar.show(name, done[name], None, counted(done[name], "sweep"))

        results = list(retention.prune_history(context.app, provider, is_dry=dry_run, on_step=on_step))
    if as_json:
        print_json({"dry_run": dry_run, "providers": [_pruned_document(result) for result in results]})
    for result in () if as_json else results:
        say(_pruned_line(result, is_dry=dry_run))


def _pruned_line(result: Pruned, *, is_dry: bool) -> str:
    if not result.sweeps:
        return f"{result.provider}: nothing to remove"
    done = "would be removed" if is_dry else "removed"
    what = f"{counted(result.observations, 'observation')} of {counted(result.sweeps, 'sweep')}"
    return f"{result.provider}: {what} {done}; kept from {_date(result.day)} on"


def _pruned_document(result: Pruned) -> dict[str, object]:
    names = ("provider", "sweeps", "observations")
    return {**{name: getattr(result, name) for name in names}, "kept_from": _date(result.day)}


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


@db.command()
@click.argument("sweep", type=_SWEEP_IDS)
@click.option("--reason", metavar="TEXT", help="Why the sweep is bad; stored with it.")
@click.option("--undo", is_flag=True, help="Let the sweep count again.")
@pass_context
def void(context: Context, *, sweep: int, reason: str | None, undo: bool) -> None:
    """Mark SWEEP as bad: it counts as inconclusive, and what was derived from it is derived again.

    Sweep ids are in the view sweep_history and in `monitor events --json`. Its observations are kept.

    Example: monitor db void 197467200 --reason "our proxy answered for the provider"
    """
    if undo == (reason is not None):  # both or neither
        raise UsageError("void needs either --reason TEXT or --undo")
    engine = context.app.history(read_only=False)
    done = undo_void(engine, sweep) if reason is None else void_sweep(engine, sweep, reason)
    now = "counts again" if undo else "is void"
    say(f"sweep {sweep} of {done.provider}, {moment_words(done.started_at)}, {now}")
    for line in consequence_lines(done.comparison):
        say(f"  {line}")
