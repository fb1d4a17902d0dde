"""`monitor db prune`: remove old observations."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import click

from monitor.app.tasks import prune as retention
from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option, provider_option
from monitor.cli.terminal.output import print_json, say
from monitor.report.words.numbers import counted
from monitor.store.admin.prune import Pruned


@click.command()
@provider_option
@click.option("--dry-run", is_flag=True, help="Only print what would be removed.")
@json_option
@pass_context
def prune(context: Context, *, providers: Sequence[str], dry_run: bool, as_json: bool) -> None:
    """Remove observations older than `[retention] observations`, by whole UTC days.

    Daily uptime, statuses, outages, events and sweeps are kept. The daemon does this by itself.

    Example: monitor db prune --dry-run
    """
    with Bar() as bar:
        done = Counter[str]()  # pruning reports steps, the bar wants sums

        def on_step(name: str, sweeps: int) -> None:
            done[name] += sweeps
            bar.show(name, done[name], None, counted(done[name], "sweep"))

        results = list(retention.prune_history(context.app, providers, is_dry=dry_run, on_step=on_step))
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
