"""What a sweep of a configured provider needs: endpoint, pace, limits and outbox."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from random import SystemRandom

from pydantic import SecretStr

from monitor.app.notifications.channels import outbox_of
from monitor.app.wiring.application import App
from monitor.app.wiring.sweeps_left import sweeps_left
from monitor.config import ProviderSettings, resolve_headers, resolve_key, resolve_proxy
from monitor.errors import ConfigError
from monitor.http import Endpoint
from monitor.probe.gap import Gap
from monitor.probe.pacer import Pacer
from monitor.sweep import Target


def endpoint_of(app: App, provider: ProviderSettings) -> Endpoint:
    """Return how a provider is spoken to; raises ConfigError naming a missing key."""
    headers = resolve_headers(provider, app.environ)
    return Endpoint(
        base_url=provider.base_url,
        auth=provider.auth,
        origins=provider.origins,
        catalog_url=provider.catalog_url,
        api_key=_revealed(resolve_key(provider, app.environ)),
        headers={name: value.get_secret_value() for name, value in headers.items()},
        proxy=_revealed(resolve_proxy(provider, app.environ)),
        other_secrets=app.secrets,  # what an answer echoes may be any of them
    )


def target_of(app: App, provider: ProviderSettings) -> Target:
    """Return what a sweep of this provider needs; raises ConfigError naming a missing key."""
    settings = app.settings
    return Target(
        provider=provider.name,
        vantage=settings.schedule.vantage,
        endpoint=endpoint_of(app, provider),
        policy=settings.policy_of(provider.name),
        pacer=Pacer(
            provider.requests_per_minute,
            start_rate_per_s=provider.starts_per_second,
            jitter=SystemRandom().random,  # not a seeded generator: two daemons must not start in step
        ),
        gap=Gap(provider.same_model_gap.total_seconds()),
        traits=provider.traits,
        models=provider.models,
        has_catalog=provider.catalog,
        streamed=settings.probe.stream,
        full_look_every=settings.probe.full_look_every,
        requests_per_day=provider.requests_per_day,
        sweeps_left=partial(sweeps_left, settings.cadence_of(provider)),
        concurrency=provider.concurrency,
        timeout=provider.timeout,
        slow_timeout=provider.slow_timeout,
        interval=app.interval_of(provider),
        outbox=outbox_of(settings),
        others=tuple(_others(app, provider)),
    )


def _others(app: App, provider: ProviderSettings) -> Iterator[Endpoint]:
    """Yield how the other providers are spoken to, those without their key apart."""
    for other in app.settings.providers:
        if other.name != provider.name:
            with suppress(ConfigError):
                yield endpoint_of(app, other)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
