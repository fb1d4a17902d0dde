"""Channels and heartbeats: whether their addresses are right; with `--send`, whether a message arrives."""

from collections.abc import Callable, Sequence
from functools import partial

from pydantic import SecretStr

from monitor.app.doctor.connection import check_connection
from monitor.app.doctor.diagnosis import CheckState, Diagnosis, fault, ok
from monitor.app.notifications.channels import address_errors, send_test
from monitor.app.wiring.application import App
from monitor.config import resolve_heartbeat_url, resolve_own_heartbeat_url
from monitor.errors import ConfigError

_ADVICE = "correct url of that [[notify]] table, or set its variable"


async def check_channels(app: App, *, sends: bool) -> Sequence[Diagnosis]:
    """Return a line for each channel; `sends` delivers a message to each whose address is right."""
    errors = address_errors(app.settings, app.environ)
    lines = {name: fault("channel", name, words, _ADVICE) for name, words in errors.items() if words}
    sent = [name for name, words in errors.items() if not words]
    for name in sent:
        lines[name] = ok("channel", name, "its address is understood (--send tries it)")
    for name in sent if sends else ():
        for tested in await send_test(app.settings, app.environ, name):
            words = f"the test message was not delivered: {tested.error}"
            delivered = ok("channel", name, "the test message was delivered")
            lines[name] = (
                fault("channel", name, words, "see what the service says") if tested.error else delivered
            )
    return [lines[name] for name in errors]


async def check_heartbeats(app: App) -> Sequence[Diagnosis]:
    """Return a line for each heartbeat: the way to its service. Nothing is pinged."""
    lines = list[Diagnosis]()
    resolvers: dict[str, Callable[[], SecretStr | None]] = {
        "all providers": partial(resolve_heartbeat_url, app.settings.heartbeat, app.environ),
        **{
            provider.name: partial(resolve_own_heartbeat_url, provider, app.environ)
            for provider in app.settings.providers
        },
    }
    for name, resolve in resolvers.items():
        try:
            url = resolve()
        except ConfigError as error:
            lines.append(fault("heartbeat", name, str(error), ""))
            continue
        if url is not None:
            way, _ = await check_connection(name, url.get_secret_value())
            wrong = [line for line in way if line.state is not CheckState.OK]
            lines += [Diagnosis("heartbeat", *_rest(line)) for line in wrong]
            lines += [] if wrong else [ok("heartbeat", name, "its service can be reached")]
    return lines


def _rest(line: Diagnosis) -> tuple[str, CheckState, str, str]:
    return line.subject, line.state, line.detail, line.advice
