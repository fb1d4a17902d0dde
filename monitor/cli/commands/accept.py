"""`monitor accept`: believe what the guard holds back."""

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.report.words.held_back import held_back


@click.command()
@click.argument("provider")
@pass_context
def accept(context: Context, *, provider: str) -> None:
    """Let the next sweep of PROVIDER believe what it sees, and print what the guard holds back now.

    For a real mass retirement or a new rule of the provider, which would otherwise be held back for hours.
    It waits for the next sweep that is conclusive; a running daemon need not be restarted.

    Example: monitor accept nvidia
    """
    state, is_new = context.app.accept(provider)
    for sentence in held_back(state) or ["nothing is held back now"]:
        say(f"{provider}: {sentence}")
    before = "" if is_new else ", as was said before"
    say(f"{provider}: the next sweep will believe what it sees{before}")
