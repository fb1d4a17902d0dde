"""`monitor db void`: mark a sweep as bad, or undo that."""

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.errors import UsageError
from monitor.report.words.rebuild_report import consequence_lines
from monitor.report.words.times import moment_words
from monitor.store.write.void import undo_void
from monitor.store.write.void import void as void_sweep

_SWEEP_IDS = click.IntRange(-(2**31), 2**31 - 1)  # seconds since 2020, in 32 bits


@click.command()
@click.argument("sweep", type=_SWEEP_IDS)
@click.option("--reason", metavar="TEXT", help="Why the sweep is bad; stored with it.")
@click.option("--undo", is_flag=True, help="Undo the voiding.")
@pass_context
def void(context: Context, *, sweep: int, reason: str | None, undo: bool) -> None:
    """Mark SWEEP as bad: it counts as inconclusive; the derived history is recomputed.

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
