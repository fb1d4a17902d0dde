"""Secrets that the configuration names and that are not there, each with its place in the file."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from monitor.app.notifications.channels import check_channels
from monitor.config import Fault, ProviderSettings, Settings, resolve_headers, resolve_key, resolve_proxy
from monitor.errors import ConfigError

_RESOLVERS: Final[Mapping[str, Callable[[ProviderSettings, Mapping[str, str]], object]]] = {
    "api_key_env": resolve_key,
    "headers": resolve_headers,
    "proxy": resolve_proxy,
}


def missing_secrets(settings: Settings, environ: Mapping[str, str]) -> list[Fault]:
    """Return a word on each secret that is not set or cannot be used, providers' first.

    Raises ConfigError for a channel's address that is not understood.
    """
    return [*missing_provider_secrets(settings, environ), *check_channels(settings, environ)]


def missing_provider_secrets(settings: Settings, environ: Mapping[str, str]) -> Iterator[Fault]:
    """Give a word on each secret of a provider that is not set or cannot be used."""
    for place, provider in enumerate(settings.providers):
        for name, resolve in _RESOLVERS.items():
            try:
                resolve(provider, environ)  # all that is missing is reported at once
            except ConfigError as error:
                key = "api_key_file" if name == "api_key_env" and provider.api_key_file else name
                yield Fault(("providers", place, key), str(error))
