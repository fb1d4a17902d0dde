"""`monitor accept`: accept a sweep that the guard holds back."""

import click

from monitor.app.wiring.application import App
from monitor.cli.terminal import completion
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.clock import utc_now
from monitor.core.domain.names import unknown_words
from monitor.errors import UsageError
from monitor.report.words.held_back import held_back
from monitor.store import query
from monitor.store.admin.migrate import SchemaState, schema_state
from monitor.store.derived.states import load_state
from monitor.store.memory import acceptance


@click.command()
@click.argument("provider", shell_complete=completion.providers)
@pass_context
def accept(context: Context, *, provider: str) -> None:
    """Accept PROVIDER's next sweep even if the guard would reject it; print what is being held back.

    Use it after a real mass retirement or a new rule of the provider, which the guard would hold back for
    hours. It applies to the next conclusive sweep; a running daemon need not be restarted.

    Example: monitor accept nvidia
    """
    _require_known(context.app, provider)
    engine = context.app.prepared()
    is_new = acceptance.accept(engine, provider, utc_now())
    for sentence in held_back(load_state(engine, provider)) or ["nothing is held back now"]:
        say(f"{provider}: {sentence}")
    before = "" if is_new else " (already requested)"
    say(f"{provider}: the next sweep will be accepted{before}")


def _require_known(app: App, name: str) -> None:
    """Raise UsageError for a name that neither the configuration nor the history has. Creates nothing."""
    names = {provider.name for provider in app.settings.providers}
    # read_only: a misspelt name must not create a database
    if schema_state(app.open_store(read_only=True)) not in {SchemaState.MISSING, SchemaState.EMPTY}:
        names.update(query.providers(app.history()))
    if name not in names:
        place = " in the configuration or the history"
        raise UsageError(unknown_words("provider", name, sorted(names), place))
