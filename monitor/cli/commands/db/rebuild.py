"""`monitor db rebuild`: derive the history again from the observations."""

from collections.abc import Sequence

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option, provider_option
from monitor.cli.terminal.output import print_json, say
from monitor.core.history.comparison import Comparison
from monitor.report.words.rebuild_report import difference_lines, summary_line
from monitor.store import query
from monitor.store.derived.compare import compare
from monitor.store.derived.rebuild import rebuild as rebuild_provider

_TODAYS = " with today's policy"


@click.command()
@provider_option
@click.option("--write", is_flag=True, help="Write the derived rows; without it nothing is changed.")
@click.option(
    "--policy",
    type=click.Choice(["current"]),
    help="Apply today's policy to every sweep instead of the policy stored with it.",
)
@json_option
@pass_context
def rebuild(
    context: Context, *, providers: Sequence[str], write: bool, policy: str | None, as_json: bool
) -> int:
    """Derive states, events, verdicts and daily figures from the observations again, and print what differs.

    Exits 1 if rows differ, also after --write. No notifications are sent.

    Example: monitor db rebuild --provider nvidia
    """
    app = context.app
    engine = app.history(read_only=not write)
    derive = rebuild_provider if write else compare
    comparisons = [
        # None: each sweep's own (rules.md 29)
        derive(engine, name, app.settings.policy_of(name) if policy else None)
        for name in query.chosen_providers(engine, providers)
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
