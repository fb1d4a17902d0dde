"""`monitor notify test`: send a test message to the channels."""

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option
from monitor.cli.terminal.output import note, print_json, say
from monitor.process import loop

_TO_WRITE = '[[notify]]\nurl = "env:MONITOR_NOTIFY_URL"'


@click.group()
def notify() -> None:
    """Manage notification channels.

    Example: monitor notify test
    """


@notify.command("test")
@click.option("--channel", metavar="NAME", help="Only this channel.")
@json_option
@pass_context
def test_channels(context: Context, *, channel: str | None, as_json: bool) -> None:
    """Send a test message to every channel now, and print whether each was delivered.

    Exits 1 if one was not delivered, 2 if no channel is configured.

    Example: monitor notify test --channel team
    """
    from monitor.app.notifications.channels import send_test  # noqa: PLC0415 - the wiring imports everything

    app = context.app
    if not app.settings.notify:
        note("monitor: no channel is configured. Add this to the configuration, and set that variable:\n")
        note(_TO_WRITE)
        raise click.exceptions.Exit(click.UsageError.exit_code)  # as a wrong configuration ends
    results = loop.run(send_test(app.settings, context.environ, channel))
    if as_json:
        print_json(
            [
                {"channel": result.channel, "delivered": result.error is None, "error": result.error}
                for result in results
            ]
        )
    else:
        for result in results:
            say(f"{result.channel}: {f'not delivered: {result.error}' if result.error else 'delivered'}")
    if any(result.error for result in results):
        raise click.exceptions.Exit(1)
