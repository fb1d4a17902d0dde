"""The configured heartbeats, and the state that they go on from after a restart."""

from collections.abc import Mapping
from typing import Final

from monitor.app.notifications.maintenance import silence_of
from monitor.clock import Clock, utc_now
from monitor.config import Fault, Settings, known_secrets, resolve_heartbeat_url, resolve_own_heartbeat_url
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.core.notification.sweep_health import SweepHealth
from monitor.errors import ConfigError
from monitor.notify.heartbeat import Heartbeats, MayPing, ping_always
from monitor.store.connection.engine import Engine
from monitor.store.query import sweeps

_LOOK_BACK: Final = 200  # sweeps of a provider: some of the latest may count for nothing
_UNCOUNTED: Final = frozenset({Cause.INTERRUPTED, Cause.VOIDED})  # a stop and an operator say nothing of it


def heartbeats_of(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    now: Clock = utc_now,
    may_ping: MayPing = ping_always,
) -> Heartbeats:
    """Return the heartbeats, which show that we live; raises ConfigError naming a missing variable."""
    url, is_silent = resolve_heartbeat_url(settings.heartbeat, environ), silence_of(settings)
    own = {
        provider.name: address.get_secret_value()
        for provider in settings.providers
        if (address := resolve_own_heartbeat_url(provider, environ))
    }
    return Heartbeats(
        SweepHealth(confirm_down=_limits(settings)),
        url.get_secret_value() if url else None,
        own,
        is_silent=lambda provider: is_silent(provider, None, now()),
        may_ping=may_ping,
        secrets=known_secrets(settings, environ),
    )


def missing_addresses(settings: Settings, environ: Mapping[str, str]) -> list[Fault]:
    """Return which addresses of heartbeats are not set yet."""
    missing = list[Fault]()
    try:
        resolve_heartbeat_url(settings.heartbeat, environ)
    except ConfigError as error:
        missing.append(Fault(("heartbeat", "url"), str(error)))
    for place, provider in enumerate(settings.providers):
        try:
            resolve_own_heartbeat_url(provider, environ)
        except ConfigError as error:
            missing.append(Fault(("providers", place, "heartbeat"), str(error)))
    return missing


def recorded_health(settings: Settings, engine: Engine) -> SweepHealth:
    """Return the state that the latest recorded sweeps give: a restart does not call a failure a success."""
    health, is_silent = SweepHealth(confirm_down=_limits(settings)), silence_of(settings)
    for provider in settings.providers:
        latest = sweeps(engine, provider.name, limit=_LOOK_BACK)
        for sweep in reversed(latest):
            if sweep.finished_at is not None and sweep.cause not in _UNCOUNTED:
                # an imported sweep may be inconclusive without a cause
                cause = None if sweep.verdict is Verdict.CONCLUSIVE else sweep.cause or "no cause"
                silent = is_silent(provider.name, None, sweep.finished_at)
                health = health.after(provider.name, cause, is_silent=silent)
    return health


def _limits(settings: Settings) -> dict[str, int]:
    return {provider.name: settings.policy_of(provider.name).confirm_down for provider in settings.providers}
